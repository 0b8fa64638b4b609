//! The second view of a pair comes from another place of the same recording.
//!
//! What lasts longer than a window is then what the two have in common; time-contrastive pairs as in
//! Franceschi et al., "Unsupervised scalable representation learning for multivariate time series" (2019).

use super::stream::{Stream, below, happens};
use serde::{Deserialize, Serialize};

/// How far the second view may lie from the first.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Neighbour {
    /// Share of pairs that are moved, 0 to 1; 0 is off.
    pub probability: f32,
    /// Greatest distance between the starts of the two, in window lengths.
    pub reach: f32,
}

impl Default for Neighbour {
    fn default() -> Self {
        Self {
            probability: 1.0,
            reach: 2.0,
        }
    }
}

impl Neighbour {
    /// A start for the second view: uniform over all starts within reach of `start` that leave the window
    /// of `length` samples inside a recording of `samples`. `start` itself if the recording is too short.
    pub fn apply(&self, start: usize, length: usize, samples: usize, rng: &mut Stream) -> usize {
        let Some(last) = samples.checked_sub(length) else {
            return start;
        };
        if !happens(rng, self.probability) || start > last {
            return start;
        }
        let reach = (self.reach * length as f32).round().max(0.0) as usize;
        let first = start.saturating_sub(reach);
        let last = start.saturating_add(reach).min(last);
        first + below(rng, last - first + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::stream;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_neighbour_is_within_reach_and_inside(
            start in 0usize..500, length in 1usize..200, samples in 0usize..800, reach in 0f32..5.0, seed: u64,
        ) {
            let neighbour = Neighbour { probability: 1.0, reach };
            let moved = neighbour.apply(start, length, samples, &mut stream([seed, 0, 0, 0]));
            if start + length <= samples {
                prop_assert!(moved + length <= samples);
                prop_assert!(moved.abs_diff(start) as f32 <= reach * length as f32 + 0.5);
            } else {
                prop_assert_eq!(moved, start);
            }
        }

        #[test]
        fn off_is_off(start in 0usize..100, seed: u64) {
            let off = Neighbour { probability: 0.0, reach: 3.0 };
            prop_assert_eq!(off.apply(start, 10, 200, &mut stream([seed, 0, 0, 0])), start);
        }
    }
}
