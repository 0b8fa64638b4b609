//! A part of the window, drawn out to the window's length.
//!
//! Window slicing as in Le Guennec et al., "Data augmentation for time series classification using
//! convolutional neural networks" (2016).

use super::ramp::Ramp;
use super::stream::{Stream, happens};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// How much of the window is kept.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Crop {
    /// Share of views that are cropped, 0 to 1; 0 is off.
    pub probability: f32,
    /// The smallest part kept, above 0, at most 1; the part is uniform between it and the whole window.
    pub shortest: f32,
}

impl Default for Crop {
    fn default() -> Self {
        Self {
            probability: 0.0,
            shortest: 0.6,
        }
    }
}

impl Crop {
    /// Narrows the ramp of `length` places to a part of itself.
    pub fn apply(&self, ramp: Ramp, length: usize, rng: &mut Stream) -> Ramp {
        if !happens(rng, self.probability) {
            return ramp;
        }
        let part = 1.0 - (1.0 - self.shortest) * rng.random::<f32>();
        let extent = ramp.step * length.saturating_sub(1) as f32;
        Ramp {
            start: ramp.start + (1.0 - part) * extent * rng.random::<f32>(),
            step: ramp.step * part,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::stream;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_part_lies_within_the_window(shortest in 0.05f32..=1.0, length in 2usize..300, seed: u64) {
            let crop = Crop { probability: 1.0, shortest };
            let ramp = crop.apply(Ramp::IDENTITY, length, &mut stream([seed, 0, 0, 0]));
            let last = (length - 1) as f32;
            prop_assert!(ramp.start >= 0.0 && ramp.start + ramp.step * last <= last * 1.00001);
            prop_assert!(ramp.step >= shortest * 0.9999 && ramp.step <= 1.0);
        }
    }

    #[test]
    fn off_is_off() {
        let off = Crop {
            probability: 0.0,
            shortest: 0.5,
        };
        assert_eq!(
            off.apply(Ramp::IDENTITY, 10, &mut stream([0; 4])),
            Ramp::IDENTITY
        );
    }
}
