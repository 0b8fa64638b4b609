//! Convolution.

use super::dot::Runs;
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
                let mut bias = self.bias.get(before..).unwrap_or(&[]).iter();
                let mut next = || match bias.next() {
                    Some(&bias) => (
                        weights.split_off(..filter).unwrap_or(&[]),
                        f32::from_le_bytes(bias),
                    ),
                    None => (&[][..], 0.0),
                };
                // Two filters at a time; a last single one comes with itself.
                for outputs in channels.chunks_mut(2) {
                    let one = next();
                    let other = if outputs.len() == 2 { next() } else { one };
                    let filters = [one.0, other.0];
                    let acc = self.accumulate(window, input, filters, [one.1, other.1]);
                    for (out, acc) in outputs.iter_mut().zip(acc) {
                        *out = self.activation.apply(acc);
                    }
                }
            });
    }

    /// `acc` plus the sums of input times weight for two filters at one position of the kernel.
    #[inline(always)]
    fn accumulate(
        &self,
        window: Window,
        input: &[f32],
        filters: [&[[u8; 2]]; 2],
        mut acc: [f32; 2],
    ) -> [f32; 2] {
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
            acc = add_runs(input, filters, &columns, acc);
        }
        acc
    }
}
