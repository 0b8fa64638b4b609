//! Half precision to single precision.

/// The finite IEEE half in little-endian `bytes`, exactly; infinities and NaN give large finite numbers.
///
/// Without branches, so that a row of weights is converted in vector registers, and without subnormal
/// intermediates, so that hardware which flushes them agrees.
#[inline(always)]
pub(super) fn widen(bytes: [u8; 2]) -> f32 {
    const REBIAS: u32 = (127 - 15) << 23;
    const LEAST: u32 = (127 - 14) << 23; // 2^-14, the least normal half
    let half = u32::from(u16::from_le_bytes(bytes));
    let magnitude = (half & 0x7fff) << 13;
    let subnormal =
        (f32::from_bits(magnitude.wrapping_add(LEAST)) - f32::from_bits(LEAST)).to_bits();
    let normal = magnitude.wrapping_add(REBIAS);
    let bits = if half & 0x7c00 == 0 {
        subnormal
    } else {
        normal
    };
    f32::from_bits(bits | (half & 0x8000) << 16)
}

#[cfg(test)]
mod tests {
    use super::widen;

    #[test]
    fn widen_equals_the_half_crate_for_every_finite_half() {
        for bits in 0..=u16::MAX {
            let half = half::f16::from_bits(bits);
            let wide = widen(bits.to_le_bytes());
            if half.is_finite() {
                assert_eq!(wide.to_bits(), half.to_f32().to_bits(), "{bits:#06x}");
            } else {
                assert!(wide.is_finite() && wide.abs() >= 65536.0, "{bits:#06x}");
            }
        }
    }
}
