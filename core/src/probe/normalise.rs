//! What happens to an embedding before a learner sees it.

use super::{ProbeError, sum::dot};
use crate::quant::Quant;

/// Largest magnitude of an embedding's value: squares and sums of values within it stay finite.
pub const MAX_MAGNITUDE: f32 = 1e6;

/// How an embedding is scaled before it is learned or predicted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Normalisation {
    /// As it comes.
    None,
    /// To Euclidean length 1; a zero vector stays zero.
    #[default]
    L2,
}

impl Normalisation {
    /// Its number in a snapshot.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::L2 => 1,
        }
    }

    /// Checks the values' range, then scales.
    pub(super) fn apply<const D: usize>(
        self,
        embedding: &[f32; D],
    ) -> Result<[f32; D], ProbeError> {
        let out_of_range = |x: &f32| x.is_nan() || x.abs() > MAX_MAGNITUDE;
        if let Some(index) = embedding.iter().position(out_of_range) {
            return Err(ProbeError::OutOfRange { index });
        }
        let mut x = *embedding;
        if self == Self::L2 {
            // Scaled by the largest magnitude first, so that tiny values do not vanish when squared.
            let max = x
                .iter()
                .fold(0.0f32, |max, x| if x.abs() > max { x.abs() } else { max });
            if max >= f32::MIN_POSITIVE {
                x.iter_mut().for_each(|x| *x /= max);
                let length = libm::sqrtf(dot(&x, &x));
                x.iter_mut().for_each(|x| *x /= length);
            } else {
                x = [0.0; D];
            }
        }
        Ok(x)
    }
}

/// An encoder's int8 output as real values.
pub(super) fn dequantize<const D: usize>(
    embedding: &[i8],
    quant: Quant,
) -> Result<[f32; D], ProbeError> {
    let embedding: &[i8; D] = embedding.try_into().map_err(|_| ProbeError::Length {
        need: D,
        have: embedding.len(),
    })?;
    Ok(embedding.map(|q| quant.dequantize(q)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l2_gives_unit_length_over_the_whole_range() {
        for scale in [1e-38f32, 1e-20, 1e-3, 1.0, 2.5e5] {
            let x = Normalisation::L2
                .apply(&[3.0 * scale, 0.0, 4.0 * scale])
                .unwrap();
            for (x, want) in x.into_iter().zip([0.6f32, 0.0, 0.8]) {
                assert!((x - want).abs() <= 1e-6, "{x} at scale {scale}");
            }
        }
        assert_eq!(Normalisation::L2.apply(&[0.0, -0.0]), Ok([0.0, 0.0]));
    }

    #[test]
    fn values_out_of_range_are_named() {
        for bad in [f32::NAN, f32::INFINITY, -1.1e6] {
            let error = Normalisation::None.apply(&[0.0, 1e6, bad]);
            assert_eq!(error, Err(ProbeError::OutOfRange { index: 2 }));
        }
    }
}
