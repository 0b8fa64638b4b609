//! Sum of two tensors.

use super::Operand;
use crate::kernel::{Output, mve};
use crate::quant::{Multiplier, Quant, requantize};
use crate::spec::Activation;

/// Bits of headroom that the summands get before they are brought to a common scale (TFLite's choice).
const LEFT_SHIFT: u32 = 20;

/// Sum of two tensors of one shape, each with its own quantization.
///
/// The common scale is `2 * max(scale_a, scale_b) / 2^20`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Add {
    /// First summand; multiplier `scale_a / (2 * max(scale_a, scale_b))`.
    pub a: Operand,
    /// Second summand; multiplier `scale_b / (2 * max(scale_a, scale_b))`.
    pub b: Operand,
    /// Of the sum: `2 * max(scale_a, scale_b) / (2^20 * scale_output)`.
    pub multiplier: Multiplier,
    /// Quantization and clamp of the result.
    pub output: Output,
}

impl Add {
    /// The constants TFLite derives from three quantizations; `None` if their ratio leaves the range of
    /// [`Multiplier`].
    pub fn new(a: Quant, b: Quant, output: Quant, activation: Activation) -> Option<Self> {
        let common = 2.0 * f64::from(if a.scale > b.scale { a.scale } else { b.scale });
        let operand = |quant: Quant| {
            Some(Operand {
                zero_point: quant.zero_point,
                multiplier: Multiplier::from_real(f64::from(quant.scale) / common)?,
            })
        };
        let unit = f64::from(1_u32 << LEFT_SHIFT) * f64::from(output.scale);
        Some(Self {
            a: operand(a)?,
            b: operand(b)?,
            multiplier: Multiplier::from_real(common / unit)?,
            output: Output::new(output, activation),
        })
    }

    /// Writes `a + b`; as many values as the shortest slice holds.
    #[inline(never)]
    pub fn run(&self, a: &[i8], b: &[i8], output: &mut [i8]) {
        if mve::add(self, a, b, output) {
            return;
        }
        for ((out, &a), &b) in output.iter_mut().zip(a).zip(b) {
            *out = self.sum(a, b);
        }
    }

    /// Adds `b` to `a`.
    #[inline(never)]
    pub fn run_in_place(&self, a: &mut [i8], b: &[i8]) {
        if mve::add_in_place(self, a, b) {
            return;
        }
        for (a, &b) in a.iter_mut().zip(b) {
            *a = self.sum(*a, b);
        }
    }

    #[inline(always)]
    fn sum(&self, a: i8, b: i8) -> i8 {
        let raise = |operand: Operand, q: i8| {
            let centred = i32::from(q) - i32::from(operand.zero_point);
            requantize(centred.wrapping_shl(LEFT_SHIFT), operand.multiplier)
        };
        let sum = raise(self.a, a).wrapping_add(raise(self.b, b));
        self.output.finish(sum, self.multiplier)
    }
}
