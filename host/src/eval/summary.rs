//! One or many evaluations as mean and noise, and the difference of two sets under identical draws.

use super::{Confusion, EvalError, Evaluation, Role, SetEvaluation, Spread, mean_and_deviation};
use serde::{Deserialize, Serialize};

/// A measured figure: its repetitions, their mean and deviation.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Estimate {
    /// Mean over the repetitions.
    pub mean: f32,
    /// Deviation from repetition to repetition; 0 for a single one.
    pub deviation: f32,
    /// Each repetition: a fold with a seed, or, for a curve on a single split, a draw of labels.
    pub values: Vec<f32>,
}

impl Estimate {
    /// Summarises repetitions.
    pub fn new(values: Vec<f32>) -> Self {
        let (mean, deviation) = mean_and_deviation(&values);
        Self {
            mean,
            deviation,
            values,
        }
    }

    /// Deviation of the mean; `None` for a single repetition, which shows no noise.
    pub fn standard_error(&self) -> Option<f32> {
        let count = self.values.len();
        (count > 1).then(|| self.deviation / (count as f32).sqrt())
    }

    /// `self - other`, repetition by repetition, so that what both share cancels.
    ///
    /// # Errors
    /// [`EvalError::Mismatch`] if the numbers of repetitions differ.
    pub fn minus(&self, other: &Self) -> Result<Self, EvalError> {
        let (a, b) = (self.values.len(), other.values.len());
        if a != b {
            return Err(EvalError::Mismatch {
                reason: format!("{a} repetitions and {b} repetitions"),
            });
        }
        Ok(Self::new(
            self.values
                .iter()
                .zip(&other.values)
                .map(|(a, b)| a - b)
                .collect(),
        ))
    }

    /// Whether the mean is further from 0 than twice its standard error; `None` if no noise is known.
    pub fn beyond_noise(&self) -> Option<bool> {
        self.standard_error().map(|e| self.mean.abs() > 2.0 * e)
    }
}

/// A few-label curve over repetitions.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CurveSummary {
    /// Name of the learner.
    pub learner: String,
    /// Labels of each class, and accuracy.
    pub points: Vec<(usize, Estimate)>,
}

/// A set of embeddings over repetitions.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SetSummary {
    /// The set's name.
    pub name: String,
    /// The part it plays.
    pub role: Role,
    /// Of the first repetition; ranks and warnings are about it.
    pub spread: Spread,
    /// RankMe.
    pub rank: Estimate,
    /// Evenness on the sphere; see [`Spread::uniformity`].
    pub uniformity: Estimate,
    /// Distance of two views; see [`Spread::alignment`].
    pub alignment: Option<Estimate>,
    /// Accuracy of linear evaluation.
    pub linear: Option<Estimate>,
    /// Macro F1 of linear evaluation.
    pub linear_f1: Option<Estimate>,
    /// Accuracy of k-NN evaluation.
    pub knn: Option<Estimate>,
    /// One curve a learner.
    pub curves: Vec<CurveSummary>,
    /// Of linear evaluation, over all repetitions.
    pub confusion: Option<Confusion>,
}

/// Everything that tables, plots and the verdict show.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Summary {
    /// Evaluations that went in: folds times seeds.
    pub runs: usize,
    /// Names of the labels.
    pub labels: Vec<String>,
    /// Subjects that were held out in any of them.
    pub test_subjects: Vec<String>,
    /// Labelled test windows, each fold counted once a seed.
    pub test_windows: usize,
    /// Accuracy of always answering the most frequent label.
    pub majority: Option<Estimate>,
    /// One entry a set.
    pub sets: Vec<SetSummary>,
    /// Notes of all evaluations, each once.
    pub notes: Vec<String>,
}

impl Summary {
    /// Summarises evaluations of the same sets on one or more splits.
    ///
    /// With several, a repetition is an evaluation (its draws are averaged); with one, the curve's
    /// repetitions are its draws.
    ///
    /// # Errors
    /// [`EvalError::Mismatch`] if there is none, or their sets or labels differ.
    pub fn of(evaluations: &[Evaluation]) -> Result<Self, EvalError> {
        let mismatch = |reason: &str| {
            Err(EvalError::Mismatch {
                reason: reason.into(),
            })
        };
        let Some(first) = evaluations.first() else {
            return mismatch("there is no evaluation");
        };
        let names = |e: &Evaluation| e.sets.iter().map(|s| s.name.clone()).collect::<Vec<_>>();
        if evaluations
            .iter()
            .any(|e| e.labels != first.labels || names(e) != names(first))
        {
            return mismatch("the evaluations have other labels or sets");
        }
        let (mut test_subjects, mut notes) = (Vec::new(), Vec::new());
        for evaluation in evaluations {
            let new = |list: &[String], s: &&String| !list.contains(s);
            test_subjects.extend(
                evaluation
                    .test_subjects
                    .iter()
                    .filter(|s| new(&test_subjects, s))
                    .cloned()
                    .collect::<Vec<_>>(),
            );
            notes.extend(
                evaluation
                    .notes
                    .iter()
                    .filter(|s| new(&notes, s))
                    .cloned()
                    .collect::<Vec<_>>(),
            );
        }
        let sets = (0..first.sets.len())
            .map(|i| SetSummary::of(&evaluations.iter().map(|e| &e.sets[i]).collect::<Vec<_>>()))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            runs: evaluations.len(),
            labels: first.labels.clone(),
            test_subjects,
            test_windows: evaluations.iter().map(|e| e.test_windows).sum(),
            majority: all(evaluations.iter().map(|e| e.majority.map(|s| s.accuracy))),
            sets,
            notes,
        })
    }

    /// The set called `name`.
    pub fn set(&self, name: &str) -> Option<&SetSummary> {
        self.sets.iter().find(|s| s.name == name)
    }

    /// The first set in that role.
    pub fn role(&self, role: &Role) -> Option<&SetSummary> {
        self.sets.iter().find(|s| s.role == *role)
    }

    /// The set quantized from the one called `name`.
    pub fn quantized(&self, name: &str) -> Option<&SetSummary> {
        self.sets
            .iter()
            .find(|s| matches!(&s.role, Role::Quantized(of) if of == name))
    }

    /// The hand features (there may be several preparations) that are best by `measure`.
    pub fn best_hand_features(
        &self,
        measure: impl Fn(&SetSummary) -> Option<f32>,
    ) -> Option<&SetSummary> {
        let hand = self.sets.iter().filter(|s| s.role == Role::HandFeatures);
        hand.filter_map(|s| Some((measure(s)?, s)))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, s)| s)
    }
}

impl SetSummary {
    fn of(runs: &[&SetEvaluation]) -> Result<Self, EvalError> {
        let first = runs[0];
        let mut confusion = first.linear.as_ref().map(|l| l.confusion.clone());
        for run in &runs[1..] {
            if let (Some(sum), Some(linear)) = (&mut confusion, &run.linear) {
                sum.add(&linear.confusion)?;
            }
        }
        let mut curves = Vec::new();
        for curve in &first.curves {
            let of = |run: &&&SetEvaluation| {
                run.curves
                    .iter()
                    .find(|c| c.learner == curve.learner)
                    .cloned()
            };
            let others: Vec<_> = runs.iter().filter_map(|run| of(&run)).collect();
            let mut points = Vec::new();
            for point in &curve.points {
                let values = if runs.len() == 1 {
                    point.draws.clone()
                } else {
                    others
                        .iter()
                        .filter_map(|c| Some(c.at(point.labels)?.mean))
                        .collect()
                };
                points.push((point.labels, Estimate::new(values)));
            }
            curves.push(CurveSummary {
                learner: curve.learner.clone(),
                points,
            });
        }
        Ok(Self {
            name: first.name.clone(),
            role: first.role.clone(),
            spread: first.spread.clone(),
            rank: Estimate::new(runs.iter().map(|r| r.spread.rank).collect()),
            uniformity: Estimate::new(runs.iter().map(|r| r.spread.uniformity).collect()),
            alignment: all(runs.iter().map(|r| r.spread.alignment)),
            linear: all(runs.iter().map(|r| Some(r.linear.as_ref()?.score.accuracy))),
            linear_f1: all(runs.iter().map(|r| Some(r.linear.as_ref()?.score.macro_f1))),
            knn: all(runs.iter().map(|r| Some(r.knn?.accuracy))),
            curves,
            confusion,
        })
    }

    /// Accuracy of `learner` after `labels` labels of each class.
    pub fn few_label(&self, learner: &str, labels: usize) -> Option<&Estimate> {
        let curve = self.curves.iter().find(|c| c.learner == learner)?;
        curve.points.iter().find(|p| p.0 == labels).map(|p| &p.1)
    }
}

/// An estimate if every run has the figure.
fn all(values: impl Iterator<Item = Option<f32>>) -> Option<Estimate> {
    values
        .collect::<Option<Vec<_>>>()
        .filter(|v| !v.is_empty())
        .map(Estimate::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_noise_cancels_in_a_paired_difference() {
        let ours = Estimate::new(vec![0.62, 0.72, 0.82]);
        let theirs = Estimate::new(vec![0.60, 0.70, 0.80]);
        let difference = ours.minus(&theirs).unwrap();
        assert!((difference.mean - 0.02).abs() < 1e-6 && difference.deviation < 1e-6);
        assert_eq!(difference.beyond_noise(), Some(true));
        assert_eq!(Estimate::new(vec![0.1]).beyond_noise(), None);
        assert!(ours.minus(&Estimate::new(vec![0.1])).is_err());
    }

    #[test]
    fn no_evaluations_have_no_summary() {
        assert!(Summary::of(&[]).is_err());
    }
}
