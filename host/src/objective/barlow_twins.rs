//! Barlow Twins: a coordinate of one view says what the same coordinate of the other says, and nothing else.
//!
//! Zbontar et al., *Barlow Twins: Self-Supervised Learning via Redundancy Reduction*, 2021, equations 1 and 2.
//! The columns of the projections of `n` view pairs with `d` coordinates get mean 0 and (biased) variance 1, `A`
//! and `B`; with `C = A^T B / n`:
//!
//! `loss = sum over i of (1 - C_ii)^2 + lambda / d * sum over i != j of C_ij^2`
//!
//! The paper writes its weight, 0.005 at `d = 8192`, without the `d`; with it one weight serves narrow projections
//! too, and 1 is the value that Tsai et al., *A Note on Connecting Barlow Twins with Negative-Sample-Free
//! Contrastive Learning*, 2021, derive. With `G` the slope of the loss in `C`, the gradient with respect to `A` is
//! `B G^T / n`, with respect to `B` it is `A G / n`, each then through the normalisation of the columns.

use super::matrix::{add_times, centred, transposed_times};
use super::{Batch, Objective, ObjectiveError, need_two_pairs};
use serde::{Deserialize, Serialize};

/// Added to a column's variance.
const EPSILON: f64 = 1e-5;

/// The weight of redundancy; the first half of the rows are the views `a`, the second the views `b`.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BarlowTwins {
    /// Weight of the correlations between different coordinates, divided by the number of coordinates.
    pub lambda: f32,
}

impl Default for BarlowTwins {
    fn default() -> Self {
        Self { lambda: 1.0 }
    }
}

impl Objective for BarlowTwins {
    fn name(&self) -> &'static str {
        "barlow_twins"
    }

    fn against_collapse(&self) -> &'static str {
        "raise objective.lambda, which keeps coordinates apart, or schedule.batch"
    }

    fn evaluate(
        &mut self,
        output: &[f32],
        width: usize,
        batch: &Batch,
        gradient: &mut [f32],
    ) -> Result<f64, ObjectiveError> {
        let rows = output.len() / width;
        need_two_pairs("barlow_twins", rows, batch)?;
        let half = output.len() / 2;
        let n = rows as f64 / 2.0;
        let (a, b) = output.split_at(half);
        let (a, b) = (Columns::new(a, width), Columns::new(b, width));
        let mut slope = transposed_times(&a.values, &b.values, width);
        let weight = f64::from(self.lambda) / width as f64;
        let (mut invariance, mut redundancy) = (0.0, 0.0);
        for (at, value) in slope.iter_mut().enumerate() {
            let correlation = f64::from(*value) / n;
            let by = if at / width == at % width {
                invariance += (1.0 - correlation) * (1.0 - correlation);
                2.0 * (correlation - 1.0)
            } else {
                redundancy += correlation * correlation;
                2.0 * weight * correlation
            };
            *value = (by / n) as f32;
        }
        gradient.fill(0.0);
        let (gradient_a, gradient_b) = gradient.split_at_mut(half);
        add_times(&b.values, &transpose(&slope, width), width, gradient_a);
        add_times(&a.values, &slope, width, gradient_b);
        a.back(gradient_a);
        b.back(gradient_b);
        Ok(invariance + weight * redundancy)
    }
}

fn transpose(matrix: &[f32], width: usize) -> Vec<f32> {
    (0..width * width)
        .map(|at| matrix[at % width * width + at / width])
        .collect()
}

/// Rows whose columns have mean 0 and variance 1.
struct Columns {
    values: Vec<f32>,
    /// `1 / deviation` of each column.
    inverse: Vec<f64>,
}

impl Columns {
    fn new(z: &[f32], width: usize) -> Self {
        let mut values = centred(z, width);
        let n = (z.len() / width) as f64;
        let mut inverse = vec![0.0; width];
        for row in values.chunks_exact(width) {
            for (sum, x) in inverse.iter_mut().zip(row) {
                *sum += f64::from(*x) * f64::from(*x) / n;
            }
        }
        for sum in &mut inverse {
            *sum = 1.0 / (*sum + EPSILON).sqrt();
        }
        for row in values.chunks_exact_mut(width) {
            for (x, inverse) in row.iter_mut().zip(&inverse) {
                *x = (f64::from(*x) * inverse) as f32;
            }
        }
        Self { values, inverse }
    }

    /// Takes the gradient with respect to the normalised columns back to the rows, in place.
    fn back(&self, gradient: &mut [f32]) {
        let width = self.inverse.len();
        let n = (gradient.len() / width) as f64;
        let (mut mean, mut along) = (vec![0.0; width], vec![0.0; width]);
        let rows = || self.values.chunks_exact(width);
        for (gradient, values) in gradient.chunks_exact(width).zip(rows()) {
            for (k, (g, y)) in gradient.iter().zip(values).enumerate() {
                mean[k] += f64::from(*g) / n;
                along[k] += f64::from(*g) * f64::from(*y) / n;
            }
        }
        for (gradient, values) in gradient.chunks_exact_mut(width).zip(rows()) {
            for (k, (g, y)) in gradient.iter_mut().zip(values).enumerate() {
                let centred = f64::from(*g) - mean[k] - f64::from(*y) * along[k];
                *g = (self.inverse[k] * centred) as f32;
            }
        }
    }
}
