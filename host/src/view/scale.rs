//! The movement is larger or smaller.
//!
//! Um et al., "Data augmentation of wearable sensor data for Parkinson's disease monitoring" (2017). About
//! the mean, gravity keeps its length and only the movement changes.

use super::config::Each;
use super::stream::{Stream, factor, happens};
use serde::{Deserialize, Serialize};

/// How much.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scale {
    /// Share of views that are scaled, 0 to 1; 0 is off.
    pub probability: f32,
    /// The factor lies between `1 / (1 + strength)` and `1 + strength`.
    pub strength: f32,
    /// Whether the deviation from each channel's mean is scaled, rather than the value.
    pub about_mean: bool,
    /// What has a factor of its own.
    pub each: Each,
}

impl Default for Scale {
    fn default() -> Self {
        Self {
            probability: 1.0,
            strength: 0.15,
            about_mean: true,
            each: Each::Window,
        }
    }
}

impl Scale {
    /// Scales a view of `T * C` values; channel `c` belongs to group `groups[c]`, numbered from 0, for
    /// which [`Each::groups`] cares. `gain` and `offset` are scratch of `C` values each.
    pub fn apply(
        &self,
        view: &mut [f32],
        groups: &[usize],
        gain: &mut [f32],
        offset: &mut [f32],
        rng: &mut Stream,
    ) {
        if !happens(rng, self.probability) {
            return;
        }
        let channels = groups.len().max(1);
        // Groups are numbered by their first channel, so each factor is drawn once, in order.
        let mut drawn = 0;
        for (channel, &group) in groups.iter().enumerate() {
            gain[channel] = if group == drawn {
                drawn += 1;
                factor(rng, self.strength)
            } else {
                let first = groups.iter().position(|&g| g == group).unwrap_or(0);
                gain[first]
            };
        }
        offset.fill(0.0);
        if self.about_mean {
            for sample in view.chunks_exact(channels) {
                for (sum, value) in offset.iter_mut().zip(sample) {
                    *sum += value;
                }
            }
            let count = (view.len() / channels).max(1) as f32;
            for (sum, g) in offset.iter_mut().zip(gain.iter()) {
                *sum = *sum / count * (1.0 - g);
            }
        }
        for sample in view.chunks_exact_mut(channels) {
            for ((value, g), o) in sample.iter_mut().zip(gain.iter()).zip(offset.iter()) {
                *value = *value * g + o;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::stream;
    use super::*;
    use proptest::prelude::*;

    fn apply(scale: Scale, view: &mut [f32], groups: &[usize], seed: u64) {
        let (mut gain, mut offset) = (vec![0.0; groups.len()], vec![0.0; groups.len()]);
        scale.apply(
            view,
            groups,
            &mut gain,
            &mut offset,
            &mut stream([seed, 0, 0, 0]),
        );
    }

    proptest! {
        #[test]
        fn factors_are_bounded_and_shared_in_a_group(strength in 0f32..1.0, seed: u64) {
            let scale = Scale { probability: 1.0, strength, about_mean: false, each: Each::Triad };
            let mut view = [1.0; 5 * 8];
            apply(scale, &mut view, &[0, 0, 1, 0, 2], seed);
            for sample in view.chunks(5) {
                prop_assert_eq!(sample, &view[..5]);
                prop_assert!(sample[0] == sample[1] && sample[0] == sample[3]);
                prop_assert!(sample.iter().all(|&f| f <= 1.0001 + strength && f * (1.0001 + strength) >= 0.9998));
            }
            prop_assert!(strength < 0.01 || view[0] != view[2]);
        }

        #[test]
        fn about_the_mean_the_mean_stays(view in prop::collection::vec(-9f32..9.0, 40), seed: u64) {
            let scale = Scale { probability: 1.0, strength: 0.8, about_mean: true, each: Each::Window };
            let mut scaled = view.clone();
            apply(scale, &mut scaled, &[0, 0], seed);
            let mean = |v: &[f32], c: usize| v.iter().skip(c).step_by(2).sum::<f32>() / 20.0;
            for c in 0..2 {
                prop_assert!((mean(&view, c) - mean(&scaled, c)).abs() < 1e-4);
            }
        }
    }
}
