//! The next values of a series: say what comes after the window, and how sure that is.
//!
//! Autoregression as in GPT (Radford et al., 2018) over numbers, with the normal density of Nix and Weigend,
//! *Estimating the Mean and Variance of the Target Probability Distribution*, 1994. A linear head gives a mean `m`
//! and a log variance `s` for each value `y` of the samples that follow:
//!
//! `loss = mean over known values of (s + (y - m)^2 / exp(s)) / 2`
//!
//! (without the constant `ln(2 pi) / 2`); the gradients are `(m - y) / exp(s)` and `(1 - (y - m)^2 / exp(s)) / 2`,
//! each over the number of known values.

use super::task::{StepWindows, Task};
use super::{Batch, Objective, ObjectiveError, need};
use serde::{Deserialize, Serialize};

/// Largest log variance, and the negative of the smallest: beyond them its gradient is 0.
const MOST: f32 = 10.0;

/// How far ahead.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NextValue {
    /// Samples after the window that are foretold, 1 to 1024.
    pub horizon: usize,
}

impl Default for NextValue {
    fn default() -> Self {
        Self { horizon: 8 }
    }
}

/// Reads [`Batch::targets`], `B x width / 2`; the first half of each output row are means, the second log
/// variances. A target of NaN is not known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Gaussian;

impl Objective for Gaussian {
    fn name(&self) -> &'static str {
        "next_value"
    }

    fn evaluate(
        &mut self,
        output: &[f32],
        width: usize,
        batch: &Batch,
        gradient: &mut [f32],
    ) -> Result<f64, ObjectiveError> {
        need(
            "next_value",
            "targets",
            output.len() / 2,
            batch.targets.len(),
        )?;
        let known = batch.targets.iter().filter(|t| !t.is_nan()).count().max(1) as f64;
        let (half, mut loss) = (width / 2, 0.0);
        let rows = output
            .chunks_exact(width)
            .zip(gradient.chunks_exact_mut(width));
        for ((output, gradient), targets) in rows.zip(batch.targets.chunks_exact(half)) {
            for (k, target) in targets.iter().enumerate() {
                if target.is_nan() {
                    (gradient[k], gradient[half + k]) = (0.0, 0.0);
                    continue;
                }
                let log_variance = output[half + k].clamp(-MOST, MOST);
                let error = f64::from(output[k]) - f64::from(*target);
                let precision = libm::exp(-f64::from(log_variance));
                let square = error * error * precision;
                loss += 0.5 * (f64::from(log_variance) + square);
                gradient[k] = (error * precision / known) as f32;
                gradient[half + k] = if output[half + k].abs() < MOST {
                    (0.5 * (1.0 - square) / known) as f32
                } else {
                    0.0
                };
            }
        }
        Ok(loss / known)
    }
}

/// Makes the rows: plain windows, and the normalised samples that follow each in its recording.
pub struct NextValueTask {
    /// Samples that are foretold.
    pub horizon: usize,
    /// Samples in a window.
    pub length: usize,
}

impl Task for NextValueTask {
    fn fill(&mut self, windows: &mut StepWindows<'_, '_>, batch: &mut Batch) {
        batch.inputs = windows.plain();
        for anchor in windows.anchors() {
            let from = anchor.start + self.length;
            windows
                .source
                .after(anchor.recording, from, self.horizon, &mut batch.targets);
        }
        batch.groups.extend(0..windows.count() as u32);
    }
}
