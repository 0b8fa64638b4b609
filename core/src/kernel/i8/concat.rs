//! Channels of two tensors behind each other.

use super::Operand;
use crate::kernel::Output;
use crate::quant::{Multiplier, Quant};
use crate::spec::Activation;

/// Appends the channels of `b` to those of `a`, pixel by pixel, each brought to the output's scale.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Concat {
    /// First tensor; multiplier `scale_a / scale_output`, [`Multiplier::ONE`] where they are equal.
    pub a: Operand,
    /// Second tensor; multiplier `scale_b / scale_output`.
    pub b: Operand,
    /// Quantization and clamp of the result.
    pub output: Output,
    /// Channels of `a` and of `b`.
    pub channels: [usize; 2],
}

impl Concat {
    /// The constants for three quantizations; `None` if a ratio leaves the range of [`Multiplier`].
    pub fn new(
        a: Quant,
        b: Quant,
        output: Quant,
        activation: Activation,
        channels: [usize; 2],
    ) -> Option<Self> {
        let operand = |quant: Quant| {
            Some(Operand {
                zero_point: quant.zero_point,
                multiplier: Multiplier::from_real(
                    f64::from(quant.scale) / f64::from(output.scale),
                )?,
            })
        };
        Some(Self {
            a: operand(a)?,
            b: operand(b)?,
            output: Output::new(output, activation),
            channels,
        })
    }

    /// Writes `channels[0] + channels[1]` values for each pixel.
    pub fn run<'a>(&self, mut a: &'a [i8], mut b: &'a [i8], mut output: &mut [i8]) {
        while !output.is_empty() && self.channels != [0, 0] {
            for (from, input, channels) in [
                (self.a, &mut a, self.channels[0]),
                (self.b, &mut b, self.channels[1]),
            ] {
                let (Some(input), Some(output)) = (
                    input.split_off(..channels),
                    output.split_off_mut(..channels),
                ) else {
                    return;
                };
                for (out, &q) in output.iter_mut().zip(input) {
                    let centred = i32::from(q) - i32::from(from.zero_point);
                    *out = self.output.finish(centred, from.multiplier);
                }
            }
        }
    }
}
