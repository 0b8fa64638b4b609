//! Softmax cross-entropy, for the supervised control and for questions whose answer the data give themselves.
//!
//! `loss = mean over labelled rows of [ log sum of exp(y) - y_label ]`; the gradient is
//! `(softmax(y) - one_hot(label)) / labelled rows`.

use super::{Batch, Objective, ObjectiveError, UNLABELLED, need};

/// Reads [`Batch::labels`]; rows that are [`UNLABELLED`] do not count.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct CrossEntropy {
    accuracy: Option<f64>,
}

impl Objective for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross_entropy"
    }

    fn accuracy(&self) -> Option<f64> {
        self.accuracy
    }

    fn evaluate(
        &mut self,
        output: &[f32],
        width: usize,
        batch: &Batch,
        gradient: &mut [f32],
    ) -> Result<f64, ObjectiveError> {
        need(
            "cross_entropy",
            "labels",
            output.len() / width,
            batch.labels.len(),
        )?;
        let count = batch
            .labels
            .iter()
            .filter(|&&label| label != UNLABELLED)
            .count()
            .max(1) as f64;
        let (mut loss, mut right) = (0.0, 0);
        for ((logits, gradient), &label) in output
            .chunks_exact(width)
            .zip(gradient.chunks_exact_mut(width))
            .zip(&batch.labels)
        {
            if label == UNLABELLED {
                gradient.fill(0.0);
                continue;
            }
            let Some(&own) = logits.get(label as usize) else {
                return Err(ObjectiveError::Label {
                    label,
                    labels: width,
                });
            };
            let largest = logits.iter().fold(f32::NEG_INFINITY, |a, b| a.max(*b));
            right += usize::from(own == largest);
            let power = |logit: f32| libm::exp(f64::from(logit) - f64::from(largest));
            let sum: f64 = logits.iter().map(|logit| power(*logit)).sum();
            loss += libm::log(sum) + f64::from(largest) - f64::from(own);
            for (gradient, logit) in gradient.iter_mut().zip(logits) {
                *gradient = (power(*logit) / sum / count) as f32;
            }
            gradient[label as usize] -= (1.0 / count) as f32;
        }
        self.accuracy = Some(right as f64 / count);
        Ok(loss / count)
    }
}
