//! Mean and standard deviation over all pixels.

use crate::kernel::Output;
use crate::quant::{Multiplier, Quant, ROOT_FRACTION, fixed_root};
use crate::shape::Shape;
use crate::spec::Activation;

/// Mean of each channel, then standard deviation of each channel (biased), over all pixels.
///
/// Exact integers up to the last rounding. With `n` pixels, `F = 8`:
/// `mean = requantize(sum(x) - n * zero_point)`,
/// `deviation = requantize(floor(sqrt((n * sum(x^2) - sum(x)^2) * 2^(2F))), multiplier / 2^F)`.
/// Statistics pooling of Snyder et al., *X-vectors*, 2018.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GlobalStatPool {
    /// Shape of the input; at most `2^16` pixels.
    pub input: Shape,
    /// The integer that stands for 0 in the input.
    pub input_zero_point: i8,
    /// `scale_input / scale_output`, then [divided](Multiplier::divided_by) by the number of pixels.
    pub multiplier: Multiplier,
    /// Quantization and clamp of the result.
    pub output: Output,
}

impl GlobalStatPool {
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

    /// Reads `input`, writes `input.c` means, then as many deviations.
    #[inline(never)]
    pub fn run(&self, input: &[i8], output: &mut [i8]) {
        let channels = usize::from(self.input.c).max(1);
        let pixels = self.input.pixels();
        let zero = (pixels as i32).wrapping_mul(self.input_zero_point.into());
        let fine = self.multiplier.shifted_down(ROOT_FRACTION);
        let Some((means, deviations)) = output.split_at_mut_checked(channels) else {
            return;
        };
        for (channel, (mean, deviation)) in means.iter_mut().zip(deviations).enumerate() {
            let (mut sum, mut squares) = (0_i32, 0_u32);
            for &x in input.iter().skip(channel).step_by(channels) {
                sum = sum.wrapping_add(x.into());
                squares = squares.wrapping_add(u32::from(x.unsigned_abs()).pow(2));
            }
            *mean = self.output.finish(sum.wrapping_sub(zero), self.multiplier);
            let square = u64::from(sum.unsigned_abs()).pow(2);
            let spread = (pixels as u64).wrapping_mul(squares.into());
            let root = fixed_root(spread.saturating_sub(square));
            *deviation = self.output.finish(root, fine);
        }
    }
}
