//! Mean under a sliding kernel.

use crate::kernel::{Geometry, Output, run_of};
use crate::quant::round_divide;

/// Channels summed side by side.
const BLOCK: usize = 8;

/// Mean over the taps inside the input, rounded to nearest with ties away from zero.
///
/// Input and output have one scale and one zero point, as in TFLite's `AVERAGE_POOL_2D`. The zero point
/// where no tap is inside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AvgPool {
    /// How the kernel slides; as many output as input channels.
    pub geometry: Geometry,
    /// Clamp of the result.
    pub output: Output,
}

impl AvgPool {
    /// Reads `geometry.input`, writes `geometry.output`.
    pub fn run(&self, input: &[i8], output: &mut [i8]) {
        self.geometry.slide(output, |window, channels| {
            let (start, count): (i32, u32) = match window.len() {
                0 => (self.output.zero_point.into(), 1),
                taps => (0, taps as u32),
            };
            for (block, channels) in channels.chunks_mut(BLOCK).enumerate() {
                let mut acc = [start; BLOCK];
                for tap in self.geometry.inside(window) {
                    let x = run_of(input, tap.input.wrapping_add(block * BLOCK), channels.len());
                    for (acc, &x) in acc.iter_mut().zip(x) {
                        *acc = acc.wrapping_add(x.into());
                    }
                }
                for (out, acc) in channels.iter_mut().zip(acc) {
                    *out = self.output.clamp(round_divide(acc, count));
                }
            }
        });
    }
}
