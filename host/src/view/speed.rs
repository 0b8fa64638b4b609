//! The movement runs faster or slower; the view keeps its length and its centre.
//!
//! The resampling of Um et al., "Data augmentation of wearable sensor data for Parkinson's disease
//! monitoring" (2017), at constant pace.

use super::ramp::Ramp;
use super::stream::{Stream, factor, happens};
use serde::{Deserialize, Serialize};

/// How much faster or slower.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Speed {
    /// Share of views that are altered, 0 to 1; 0 is off.
    pub probability: f32,
    /// The pace lies between `1 / (1 + strength)` and `1 + strength`.
    pub strength: f32,
}

impl Default for Speed {
    fn default() -> Self {
        Self {
            probability: 1.0,
            strength: 0.15,
        }
    }
}

impl Speed {
    /// Stretches the ramp of `length` places about its centre.
    pub fn apply(&self, ramp: Ramp, length: usize, rng: &mut Stream) -> Ramp {
        if !happens(rng, self.probability) {
            return ramp;
        }
        let step = ramp.step * factor(rng, self.strength);
        let half = 0.5 * length.saturating_sub(1) as f32;
        Ramp {
            start: ramp.start + half * (ramp.step - step),
            step,
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
        fn pace_is_bounded_and_the_centre_stays(strength in 0f32..1.0, length in 1usize..300, seed: u64) {
            let speed = Speed { probability: 1.0, strength };
            let ramp = speed.apply(Ramp::IDENTITY, length, &mut stream([seed, 0, 0, 0]));
            prop_assert!(ramp.step <= (1.0 + strength) * 1.0001);
            prop_assert!(ramp.step * (1.0 + strength) >= 0.9999);
            let half = 0.5 * (length - 1) as f32;
            prop_assert!((ramp.start + ramp.step * half - half).abs() < 1e-3);
        }
    }

    #[test]
    fn off_is_off() {
        let off = Speed {
            probability: 0.0,
            strength: 0.5,
        };
        assert_eq!(
            off.apply(Ramp::IDENTITY, 10, &mut stream([0; 4])),
            Ramp::IDENTITY
        );
    }
}
