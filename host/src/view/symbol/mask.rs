//! Single symbols are hidden: they become blank.

use super::super::stream::{Stream, happens};
use crate::data::symbols::BLANK;
use serde::{Deserialize, Serialize};

/// How many.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SymbolMask {
    /// Share of views in which symbols are hidden, 0 to 1; 0 is off.
    pub probability: f32,
    /// Share of their symbols, 0 to 1.
    pub share: f32,
}

impl Default for SymbolMask {
    fn default() -> Self {
        Self {
            probability: 1.0,
            share: 0.1,
        }
    }
}

impl SymbolMask {
    /// Blanks each symbol with the same probability.
    pub fn apply(&self, view: &mut [f32], rng: &mut Stream) {
        if !happens(rng, self.probability) {
            return;
        }
        for symbol in view {
            if happens(rng, self.share) {
                *symbol = BLANK;
            }
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
        fn about_the_share_is_hidden_and_the_rest_stays(share in 0f32..=1.0, seed: u64) {
            let mut view = vec![3.0; 4000];
            SymbolMask { probability: 1.0, share }.apply(&mut view, &mut stream([seed, 0, 0, 0]));
            let hidden = view.iter().filter(|&&s| s == BLANK).count() as f32;
            prop_assert!((hidden / 4000.0 - share).abs() < 0.05);
            prop_assert!(view.iter().all(|&s| s == BLANK || s == 3.0));
        }
    }
}
