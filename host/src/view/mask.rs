//! A stretch of time is missing: its normalised values are 0, the mean of the data.
//!
//! Cutout in time (DeVries and Taylor, "Improved regularization of convolutional neural networks with
//! cutout", 2017; Park et al., "SpecAugment", 2019).

use super::stream::{Stream, below, happens};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// How long a stretch.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mask {
    /// Share of views that are masked, 0 to 1; 0 is off.
    pub probability: f32,
    /// The longest stretch as a part of the window, 0 to 1; the length is uniform up to it.
    pub longest: f32,
}

impl Default for Mask {
    fn default() -> Self {
        Self {
            probability: 0.0,
            longest: 0.2,
        }
    }
}

impl Mask {
    /// Clears one stretch of a view of `T * channels` values.
    pub fn apply(&self, view: &mut [f32], channels: usize, rng: &mut Stream) {
        if !happens(rng, self.probability) {
            return;
        }
        let samples = view.len() / channels.max(1);
        let length = ((rng.random::<f32>() * self.longest * samples as f32) as usize).min(samples);
        let start = below(rng, samples - length + 1);
        view[start * channels..(start + length) * channels].fill(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::stream;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn one_stretch_of_bounded_length_is_cleared(longest in 0f32..=1.0, samples in 0usize..200, seed: u64) {
            let mut view = vec![1.0; samples * 3];
            Mask { probability: 1.0, longest }.apply(&mut view, 3, &mut stream([seed, 0, 0, 0]));
            let cleared: Vec<usize> = (0..samples).filter(|&t| view[t * 3] == 0.0).collect();
            prop_assert!(cleared.len() as f32 <= longest * samples as f32);
            prop_assert!(cleared.windows(2).all(|w| w[1] == w[0] + 1));
            prop_assert!(view.chunks(3).all(|s| s[0] == s[1] && s[1] == s[2]));
        }
    }

    #[test]
    fn off_is_off() {
        let mut view = [1.0; 12];
        Mask {
            probability: 0.0,
            longest: 1.0,
        }
        .apply(&mut view, 3, &mut stream([0; 4]));
        assert_eq!(view, [1.0; 12]);
    }
}
