//! Mean under a sliding kernel.

use super::each_sum;
use crate::arch::Activations;
use crate::kernel::{Geometry, Output};
use crate::quant::round_divide;

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
        self.run_in(&mut Activations::Apart { input, output });
    }

    /// The same, perhaps over its input.
    #[inline(never)]
    pub(crate) fn run_in(&self, activations: &mut Activations<'_, i8>) {
        self.geometry
            .slide(activations, |window, input, before, channels| {
                let under = self.geometry.under(window).at_channel(before);
                let mean = |sum: i32| match window.len() {
                    0 => self.output.clamp(self.output.zero_point.into()),
                    taps => self.output.clamp(round_divide(sum, taps as u32)),
                };
                each_sum(input, &under, channels, mean);
            });
    }
}
