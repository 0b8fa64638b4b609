//! One sensor is missing: its normalised values are 0.
//!
//! Spatial dropout on the input (Tompson et al., "Efficient object localization using convolutional
//! networks", 2015).

use super::config::Each;
use super::stream::{Stream, below, happens};
use serde::{Deserialize, Serialize};

/// How often, and what counts as a sensor.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelDropout {
    /// Share of views that lose a sensor, 0 to 1; 0 is off.
    pub probability: f32,
    /// What is lost together; a window that is one single group loses nothing.
    pub each: Each,
}

impl Default for ChannelDropout {
    fn default() -> Self {
        Self {
            probability: 0.0,
            each: Each::Triad,
        }
    }
}

impl ChannelDropout {
    /// Clears one group of channels in a view of `T * C` values; channel `c` belongs to group `groups[c]`,
    /// numbered from 0.
    pub fn apply(&self, view: &mut [f32], groups: &[usize], rng: &mut Stream) {
        let count = groups.iter().max().map_or(0, |g| g + 1);
        if !happens(rng, self.probability) || count < 2 {
            return;
        }
        let lost = below(rng, count);
        for sample in view.chunks_exact_mut(groups.len()) {
            for (value, &group) in sample.iter_mut().zip(groups) {
                if group == lost {
                    *value = 0.0;
                }
            }
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
        fn one_group_is_lost_and_never_all(seed: u64) {
            let groups = [0, 0, 1, 2, 1];
            let mut view = [1.0; 5 * 6];
            let dropout = ChannelDropout { probability: 1.0, each: Each::Triad };
            dropout.apply(&mut view, &groups, &mut stream([seed, 0, 0, 0]));
            let lost: Vec<usize> = (0..5).filter(|&c| view[c] == 0.0).map(|c| groups[c]).collect();
            prop_assert!(!lost.is_empty() && lost.iter().all(|&g| g == lost[0]));
            prop_assert!(view.chunks(5).all(|s| s == &view[..5]));
        }
    }

    #[test]
    fn a_single_sensor_is_kept() {
        let mut view = [1.0; 9];
        let dropout = ChannelDropout {
            probability: 1.0,
            each: Each::Triad,
        };
        dropout.apply(&mut view, &[0, 0, 0], &mut stream([0; 4]));
        dropout.apply(&mut view, &[], &mut stream([0; 4]));
        assert_eq!(view, [1.0; 9]);
    }
}
