//! The symbols of one stretch come in any order.

use super::super::stream::{Stream, below, happens};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// How long a stretch.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reorder {
    /// Share of views with such a stretch, 0 to 1; 0 is off.
    pub probability: f32,
    /// The longest stretch as a part of the window, 0 to 1; the length is uniform up to it.
    pub longest: f32,
}

impl Default for Reorder {
    fn default() -> Self {
        Self {
            probability: 0.0,
            longest: 0.2,
        }
    }
}

impl Reorder {
    /// Shuffles one stretch (Fisher and Yates).
    pub fn apply(&self, view: &mut [f32], rng: &mut Stream) {
        if !happens(rng, self.probability) {
            return;
        }
        let length = (rng.random::<f32>() * self.longest * view.len() as f32) as usize;
        let length = length.min(view.len());
        let start = below(rng, view.len() - length + 1);
        let stretch = &mut view[start..start + length];
        for at in (1..length).rev() {
            stretch.swap(at, below(rng, at + 1));
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
        fn the_same_symbols_stay_and_only_one_stretch_changes(longest in 0f32..=1.0, samples in 0usize..200, seed: u64) {
            let window: Vec<f32> = (0..samples).map(|s| s as f32).collect();
            let mut view = window.clone();
            Reorder { probability: 1.0, longest }.apply(&mut view, &mut stream([seed, 0, 0, 0]));
            let moved: Vec<usize> = (0..samples).filter(|&t| view[t] != window[t]).collect();
            if let (Some(first), Some(last)) = (moved.first(), moved.last()) {
                prop_assert!((last - first + 1) as f32 <= longest * samples as f32);
            }
            view.sort_by(f32::total_cmp);
            prop_assert_eq!(view, window);
        }
    }
}
