//! Which label was taken for which, and the scores that follow from it.

use super::EvalError;
use serde::{Deserialize, Serialize};

/// Counts of windows by true and predicted label.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Confusion {
    /// Names of the labels, in the order of rows and columns.
    pub labels: Vec<String>,
    /// `counts[truth][predicted]`.
    pub counts: Vec<Vec<u32>>,
}

/// Share of right answers, and the mean over labels of the F1 score.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Score {
    /// Share of windows with the right label, 0 to 1.
    pub accuracy: f32,
    /// Mean F1 over the labels that occur in truth or in the answers, 0 to 1; unlike accuracy it
    /// does not forgive ignoring a rare label.
    pub macro_f1: f32,
}

impl Confusion {
    /// Counts pairs of true and predicted labels.
    ///
    /// # Errors
    /// [`EvalError::Rows`] if the lists differ in length, [`EvalError::UnknownLabel`] for a label
    /// without a name.
    pub fn new(labels: &[String], truth: &[usize], predicted: &[usize]) -> Result<Self, EvalError> {
        if truth.len() != predicted.len() {
            let what = "the list of predictions".into();
            return Err(EvalError::Rows {
                what,
                expected: truth.len(),
                found: predicted.len(),
            });
        }
        let mut counts = vec![vec![0; labels.len()]; labels.len()];
        for (window, (&truth, &predicted)) in truth.iter().zip(predicted).enumerate() {
            let label = truth.max(predicted);
            if label >= labels.len() {
                return Err(EvalError::UnknownLabel {
                    window,
                    label,
                    labels: labels.len(),
                });
            }
            counts[truth][predicted] += 1;
        }
        Ok(Self {
            labels: labels.to_vec(),
            counts,
        })
    }

    /// Adds the counts of another split with the same labels.
    ///
    /// # Errors
    /// [`EvalError::Mismatch`] if the labels differ.
    pub fn add(&mut self, other: &Self) -> Result<(), EvalError> {
        if self.labels != other.labels {
            return Err(EvalError::Mismatch {
                reason: "the label names differ".into(),
            });
        }
        for (to, from) in self
            .counts
            .iter_mut()
            .flatten()
            .zip(other.counts.iter().flatten())
        {
            *to += from;
        }
        Ok(())
    }

    /// Accuracy and macro F1; zero without windows.
    pub fn score(&self) -> Score {
        let total: u32 = self.counts.iter().flatten().sum();
        let (mut right, mut f1, mut seen) = (0, 0.0, 0);
        for label in 0..self.labels.len() {
            let hit = self.counts[label][label];
            let truth: u32 = self.counts[label].iter().sum();
            let predicted: u32 = self.counts.iter().map(|row| row[label]).sum();
            right += hit;
            if truth + predicted > 0 {
                seen += 1;
                f1 += 2.0 * f64::from(hit) / f64::from(truth + predicted);
            }
        }
        Score {
            accuracy: (f64::from(right) / f64::from(total.max(1))) as f32,
            macro_f1: (f1 / f64::from(seen.max(1))) as f32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_of_a_table_counted_by_hand() {
        let names = ["a", "b", "never"].map(String::from);
        let confusion = Confusion::new(&names, &[0, 0, 0, 1], &[0, 0, 1, 1]).unwrap();
        assert_eq!(confusion.counts, [[2, 1, 0], [0, 1, 0], [0, 0, 0]]);
        let score = confusion.score();
        assert_eq!(score.accuracy, 0.75);
        // F1 of a: 2 * 2 / (3 + 2); of b: 2 * 1 / (1 + 2).
        assert!((score.macro_f1 - (0.8 + 2.0 / 3.0) / 2.0).abs() < 1e-6);
    }
}
