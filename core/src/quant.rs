//! TFLite's int8 arithmetic: `real = scale * (q - zero_point)`, and the one rounding rule.
//!
//! The rule rounds twice, as TFLite does by default (gemmlowp): a doubling high multiply rounded to
//! nearest with ties away from zero on the product, then a rounding right shift with ties away from zero.
//! Jacob et al., *Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
//! Inference*, 2018, section 2.2.

use serde::{Deserialize, Serialize};

/// How an int8 tensor maps to real numbers: `real = scale * (q - zero_point)`.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Quant {
    /// Real step of one integer; finite and positive.
    pub scale: f32,
    /// The integer that stands for 0.
    pub zero_point: i8,
}

impl Quant {
    /// The real value of `q`.
    pub fn dequantize(self, q: i8) -> f32 {
        self.scale * (i32::from(q) - i32::from(self.zero_point)) as f32
    }

    /// The integer nearest to `real`, ties away from zero, saturated to `i8`; NaN gives the zero point.
    pub fn quantize(self, real: f32) -> i8 {
        if real.is_nan() {
            return self.zero_point;
        }
        let q = libm::roundf(real / self.scale) + f32::from(self.zero_point);
        q.clamp(-128.0, 127.0) as i8
    }
}

/// A positive real ratio as fixed point: `multiplier / 2^31 * 2^shift`; a positive shift goes left.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Multiplier {
    /// Q31 mantissa in `[2^30, 2^31)`, or 0 for a ratio of 0.
    pub multiplier: i32,
    /// Binary exponent in `[-31, 30]`.
    pub shift: i8,
}
