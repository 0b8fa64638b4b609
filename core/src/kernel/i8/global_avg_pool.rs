//! Mean over all pixels.

use super::each_sum;
use crate::arch::pool::Under;
use crate::kernel::Output;
use crate::quant::{Multiplier, Quant};
use crate::shape::Shape;
use crate::spec::Activation;

/// Mean of each channel over all pixels; at most `2^24` pixels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GlobalAvgPool {
    /// Shape of the input.
    pub input: Shape,
    /// The integer that stands for 0 in the input.
    pub input_zero_point: i8,
    /// `scale_input / scale_output`, then [divided](Multiplier::divided_by) by the number of pixels.
    pub multiplier: Multiplier,
    /// Quantization and clamp of the result.
    pub output: Output,
}

impl GlobalAvgPool {
    /// The constants for two quantizations; `None` if their ratio leaves the range of [`Multiplier`].
    pub fn new(shape: Shape, input: Quant, output: Quant, activation: Activation) -> Option<Self> {
        let ratio = Multiplier::from_real(f64::from(input.scale) / f64::from(output.scale))?;
        Some(Self {
            input: shape,
            input_zero_point: input.zero_point,
            multiplier: ratio.divided_by(shape.pixels() as u32),
            output: Output::new(output, activation),
        })
    }

    /// Reads `input`, writes one value a channel.
    #[inline(never)]
    pub fn run(&self, input: &[i8], output: &mut [i8]) {
        let channels = usize::from(self.input.c).max(1);
        let zero = (self.input.pixels() as i32).wrapping_mul(self.input_zero_point.into());
        let under = Under {
            start: 0,
            rows: 1,
            pitch: 0,
            columns: self.input.pixels(),
            step: channels,
        };
        let output = output.get_mut(..channels).unwrap_or_default();
        each_sum(input, &under, output, |sum| {
            self.output.finish(sum.wrapping_sub(zero), self.multiplier)
        });
    }
}
