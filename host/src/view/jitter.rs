//! Noise of the sensor: normal, independent in every value.
//!
//! Um et al., "Data augmentation of wearable sensor data for Parkinson's disease monitoring" (2017).

use super::stream::{Stream, happens};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

/// How much noise.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Jitter {
    /// Share of views that get noise, 0 to 1; 0 is off.
    pub probability: f32,
    /// Deviation of the noise on normalised values, at least 0.
    pub deviation: f32,
}

impl Default for Jitter {
    fn default() -> Self {
        Self {
            probability: 1.0,
            deviation: 0.05,
        }
    }
}

impl Jitter {
    /// Adds noise to every value of a view.
    pub fn apply(&self, view: &mut [f32], rng: &mut Stream) {
        if !happens(rng, self.probability) || self.deviation == 0.0 {
            return;
        }
        for value in view {
            let noise: f32 = StandardNormal.sample(rng);
            *value += self.deviation * noise;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::stream;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn noise_has_no_mean_and_the_deviation_asked_for(deviation in 0.01f32..2.0, seed: u64) {
            let mut view = vec![0.0; 20_000];
            Jitter { probability: 1.0, deviation }.apply(&mut view, &mut stream([seed, 0, 0, 0]));
            let n = view.len() as f32;
            let mean = view.iter().sum::<f32>() / n;
            let found = (view.iter().map(|v| v * v).sum::<f32>() / n).sqrt();
            prop_assert!(mean.abs() < 0.05 * deviation);
            prop_assert!((found / deviation - 1.0).abs() < 0.05, "{found} {deviation}");
        }
    }

    #[test]
    fn off_is_off() {
        for (probability, deviation) in [(0.0, 1.0), (1.0, 0.0)] {
            let mut view = [1.0; 50];
            Jitter {
                probability,
                deviation,
            }
            .apply(&mut view, &mut stream([3; 4]));
            assert_eq!(view, [1.0; 50]);
        }
    }
}
