//! Convolution.

use super::dot::{Filters, Runs};
use crate::arch::{Activations, add_runs};
use crate::kernel::{Geometry, Window};
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
    #[inline(never)]
    pub(crate) fn run_in(&self, activations: &mut Activations<'_, f32>) {
        let [height, width] = self.geometry.size;
        let row = usize::from(width) * usize::from(self.geometry.input.c);
        let filter = usize::from(height).wrapping_mul(row);
        self.geometry
            .slide(activations, |window, input, before, channels| {
                let weights = self.weights.get(before.wrapping_mul(filter)..);
                let filters = Filters {
                    weights: weights.unwrap_or(&[]),
                    filter,
                };
                let biases = self.bias.get(before..).unwrap_or(&[]);
                for (out, &bias) in channels.iter_mut().zip(biases) {
                    *out = f32::from_le_bytes(bias);
                }
                self.accumulate(window, input, &filters, channels);
                for out in channels {
                    *out = self.activation.apply(*out);
                }
            });
    }

    /// Adds the sums of input times weight at one position of the kernel.
    #[inline(always)]
    fn accumulate(&self, window: Window, input: &[f32], filters: &Filters<'_>, acc: &mut [f32]) {
        let geometry = &self.geometry;
        let channels = usize::from(geometry.input.c);
        let row = usize::from(geometry.size[1]) * channels;
        let runs = geometry.runs(window);
        let down = usize::from(geometry.dilation[0].max(1));
        let rows = Runs {
            start: geometry.offset(window.rows.at, window.columns.at),
            first: window.rows.first * row + window.columns.first * channels,
            count: window.rows.len(),
            len: runs.len,
            pitch: geometry.offset(down, 0),
            filter_pitch: row,
        };
        if runs.count == 1 {
            return add_runs(input, filters, &rows, acc);
        }
        for tap in 0..rows.count {
            let columns = Runs {
                start: rows.start.wrapping_add(tap * rows.pitch),
                first: rows.first + tap * row,
                count: runs.count,
                len: runs.len,
                pitch: runs.step,
                filter_pitch: runs.len,
            };
            add_runs(input, filters, &columns, acc);
        }
    }
}
