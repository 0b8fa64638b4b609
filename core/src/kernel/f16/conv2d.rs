//! Convolution.

use super::dot::dot;
use crate::arch::Activations;
use crate::kernel::{Geometry, Window, run_of};
use crate::spec::Activation;

/// Convolution of f32 activations with half-precision weights; padding is 0.
///
/// Each output is its bias, plus one inner product for every row of taps from top to bottom (with dilated
/// columns one for every tap from left to right).
#[derive(Clone, Copy, Debug)]
pub struct Conv2d<'a> {
    /// How the kernel slides; `output.c` filters.
    pub geometry: Geometry,
    /// `OHWI`: `output.c * size[0] * size[1] * input.c` IEEE halves, little-endian.
    pub weights: &'a [[u8; 2]],
    /// One f32 a filter, little-endian.
    pub bias: &'a [[u8; 4]],
    /// The fused non-linearity.
    pub activation: Activation,
}

impl Conv2d<'_> {
    /// Reads `geometry.input`, writes `geometry.output`.
    pub fn run(&self, input: &[f32], output: &mut [f32]) {
        self.run_in(&mut Activations::Apart { input, output });
    }

    /// The same, perhaps over its input.
    pub(crate) fn run_in(&self, activations: &mut Activations<'_, f32>) {
        let [height, width] = self.geometry.size;
        let row = usize::from(width) * usize::from(self.geometry.input.c);
        let filter = usize::from(height).wrapping_mul(row);
        self.geometry
            .slide(activations, |window, input, before, channels| {
                let mut weights = self
                    .weights
                    .get(before.wrapping_mul(filter)..)
                    .unwrap_or(&[]);
                let bias = self.bias.get(before..).unwrap_or(&[]);
                for (out, &bias) in channels.iter_mut().zip(bias) {
                    let filter = weights.split_off(..filter).unwrap_or(&[]);
                    let acc = self.accumulate(window, input, filter, f32::from_le_bytes(bias));
                    *out = self.activation.apply(acc);
                }
            });
    }

    /// `acc` plus the sum of input times weight at one position of the kernel.
    #[inline(always)]
    fn accumulate(&self, window: Window, input: &[f32], filter: &[[u8; 2]], mut acc: f32) -> f32 {
        let geometry = &self.geometry;
        let channels = usize::from(geometry.input.c);
        let row = usize::from(geometry.size[1]) * channels;
        let runs = geometry.runs(window);
        for tap in window.rows.first..window.rows.end {
            let below = (tap - window.rows.first) * usize::from(geometry.dilation[0]);
            let at = geometry.offset(window.rows.at.wrapping_add(below), window.columns.at);
            let weight = tap * row + window.columns.first * channels;
            for run in 0..runs.count {
                let x = run_of(input, at.wrapping_add(run * runs.step), runs.len);
                acc += dot(x, run_of(filter, weight + run * runs.len, runs.len));
            }
        }
        acc
    }
}
