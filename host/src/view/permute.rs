//! The window is cut into segments which change places.
//!
//! Um et al., "Data augmentation of wearable sensor data for Parkinson's disease monitoring" (2017);
//! with rotation the best known pair for activities (Qian et al., "What makes good contrastive learning
//! on small-scale wearable-based tasks?", 2022).

use super::stream::{Stream, below, either_way, happens};
use serde::{Deserialize, Serialize};

/// The most segments that a window may have.
pub const MAX_SEGMENTS: usize = 16;

/// Into how many segments.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Permute {
    /// Share of views that are permuted, 0 to 1; 0 is off.
    pub probability: f32,
    /// The largest number of segments, 2 to [`MAX_SEGMENTS`]; the number is uniform from 2 on.
    pub segments: usize,
}

impl Default for Permute {
    fn default() -> Self {
        Self {
            probability: 0.0,
            segments: 5,
        }
    }
}

impl Permute {
    /// Cuts `places` into segments of at least half their mean length and shuffles them. `scratch` has the
    /// same length; its content does not matter.
    pub fn apply(&self, places: &mut [f32], scratch: &mut [f32], rng: &mut Stream) {
        if !happens(rng, self.probability) {
            return;
        }
        let most = self.segments.min(MAX_SEGMENTS).min(places.len());
        if most < 2 {
            return;
        }
        let count = 2 + below(rng, most - 1);
        let mut cuts = [0; MAX_SEGMENTS + 1];
        let mean = places.len() as f32 / count as f32;
        for (k, cut) in cuts.iter_mut().enumerate().take(count).skip(1) {
            *cut = (mean * (k as f32 + 0.25 * either_way(rng))) as usize;
        }
        cuts[count] = places.len();
        let mut order: [usize; MAX_SEGMENTS] = std::array::from_fn(|k| k);
        for k in (1..count).rev() {
            order.swap(k, below(rng, k + 1));
        }
        scratch.copy_from_slice(places);
        let mut to = 0;
        for &segment in &order[..count] {
            let from = &scratch[cuts[segment]..cuts[segment + 1]];
            places[to..to + from.len()].copy_from_slice(from);
            to += from.len();
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
        fn every_place_is_kept_in_few_segments(segments in 2usize..=MAX_SEGMENTS, length in 0usize..300, seed: u64) {
            let even: Vec<f32> = (0..length).map(|i| i as f32).collect();
            let mut places = even.clone();
            let permute = Permute { probability: 1.0, segments };
            permute.apply(&mut places, &mut vec![0.0; length], &mut stream([seed, 0, 0, 0]));
            let breaks = places.windows(2).filter(|w| w[1] != w[0] + 1.0).count();
            prop_assert!(breaks < segments);
            places.sort_by(f32::total_cmp);
            prop_assert_eq!(places, even);
        }
    }

    #[test]
    fn off_is_off() {
        let mut places = [0.0, 1.0, 2.0, 3.0];
        let off = Permute {
            probability: 0.0,
            segments: 4,
        };
        off.apply(&mut places, &mut [0.0; 4], &mut stream([0; 4]));
        assert_eq!(places, [0.0, 1.0, 2.0, 3.0]);
    }
}
