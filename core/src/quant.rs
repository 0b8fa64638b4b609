//! TFLite's int8 arithmetic: `real = scale * (q - zero_point)`, and the one rounding rule.
//!
//! Nothing else in this crate shifts right or rounds. The rule rounds **twice**, as TFLite does by default
//! (gemmlowp), so that LiteRT and CMSIS-NN are outside witnesses to the bit:
//!
//! ```text
//! requantize(acc, (m, s)):
//!   left, right = max(s, 0), max(-s, 0)
//!   high   = floor(acc * 2^left * m / 2^31 + 1/2)            nearest, ties towards +infinity
//!   result = sign(high) * floor(|high| / 2^right + 1/2)      nearest, ties away from zero
//! ```
//!
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
    /// Q31 mantissa in `[2^30, 2^31)`, from `2^29` on after [`Multiplier::divided_by`], or 0 for a ratio of 0.
    pub multiplier: i32,
    /// Binary exponent in `[-31, 30]`.
    pub shift: i8,
}

impl Multiplier {
    /// The ratio 1: `requantize` returns the accumulator unchanged (of at most 31 bits).
    pub const ONE: Self = Self {
        multiplier: 1 << 30,
        shift: 1,
    };

    /// The ratio 0.
    pub const ZERO: Self = Self {
        multiplier: 0,
        shift: 0,
    };

    /// The fixed-point form nearest to `real`, ties away from zero, as TFLite's `QuantizeMultiplier`.
    ///
    /// A ratio below `2^-32` becomes 0. `None` if `real` is negative, not finite or not below `2^30`.
    pub const fn from_real(real: f64) -> Option<Self> {
        let bits = real.to_bits();
        let exponent = (bits >> 52) as i32; // the sign is bit 11 of what is left
        if real == 0.0 || exponent == 0 {
            return Some(Self::ZERO);
        }
        if exponent > 1022 + 30 {
            return None;
        }
        // real = significand / 2^53 * 2^shift with the significand in [2^52, 2^53)
        let significand = (bits & ((1 << 52) - 1)) | (1 << 52);
        let rounded = (significand + (1 << 21)) >> 22;
        let carry = (rounded >> 31) as i32;
        let shift = exponent - 1022 + carry;
        if shift < -31 {
            Some(Self::ZERO)
        } else if shift > 30 {
            None
        } else {
            Some(Self {
                multiplier: (rounded >> carry) as i32,
                shift: shift as i8,
            })
        }
    }

    /// This ratio divided by a number of values, as TFLite's `MEAN` does it: the mantissa is raised by
    /// `floor(log2(count))` bits and the quotient truncated, so it may fall below `2^30`.
    ///
    /// A `count` of 0 divides by 1.
    pub const fn divided_by(self, count: u32) -> Self {
        let count = if count == 0 { 1 } else { count };
        let room = 31 + self.shift as i32;
        let bits = match count.ilog2() as i32 {
            bits if bits < room => bits,
            _ if room > 0 => room,
            _ => 0,
        };
        Self {
            multiplier: ((self.multiplier as i64) << bits).div_euclid(count as i64) as i32,
            shift: self.shift - bits as i8,
        }
    }

    /// The real ratio that this stands for.
    pub fn to_real(self) -> f64 {
        libm::ldexp(f64::from(self.multiplier), i32::from(self.shift) - 31)
    }

    /// This ratio divided by `2^bits`; 0 where that is below the range.
    pub(crate) const fn shifted_down(self, bits: u8) -> Self {
        let shift = self.shift as i32 - bits as i32;
        if shift < -31 {
            Self::ZERO
        } else {
            Self {
                multiplier: self.multiplier,
                shift: shift as i8,
            }
        }
    }
}

/// `acc` times the ratio, rounded twice by the rule of this module.
///
/// `by.multiplier` is not negative and `by.shift` lies in `[-31, 30]` (checked when an image is parsed).
/// `acc * 2^left` is meant to fit in 32 bits; it wraps otherwise, as TFLite's does in practice.
#[inline]
pub const fn requantize(acc: i32, by: Multiplier) -> i32 {
    let (left, right) = if by.shift > 0 {
        (by.shift as u32, 0)
    } else {
        (0, by.shift.unsigned_abs() as u32)
    };
    let product = acc.wrapping_shl(left) as i64 * by.multiplier as i64;
    let high = ((product + (1 << 30)) >> 31) as i32;
    round_shift(high, right)
}

/// `x / 2^right` to the nearest integer, ties away from zero; `right` in `0..=31`, `x` above `i32::MIN`.
#[inline]
const fn round_shift(x: i32, right: u32) -> i32 {
    if right == 0 {
        return x;
    }
    // One less below zero turns ties up into ties away; halves are what is left when all but one bit are gone.
    let halves = x.wrapping_add(x >> 31) >> ((right - 1) & 31);
    halves.wrapping_add(1) >> 1
}

/// `sum / count` to the nearest integer, ties away from zero; a `count` of 0 divides by 1.
#[inline]
pub(crate) const fn round_divide(sum: i32, count: u32) -> i32 {
    let count = if count == 0 { 1 } else { count };
    let size = sum.unsigned_abs();
    let rest = size % count;
    let quotient = (size / count + (rest >= count - rest) as u32) as i32;
    if sum < 0 {
        quotient.wrapping_neg()
    } else {
        quotient
    }
}

/// Bits behind the point that [`fixed_root`] returns.
pub(crate) const ROOT_FRACTION: u8 = 8;

/// `floor(sqrt(square) * 2^ROOT_FRACTION)`, saturated to `i32`; exact for `square < 2^46`.
pub(crate) const fn fixed_root(square: u64) -> i32 {
    let root = square.saturating_mul(1 << (2 * ROOT_FRACTION)).isqrt();
    if root > i32::MAX as u64 {
        i32::MAX
    } else {
        root as i32
    }
}

/// The integer nearest to `value`, ties away from zero, saturated to `i8`; `missing` for NaN.
#[inline]
pub(crate) fn round_to_i8(value: f32, missing: i8) -> i8 {
    if value.is_nan() {
        missing
    } else {
        libm::roundf(value) as i8
    }
}

#[cfg(test)]
mod tests;
