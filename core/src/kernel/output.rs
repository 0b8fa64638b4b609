//! How an int8 kernel writes its result.

use super::Constants;
use crate::quant::{Multiplier, Quant, requantize};
use crate::spec::Activation;

/// Output quantization and fused clamp.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Output {
    /// The integer that stands for 0.
    pub zero_point: i8,
    /// Least value written.
    pub min: i8,
    /// Greatest value written; not below `min`.
    pub max: i8,
}

impl Output {
    /// The clamp that `activation` means for a tensor quantized as `quant`.
    pub const fn new(quant: Quant, activation: Activation) -> Self {
        Self {
            zero_point: quant.zero_point,
            min: match activation {
                Activation::None => i8::MIN,
                Activation::Relu => quant.zero_point,
            },
            max: i8::MAX,
        }
    }

    /// `requantize(acc) + zero_point`, clamped.
    #[inline]
    pub fn finish(self, acc: i32, by: Multiplier) -> i8 {
        // Clamped before the zero point is added, so that the sum cannot overflow.
        let zero_point = i32::from(self.zero_point);
        let least = i32::from(self.min) - zero_point;
        let most = i32::from(self.max) - zero_point;
        (requantize(acc, by).max(least).min(most) + zero_point) as i8
    }

    /// The same for each channel of a pixel, whose sums hold the biases already.
    ///
    /// A function of its own, so that its registers do not depend on who calls it.
    #[inline(never)]
    pub(crate) fn finish_all(self, sums: &[i32], constants: Constants<'_>, channels: &mut [i8]) {
        let by = constants.multiplier.iter().zip(constants.shift);
        for ((out, &sum), (&multiplier, &shift)) in channels.iter_mut().zip(sums).zip(by) {
            let multiplier = i32::from_le_bytes(multiplier);
            *out = self.finish(sum, Multiplier { multiplier, shift });
        }
    }

    /// `value` clamped; its zero point is the output's already.
    #[inline]
    pub(crate) fn clamp(self, value: i32) -> i8 {
        value.max(self.min.into()).min(self.max.into()) as i8
    }

    /// Clamps values that lie in the range of int8 already, where the clamp is narrower.
    #[inline(never)]
    pub(crate) fn clamp_all(self, values: &mut [i8]) {
        if self.min > i8::MIN || self.max < i8::MAX {
            for value in values {
                *value = (*value).max(self.min).min(self.max);
            }
        }
    }
}
