//! The numbers that turn an accumulator into an output.

/// Per-output-channel constants as they lie in the image: little-endian and unaligned, one entry a channel.
#[derive(Clone, Copy, Debug)]
pub struct Constants<'a> {
    /// `i32` at scale `input * weight`; already holds `-input_zero_point * sum(weights)`.
    pub bias: &'a [[u8; 4]],
    /// `i32` mantissa of [`Multiplier`](crate::quant::Multiplier).
    pub multiplier: &'a [[u8; 4]],
    /// Exponent of [`Multiplier`](crate::quant::Multiplier).
    pub shift: &'a [i8],
}

impl<'a> Constants<'a> {
    /// Those of channel `first` and all behind it.
    #[inline]
    pub(crate) fn from(self, first: usize) -> Self {
        Self {
            bias: self.bias.get(first..).unwrap_or(&[]),
            multiplier: self.multiplier.get(first..).unwrap_or(&[]),
            shift: self.shift.get(first..).unwrap_or(&[]),
        }
    }
}
