//! VICReg: views of one window agree, every coordinate keeps its variance, coordinates are uncorrelated.
//!
//! Bardes, Ponce and LeCun, *VICReg*, 2022. For the projections `A` and `B` of `n` view pairs with `d` coordinates
//! `loss = lambda * mean of (A - B)^2 + mu * (v(A) + v(B)) / 2 + nu * (c(A) + c(B))`, with
//! `v(Z) = mean over coordinates of max(0, 1 - sqrt(variance + 1e-4))` and
//! `c(Z) = sum over i != j of covariance_ij^2 / d`; variance and covariance are unbiased. The halves are the
//! authors' code's; the paper's text has none.

use super::matrix::{add_times, centred, transposed_times};
use super::{Batch, Objective, ObjectiveError, need_two_pairs};
use serde::{Deserialize, Serialize};

/// Weights of the three terms; the first half of the rows are the views `a`, the second the views `b`.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VicReg {
    /// Weight of invariance.
    pub lambda: f32,
    /// Weight of variance.
    pub mu: f32,
    /// Weight of covariance.
    pub nu: f32,
}

impl Default for VicReg {
    /// The authors' weights.
    fn default() -> Self {
        Self {
            lambda: 25.0,
            mu: 25.0,
            nu: 1.0,
        }
    }
}

impl Objective for VicReg {
    fn name(&self) -> &'static str {
        "vicreg"
    }

    fn against_collapse(&self) -> &'static str {
        "raise objective.mu, which keeps coordinates varying, and objective.nu, which keeps them apart"
    }

    fn evaluate(
        &mut self,
        output: &[f32],
        width: usize,
        batch: &Batch,
        gradient: &mut [f32],
    ) -> Result<f64, ObjectiveError> {
        let rows = output.len() / width;
        need_two_pairs("vicreg", rows, batch)?;
        let half = output.len() / 2;
        let (a, b) = output.split_at(half);
        let (gradient_a, gradient_b) = gradient.split_at_mut(half);
        let mut invariance = 0.0;
        let slope = self.lambda * 2.0 / half as f32;
        for ((a, b), (gradient_a, gradient_b)) in a
            .iter()
            .zip(b)
            .zip(gradient_a.iter_mut().zip(gradient_b.iter_mut()))
        {
            invariance += f64::from(a - b) * f64::from(a - b);
            *gradient_a = slope * (a - b);
            *gradient_b = slope * (b - a);
        }
        let mut loss = f64::from(self.lambda) * invariance / half as f64;
        for (z, gradient) in [(a, gradient_a), (b, gradient_b)] {
            loss += self.spread(z, width, gradient);
        }
        Ok(loss)
    }
}

impl VicReg {
    /// Variance and covariance of one half; adds to its gradient.
    fn spread(&self, z: &[f32], d: usize, gradient: &mut [f32]) -> f64 {
        let centred = centred(z, d);
        let mut covariance = transposed_times(&centred, &centred, d);
        let freedom = (z.len() / d - 1) as f32;
        let (mut variance_loss, mut covariance_loss) = (0.0_f64, 0.0_f64);
        // The matrix becomes the slope of both terms: off the diagonal 4 nu / (d (n - 1)) covariance.
        for (at, value) in covariance.iter_mut().enumerate() {
            *value /= freedom;
            if at / d == at % d {
                let deviation = (*value + 1e-4).sqrt();
                variance_loss += f64::from((1.0 - deviation).max(0.0)) / d as f64;
                *value = if deviation < 1.0 {
                    -self.mu / 2.0 / (d as f32 * freedom * deviation)
                } else {
                    0.0
                };
            } else {
                covariance_loss += f64::from(*value) * f64::from(*value) / d as f64;
                *value *= 4.0 * self.nu / (d as f32 * freedom);
            }
        }
        add_times(&centred, &covariance, d, gradient);
        f64::from(self.mu) / 2.0 * variance_loss + f64::from(self.nu) * covariance_loss
    }
}
