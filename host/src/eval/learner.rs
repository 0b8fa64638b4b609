//! Who learns from few labels: the device's own learners, and logistic regression as outside reference.

use super::logistic::{CLOSELY, Problem};
use super::{Embeddings, EvalError, Train};
use mote_core::probe::{
    Lda, Learner as ProbeLearner, Normalisation, ProbeError, Prototypes, Softmax, SoftmaxOptions,
};
use serde::{Deserialize, Serialize};

/// Learns from labelled windows one after the other and answers in between.
pub trait LabelLearner: Sync {
    /// Name in tables and records.
    fn name(&self) -> &'static str;

    /// Learns the rows of `shown` in order; after each number of rows in `stops` (ascending) it labels
    /// every row of `test`. One list of labels for each stop.
    ///
    /// # Errors
    /// [`EvalError::Learner`] if the learner has no room for the dimension or the labels.
    fn learn(
        &self,
        shown: &Train,
        stops: &[usize],
        test: &Embeddings,
    ) -> Result<Vec<Vec<usize>>, EvalError>;
}

/// The learners there are; all but the last run on the device, with exactly the code used here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Learner {
    /// Nearest mean.
    Prototypes,
    /// Streaming linear discriminant analysis.
    Lda,
    /// Softmax regression by gradient steps with replay.
    Softmax,
    /// Logistic regression on the desktop (`C = 1`), fitted anew at every stop.
    Logistic,
}

impl Learner {
    /// Every learner.
    pub const ALL: [Self; 4] = [Self::Prototypes, Self::Lda, Self::Softmax, Self::Logistic];

    /// Whether it runs on the device.
    pub fn on_device(self) -> bool {
        self != Self::Logistic
    }
}

impl LabelLearner for Learner {
    fn name(&self) -> &'static str {
        match self {
            Self::Prototypes => "prototypes",
            Self::Lda => "lda",
            Self::Softmax => "softmax",
            Self::Logistic => "logistic",
        }
    }

    fn learn(
        &self,
        shown: &Train,
        stops: &[usize],
        test: &Embeddings,
    ) -> Result<Vec<Vec<usize>>, EvalError> {
        if *self == Self::Logistic {
            return logistic(shown, stops, test);
        }
        let classes = shown.classes();
        if classes > LABELS {
            return Err(self.refuse(format!(
                "it holds at most {LABELS} labels here, there are {classes}"
            )));
        }
        // A learner's dimension is a constant: zeros fill up to the next one and change no distance.
        macro_rules! filled {
            ($dim:literal) => {
                match self {
                    Self::Lda => {
                        type Probe = Lda<$dim, LABELS, { Lda::packed_len($dim) }>;
                        let probe = Probe::new(Normalisation::None, Probe::SHRINKAGE);
                        self.teach::<$dim, LABELS, _>(probe, |_| {}, shown, stops, test)
                    }
                    _ => self.without_covariance::<$dim>(shown, stops, test),
                }
            };
        }
        match shown.embeddings.dim {
            0..=32 => filled!(32),
            33..=64 => filled!(64),
            65..=72 => filled!(72),
            73..=96 => filled!(96),
            97..=128 => filled!(128),
            129..=256 if *self != Self::Lda => self.without_covariance::<256>(shown, stops, test),
            dim => {
                let most = if *self == Self::Lda { 128 } else { 256 };
                Err(self.refuse(format!(
                    "it holds at most {most} values, the embedding has {dim}"
                )))
            }
        }
    }
}

/// Most labels.
const LABELS: usize = 32;
/// Labels up to which the softmax learner, whose steps cost as much for unused places, gets fewer.
const FEW_LABELS: usize = 8;
/// Embeddings that the softmax learner replays.
const REPLAYED: usize = 200;
/// Steps on replayed embeddings before each answer: what a device does while it is idle.
const IDLE_STEPS: u32 = 100;

impl Learner {
    fn without_covariance<const D: usize>(
        self,
        shown: &Train,
        stops: &[usize],
        test: &Embeddings,
    ) -> Result<Vec<Vec<usize>>, EvalError> {
        match self {
            Self::Softmax if shown.classes() <= FEW_LABELS => {
                self.softmax::<D, FEW_LABELS>(shown, stops, test)
            }
            Self::Softmax => self.softmax::<D, LABELS>(shown, stops, test),
            _ => {
                let probe = Prototypes::<D, LABELS>::new(Normalisation::None);
                self.teach::<D, LABELS, _>(probe, |_| {}, shown, stops, test)
            }
        }
    }

    fn softmax<const D: usize, const L: usize>(
        self,
        shown: &Train,
        stops: &[usize],
        test: &Embeddings,
    ) -> Result<Vec<Vec<usize>>, EvalError> {
        let probe = Softmax::<D, L, REPLAYED>::new(SoftmaxOptions::DEFAULT);
        let idle = |probe: &mut Softmax<D, L, REPLAYED>| probe.rehearse(IDLE_STEPS);
        self.teach::<D, L, _>(probe, idle, shown, stops, test)
    }

    fn teach<const D: usize, const L: usize, P: ProbeLearner<D, L>>(
        self,
        mut probe: P,
        idle: impl Fn(&mut P),
        shown: &Train,
        stops: &[usize],
        test: &Embeddings,
    ) -> Result<Vec<Vec<usize>>, EvalError> {
        let refuse = |error: ProbeError| self.refuse(error.to_string());
        // Named by number: the users' names may be longer than the device keeps.
        let labels = (0..shown.classes())
            .map(|label| probe.add_label(&label.to_string()).map_err(refuse))
            .collect::<Result<Vec<_>, _>>()?;
        let padded = |row: &[f32]| {
            let mut embedding = [0.0; D];
            embedding
                .iter_mut()
                .zip(row)
                .for_each(|(to, from)| *to = *from);
            embedding
        };
        let mut answers = Vec::with_capacity(stops.len());
        let mut learned = 0;
        for &stop in stops {
            for row in learned..stop.min(shown.labels.len()) {
                let label = labels[shown.labels[row]];
                probe
                    .learn(&padded(shown.embeddings.row(row)), label)
                    .map_err(refuse)?;
            }
            learned = stop;
            idle(&mut probe);
            let answer = |row: &[f32]| {
                let found = probe.predict(&padded(row)).map_err(refuse)?.label;
                Ok(labels
                    .iter()
                    .position(|&label| label == found)
                    .unwrap_or_default())
            };
            answers.push(test.iter().map(answer).collect::<Result<_, EvalError>>()?);
        }
        Ok(answers)
    }

    fn refuse(self, reason: impl Into<String>) -> EvalError {
        EvalError::Learner {
            learner: self.name(),
            reason: reason.into(),
        }
    }
}

fn logistic(
    shown: &Train,
    stops: &[usize],
    test: &Embeddings,
) -> Result<Vec<Vec<usize>>, EvalError> {
    let fit = |&stop: &usize| {
        let rows: Vec<usize> = (0..stop.min(shown.labels.len())).collect();
        let shown = shown.select(&rows);
        Problem::new(&shown.embeddings, &shown.labels, shown.classes())?
            .fit(1.0, None, CLOSELY)?
            .predict(test)
    };
    stops.iter().map(fit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three labels on three axes of a `dim`-dimensional space, ten windows each, in turns.
    fn rounds(dim: usize) -> Train {
        let labels: Vec<usize> = (0..30).map(|i| i % 3).collect();
        let values = labels.iter().enumerate().flat_map(|(i, &label)| {
            (0..dim).map(move |d| {
                let noise = ((i * 31 + d * 17) % 23) as f32 / 230.0;
                noise + if d % 3 == label { 1.0 } else { 0.0 }
            })
        });
        Train {
            embeddings: Embeddings::new(values.collect(), dim).unwrap(),
            subjects: vec!["1".into(); labels.len()],
            recordings: vec![0; labels.len()],
            label_names: ["a", "b", "c"].map(String::from).to_vec(),
            familiar: false,
            labels,
        }
    }

    #[test]
    fn every_learner_learns_what_is_easy_in_every_dimension() {
        for dim in [3, 20, 64, 66, 90, 128] {
            let train = rounds(dim);
            for learner in Learner::ALL {
                let answers = learner.learn(&train, &[3, 30], &train.embeddings).unwrap();
                for answers in answers {
                    assert_eq!(answers, train.labels, "{} at {dim}", learner.name());
                }
            }
        }
    }

    #[test]
    fn too_wide_embeddings_are_refused_with_the_limit() {
        let train = rounds(200);
        assert!(
            Learner::Prototypes
                .learn(&train, &[3], &train.embeddings)
                .is_ok()
        );
        let error = Learner::Lda
            .learn(&train, &[3], &train.embeddings)
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("at most 128 values, the embedding has 200"),
            "{error}"
        );
    }
}
