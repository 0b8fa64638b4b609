//! The few-label curve: accuracy on held-out subjects after 1, 5, 10 and 20 labels of each class.

use super::random::Random;
use super::{Confusion, Curve, CurvePoint, EvalError, LabelLearner, Test, Train};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How the curve is measured.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FewLabel {
    /// Labelled windows of each label, ascending.
    pub labels: Vec<usize>,
    /// Repetitions with other windows.
    pub draws: usize,
    /// Where the draws start.
    pub seed: u64,
}

impl Default for FewLabel {
    /// 1, 5, 10 and 20 labels, 10 draws.
    fn default() -> Self {
        Self {
            labels: vec![1, 5, 10, 20],
            draws: 10,
            seed: 0,
        }
    }
}

/// One draw: rows of the training windows, in the order in which they are labelled.
///
/// The first `classes` rows hold one window of each label, the next `classes` the second of each, so a
/// learner that has seen `k * classes` rows has seen `k` of each label.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draw {
    /// Rows of the [`Train`] it was drawn from.
    pub rows: Vec<usize>,
    /// Labels that occur, hence rows for one window of each.
    pub classes: usize,
}

impl FewLabel {
    /// Draws that depend on the training labels and the seed alone: every set of embeddings gets the same.
    ///
    /// # Errors
    /// [`EvalError::TooFewWindows`] if a label that occurs has fewer windows than the longest draw needs,
    /// [`EvalError::Setting`] if there are no draws, no or descending numbers of labels, or a 0 among them.
    pub fn draws(&self, train: &Train) -> Result<Vec<Draw>, EvalError> {
        let range = "at least 1";
        if self.draws == 0 {
            return Err(EvalError::Setting {
                name: "draws",
                value: 0.0,
                range,
            });
        }
        let most = match (self.labels.first(), self.labels.last()) {
            (Some(1..), Some(&most)) if self.labels.is_sorted() => most,
            _ => {
                let range = "ascending numbers from 1";
                return Err(EvalError::Setting {
                    name: "labels of each class",
                    value: 0.0,
                    range,
                });
            }
        };
        let mut by_label = vec![Vec::new(); train.classes()];
        for (row, &label) in train.labels.iter().enumerate() {
            by_label[label].push(row);
        }
        if let Some(label) = by_label
            .iter()
            .position(|r| !r.is_empty() && r.len() < most)
        {
            return Err(EvalError::TooFewWindows {
                wanted: most,
                found: by_label[label].len(),
                label: train.label_names[label].clone(),
            });
        }
        by_label.retain(|rows| !rows.is_empty());
        let mut random = Random(self.seed);
        Ok((0..self.draws)
            .map(|_| {
                let mut rows = Vec::with_capacity(most * by_label.len());
                by_label
                    .iter_mut()
                    .for_each(|of_label| random.shuffle(of_label, most));
                for i in 0..most {
                    let mut round: Vec<usize> =
                        by_label.iter().map(|of_label| of_label[i]).collect();
                    let len = round.len();
                    random.shuffle(&mut round, len);
                    rows.extend(round);
                }
                Draw {
                    rows,
                    classes: by_label.len(),
                }
            })
            .collect())
    }

    /// The numbers of labels that the training windows can serve, and a note on those they cannot.
    pub fn fitting(&self, train: &Train) -> (Self, Option<String>) {
        let mut counts = vec![0usize; train.classes()];
        train.labels.iter().for_each(|&label| counts[label] += 1);
        let scarce = (0..counts.len())
            .filter(|&c| counts[c] > 0)
            .min_by_key(|&c| counts[c]);
        let Some(scarce) = scarce else {
            return (self.clone(), None);
        };
        let (fit, too_many): (Vec<usize>, Vec<usize>) =
            self.labels.iter().partition(|&&k| k <= counts[scarce]);
        let note = (!too_many.is_empty()).then(|| {
            format!(
                "no curve at {too_many:?} labels of each class: the training subjects have only {} windows of `{}`",
                counts[scarce], train.label_names[scarce]
            )
        });
        (
            Self {
                labels: fit,
                ..self.clone()
            },
            note,
        )
    }

    /// The curve of one learner over given draws.
    ///
    /// # Errors
    /// What the learner refuses, or a draw of other training windows.
    pub fn curve(
        &self,
        learner: &dyn LabelLearner,
        draws: &[Draw],
        train: &Train,
        test: &Test,
    ) -> Result<Curve, EvalError> {
        let rows = train.labels.len();
        if draws.iter().any(|d| d.rows.iter().any(|&row| row >= rows)) {
            return Err(EvalError::Mismatch {
                reason: "draws of other training windows".into(),
            });
        }
        let scores: Vec<Vec<_>> = draws
            .par_iter()
            .map(|draw| {
                let shown = train.select(&draw.rows);
                let stops: Vec<usize> = self.labels.iter().map(|k| k * draw.classes).collect();
                learner
                    .learn(&shown, &stops, &test.embeddings)?
                    .iter()
                    .map(|p| Ok(Confusion::new(&test.label_names, &test.labels, p)?.score()))
                    .collect()
            })
            .collect::<Result<_, EvalError>>()?;
        let points = self.labels.iter().enumerate().map(|(i, &labels)| {
            let accuracies = scores.iter().map(|s| s[i].accuracy).collect();
            let f1: Vec<f32> = scores.iter().map(|s| s[i].macro_f1).collect();
            CurvePoint::new(labels, accuracies, &f1)
        });
        Ok(Curve {
            learner: learner.name().into(),
            points: points.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::{Embeddings, Learner};

    fn train(per_label: &[usize]) -> Train {
        let labels: Vec<usize> = per_label
            .iter()
            .enumerate()
            .flat_map(|(label, &n)| vec![label; n])
            .collect();
        let values = labels
            .iter()
            .enumerate()
            .flat_map(|(i, &l)| [l as f32, (i % 3) as f32 * 0.1]);
        Train {
            embeddings: Embeddings::new(values.collect(), 2).unwrap(),
            subjects: vec!["1".into(); labels.len()],
            recordings: vec![0; labels.len()],
            label_names: (0..per_label.len()).map(|l| format!("label {l}")).collect(),
            familiar: false,
            labels,
        }
    }

    #[test]
    fn draws_hold_k_windows_of_each_label_and_repeat() {
        let train = train(&[30, 0, 25]);
        let few = FewLabel {
            labels: vec![1, 20],
            draws: 5,
            seed: 9,
        };
        let draws = few.draws(&train).unwrap();
        assert_eq!(draws, few.draws(&train).unwrap());
        assert_ne!(draws[0], draws[1]);
        for draw in &draws {
            assert_eq!(draw.classes, 2);
            for k in 1..=20 {
                let first = draw.rows[..k * 2]
                    .iter()
                    .filter(|&&r| train.labels[r] == 0)
                    .count();
                assert_eq!(first, k);
            }
            let mut rows = draw.rows.clone();
            rows.sort_unstable();
            rows.dedup();
            assert_eq!(rows.len(), 40, "a window was drawn twice");
        }
    }

    #[test]
    fn too_few_windows_are_told_by_name() {
        let train = train(&[30, 7]);
        let few = FewLabel::default();
        let error = few.draws(&train).unwrap_err();
        assert!(error.to_string().contains("only 7 of `label 1`"), "{error}");
        let (fitting, note) = few.fitting(&train);
        assert_eq!(fitting.labels, [1, 5]);
        assert!(note.unwrap().contains("[10, 20]"));
        assert!(
            FewLabel {
                draws: 0,
                ..FewLabel::default()
            }
            .draws(&train)
            .is_err()
        );
        assert!(
            FewLabel {
                labels: vec![0],
                ..FewLabel::default()
            }
            .draws(&train)
            .is_err()
        );
    }

    #[test]
    fn separable_labels_are_learned_from_one_window() {
        let train = train(&[30, 30]);
        let (_, test) = train.hold_out(|row| row % 2 == 0);
        let few = FewLabel {
            labels: vec![1, 5],
            draws: 3,
            seed: 1,
        };
        let curve = few
            .curve(
                &Learner::Logistic,
                &few.draws(&train).unwrap(),
                &train,
                &test,
            )
            .unwrap();
        assert_eq!(curve.points.len(), 2);
        assert!(
            curve
                .points
                .iter()
                .all(|p| p.mean == 1.0 && p.deviation == 0.0 && p.macro_f1 == 1.0)
        );
    }
}
