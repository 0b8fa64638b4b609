//! Another sound softly in the background: mix-up of log-mels.
//!
//! Niizumi et al., *BYOL for Audio*, 2021, section III; after Zhang et al., *mixup*, 2018. Powers are mixed, not
//! their logarithms, as they would be in the air.

use super::super::stream::{Stream, happens};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// How much of the other sound.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mix {
    /// Share of views, 0 to 1; 0 is off.
    pub probability: f32,
    /// Most of the other sound's power, 0 to 1.
    pub most: f32,
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            probability: 0.5,
            most: 0.2,
        }
    }
}

impl Mix {
    /// Mixes log powers of the frames in `other` into `view`; what `other` is too short for stays as it is.
    pub fn apply(&self, view: &mut [f32], other: &[f32], rng: &mut Stream) {
        let happens = happens(rng, self.probability);
        let share = self.most * rng.random::<f32>();
        if !happens {
            return;
        }
        for (value, other) in view.iter_mut().zip(other) {
            *value = libm::logf((1.0 - share) * libm::expf(*value) + share * libm::expf(*other));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::stream;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn values_lie_between_the_two_sounds(a in -13f32..2.0, b in -13f32..2.0, most in 0f32..=1.0, seed: u64) {
            let mut view = [a; 4];
            Mix { probability: 1.0, most }.apply(&mut view, &[b; 3], &mut stream([seed, 0, 0, 0]));
            prop_assert!(view[0] >= a.min(b) - 1e-4 && view[0] <= a.max(b) + 1e-4);
            prop_assert_eq!(view[3], a);
        }
    }
}
