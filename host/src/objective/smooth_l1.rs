//! Smooth L1: regression of known values that outliers do not dominate.
//!
//! Girshick, *Fast R-CNN*, 2015, equation 3. With `e = y - target`:
//! `loss = mean over all known values of (e^2 / 2 if |e| < 1, else |e| - 1/2)`.

use super::{Batch, Objective, ObjectiveError, need};

/// Reads [`Batch::targets`], `B x width`; a target of NaN is not known, and its output is free.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SmoothL1;

impl Objective for SmoothL1 {
    fn name(&self) -> &'static str {
        "smooth_l1"
    }

    fn evaluate(
        &mut self,
        output: &[f32],
        _width: usize,
        batch: &Batch,
        gradient: &mut [f32],
    ) -> Result<f64, ObjectiveError> {
        need("smooth_l1", "targets", output.len(), batch.targets.len())?;
        let known = batch.targets.iter().filter(|t| !t.is_nan()).count().max(1) as f64;
        let mut loss = 0.0;
        for ((gradient, y), target) in gradient.iter_mut().zip(output).zip(&batch.targets) {
            if target.is_nan() {
                *gradient = 0.0;
                continue;
            }
            let error = y - target;
            loss += if error.abs() < 1.0 {
                0.5 * f64::from(error) * f64::from(error)
            } else {
                f64::from(error.abs()) - 0.5
            };
            *gradient = error.clamp(-1.0, 1.0) * (1.0 / known) as f32;
        }
        Ok(loss / known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluate(output: &[f32], targets: &[f32]) -> (f64, Vec<f32>) {
        let batch = Batch {
            groups: vec![0; output.len()],
            targets: targets.to_vec(),
            ..Batch::default()
        };
        let mut gradient = vec![9.0; output.len()];
        let loss = SmoothL1.evaluate(output, 1, &batch, &mut gradient).unwrap();
        (loss, gradient)
    }

    #[test]
    fn small_errors_are_squared_and_large_ones_are_not() {
        let (loss, gradient) = evaluate(&[0.5, -3.0], &[0.0, 0.0]);
        assert_eq!(loss, (0.125 + 2.5) / 2.0);
        assert_eq!(gradient, [0.25, -0.5]);
    }

    #[test]
    fn an_unknown_target_leaves_its_output_free() {
        let (loss, gradient) = evaluate(&[0.5, 7.0], &[0.0, f32::NAN]);
        assert_eq!(loss, 0.125);
        assert_eq!(gradient, [0.5, 0.0]);
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        let targets = [0.1, -2.0, 0.9, 4.0];
        let output = [0.3f32, 0.4, -0.05, 1.0];
        let (_, gradient) = evaluate(&output, &targets);
        for i in 0..output.len() {
            let moved = |by: f32| {
                let mut output = output;
                output[i] += by;
                evaluate(&output, &targets).0
            };
            let slope = (moved(1e-3) - moved(-1e-3)) / 2e-3;
            assert!(
                (slope - f64::from(gradient[i])).abs() < 1e-4,
                "{i}: {slope}"
            );
        }
    }
}
