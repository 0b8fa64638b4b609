//! Softmax cross-entropy, for the supervised control and for questions whose answer the data give themselves.
//!
//! `loss = mean over labelled rows of [ log sum of exp(y) - y_label ]`; the gradient is
//! `(softmax(y) - one_hot(label)) / labelled rows`.

use super::{Batch, Objective, ObjectiveError, UNLABELLED, need};
use rayon::prelude::*;

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
        let labels = &batch.labels;
        need(
            "cross_entropy",
            "labels",
            output.len() / width,
            labels.len(),
        )?;
        let known = labels.iter().filter(|&&label| label != UNLABELLED);
        let count = known.clone().count().max(1) as f64;
        if let Some(&label) = known.clone().find(|&&label| label as usize >= width) {
            return Err(ObjectiveError::Label {
                label,
                labels: width,
            });
        }
        // Each row by itself, so that the sum below does not depend on the number of threads.
        let rows: Vec<(f64, bool)> = output
            .par_chunks_exact(width)
            .zip(gradient.par_chunks_exact_mut(width))
            .zip(labels)
            .with_min_len(64)
            .map(|((logits, gradient), &label)| row(logits, gradient, label, count))
            .collect();
        let right = rows.iter().filter(|(_, right)| *right).count();
        self.accuracy = Some(right as f64 / count);
        Ok(rows.iter().map(|(loss, _)| loss).sum::<f64>() / count)
    }
}

/// Loss of one row of `count`, and whether its label has the largest logit.
fn row(logits: &[f32], gradient: &mut [f32], label: u32, count: f64) -> (f64, bool) {
    if label == UNLABELLED {
        gradient.fill(0.0);
        return (0.0, false);
    }
    let own = logits[label as usize];
    let largest = logits.iter().fold(f32::NEG_INFINITY, |a, b| a.max(*b));
    let power = |logit: f32| libm::exp(f64::from(logit) - f64::from(largest));
    let sum: f64 = logits.iter().map(|logit| power(*logit)).sum();
    for (gradient, logit) in gradient.iter_mut().zip(logits) {
        *gradient = (power(*logit) / sum / count) as f32;
    }
    gradient[label as usize] -= (1.0 / count) as f32;
    let loss = libm::log(sum) + f64::from(largest) - f64::from(own);
    (loss, own == largest)
}

/// The same at every place of a sequence: an output row holds `symbols` logits for each place, [`Batch::labels`] a
/// label for each place of each row.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Places {
    name: &'static str,
    symbols: usize,
    inner: CrossEntropy,
    loss: Option<f64>,
}

impl Places {
    /// The objective called `name` over `symbols` answers.
    pub fn new(name: &'static str, symbols: usize) -> Self {
        Self {
            name,
            symbols,
            inner: CrossEntropy::default(),
            loss: None,
        }
    }
}

impl Objective for Places {
    fn name(&self) -> &'static str {
        self.name
    }

    fn accuracy(&self) -> Option<f64> {
        self.inner.accuracy
    }

    fn perplexity(&self) -> Option<f64> {
        self.loss.map(libm::exp)
    }

    fn evaluate(
        &mut self,
        output: &[f32],
        _width: usize,
        batch: &Batch,
        gradient: &mut [f32],
    ) -> Result<f64, ObjectiveError> {
        need(
            self.name,
            "labels",
            output.len() / self.symbols,
            batch.labels.len(),
        )?;
        let loss = self.inner.evaluate(output, self.symbols, batch, gradient)?;
        self.loss = Some(loss);
        Ok(loss)
    }
}
