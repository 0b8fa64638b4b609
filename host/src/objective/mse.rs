//! Mean squared error: regression of known values, as an objective beside another.
//!
//! `loss = mean over all known values of (y - target)^2`; the gradient is `2 (y - target) / values`.

use super::{Batch, Objective, ObjectiveError, need};

/// Reads [`Batch::targets`], `B x width`; a target of NaN is not known, and its output is free.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Mse;

impl Objective for Mse {
    fn name(&self) -> &'static str {
        "mse"
    }

    fn evaluate(
        &mut self,
        output: &[f32],
        _width: usize,
        batch: &Batch,
        gradient: &mut [f32],
    ) -> Result<f64, ObjectiveError> {
        need("mse", "targets", output.len(), batch.targets.len())?;
        let count = batch.targets.iter().filter(|t| !t.is_nan()).count().max(1) as f64;
        let mut loss = 0.0;
        for ((gradient, y), target) in gradient.iter_mut().zip(output).zip(&batch.targets) {
            if target.is_nan() {
                *gradient = 0.0;
                continue;
            }
            let error = y - target;
            loss += f64::from(error) * f64::from(error);
            *gradient = error * (2.0 / count) as f32;
        }
        Ok(loss / count)
    }
}
