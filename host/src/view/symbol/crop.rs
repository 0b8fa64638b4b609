//! A stretch of the window stays where it is; what is around it becomes blank.

use super::super::stream::{Stream, below, happens};
use crate::data::symbols::BLANK;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// How long a stretch.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SymbolCrop {
    /// Share of views that are cropped, 0 to 1; 0 is off.
    pub probability: f32,
    /// The shortest stretch as a part of the window, 0.01 to 1.
    pub shortest: f32,
}

impl Default for SymbolCrop {
    fn default() -> Self {
        Self {
            probability: 0.5,
            shortest: 0.6,
        }
    }
}

impl SymbolCrop {
    /// Blanks everything but one stretch.
    pub fn apply(&self, view: &mut [f32], rng: &mut Stream) {
        if !happens(rng, self.probability) {
            return;
        }
        let share = self.shortest + (1.0 - self.shortest) * rng.random::<f32>();
        let length = ((share * view.len() as f32).ceil() as usize).min(view.len());
        let start = below(rng, view.len() - length + 1);
        view[..start].fill(BLANK);
        view[start + length..].fill(BLANK);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::stream;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn one_long_stretch_stays_in_its_place(shortest in 0.01f32..=1.0, samples in 0usize..200, seed: u64) {
            let window: Vec<f32> = (1..=samples).map(|s| s as f32).collect();
            let mut view = window.clone();
            SymbolCrop { probability: 1.0, shortest }.apply(&mut view, &mut stream([seed, 0, 0, 0]));
            let kept: Vec<usize> = (0..samples).filter(|&t| view[t] != BLANK).collect();
            prop_assert!(kept.len() as f32 >= shortest * samples as f32 - 1e-3);
            prop_assert!(kept.windows(2).all(|w| w[1] == w[0] + 1));
            prop_assert!(kept.iter().all(|&t| view[t] == window[t]));
        }
    }
}
