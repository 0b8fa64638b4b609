//! The pace changes smoothly within the view; it begins and ends where it did.
//!
//! Um et al., "Data augmentation of wearable sensor data for Parkinson's disease monitoring" (2017),
//! with straight lines between the knots of the pace.

use super::stream::{Stream, either_way, happens};
use serde::{Deserialize, Serialize};

/// Places at which the pace is drawn.
const KNOTS: usize = 5;

/// How much the pace changes.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimeWarp {
    /// Share of views that are warped, 0 to 1; 0 is off.
    pub probability: f32,
    /// Before it is scaled to keep the ends, the pace lies between `1 / (1 + strength)` and `1 + strength`.
    pub strength: f32,
}

impl Default for TimeWarp {
    fn default() -> Self {
        Self {
            probability: 0.0,
            strength: 0.3,
        }
    }
}

impl TimeWarp {
    /// Moves evenly spaced places between the first and the last, which stay.
    pub fn apply(&self, places: &mut [f32], rng: &mut Stream) {
        if !happens(rng, self.probability) {
            return;
        }
        let strength = libm::log1pf(self.strength);
        let pace: [f32; KNOTS] = std::array::from_fn(|_| libm::expf(strength * either_way(rng)));
        let (Some(&first), Some(&last)) = (places.first(), places.last()) else {
            return;
        };
        let steps = places.len() - 1;
        let at = |i: usize| {
            let knot = (i as f32 + 0.5) / steps as f32 * (KNOTS - 1) as f32;
            let below = (knot as usize).min(KNOTS - 2);
            pace[below] + (pace[below + 1] - pace[below]) * (knot - below as f32)
        };
        let total: f32 = (0..steps).map(at).sum();
        let scale = (last - first) / total;
        let mut sum = 0.0;
        for (i, place) in places[..steps].iter_mut().enumerate() {
            *place = first + scale * sum;
            sum += at(i);
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
        fn time_keeps_its_ends_and_its_order(strength in 0f32..2.0, length in 1usize..300, seed: u64) {
            let mut places: Vec<f32> = (0..length).map(|i| 5.0 + 0.7 * i as f32).collect();
            let (first, last) = (places[0], places[length - 1]);
            TimeWarp { probability: 1.0, strength }.apply(&mut places, &mut stream([seed, 0, 0, 0]));
            prop_assert_eq!(places[0], first);
            prop_assert_eq!(places[length - 1], last);
            prop_assert!(places.windows(2).all(|w| w[1] >= w[0]));
            let most = 0.7 * (1.0 + strength).powi(2) + 1e-3;
            prop_assert!(places.windows(2).all(|w| w[1] - w[0] <= most));
        }
    }

    #[test]
    fn no_strength_and_no_probability_change_nothing() {
        let even: Vec<f32> = (0..50).map(|i| i as f32).collect();
        for (probability, strength) in [(1.0, 0.0), (0.0, 1.0)] {
            let mut places = even.clone();
            TimeWarp {
                probability,
                strength,
            }
            .apply(&mut places, &mut stream([7; 4]));
            assert!(places.iter().zip(&even).all(|(a, b)| (a - b).abs() < 1e-3));
        }
    }
}
