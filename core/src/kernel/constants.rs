//! The numbers that turn an accumulator into an output.

use crate::quant::Multiplier;

/// Per-output-channel constants as they lie in the image: little-endian and unaligned, one entry a channel.
#[derive(Clone, Copy, Debug)]
pub struct Constants<'a> {
    /// `i32` at scale `input * weight`; already holds `-input_zero_point * sum(weights)`.
    pub bias: &'a [[u8; 4]],
    /// `i32` mantissa of [`Multiplier`].
    pub multiplier: &'a [[u8; 4]],
    /// Exponent of [`Multiplier`].
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

    /// Bias and multiplier of each output channel in order; ends with the shortest slice.
    #[inline]
    pub(crate) fn iter(self) -> impl Iterator<Item = (i32, Multiplier)> + 'a {
        self.bias.iter().zip(self.multiplier).zip(self.shift).map(
            |((&bias, &multiplier), &shift)| {
                let multiplier = i32::from_le_bytes(multiplier);
                (i32::from_le_bytes(bias), Multiplier { multiplier, shift })
            },
        )
    }
}
