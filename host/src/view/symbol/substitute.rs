//! Single symbols become others of the vocabulary; blanks stay blank.

use super::super::stream::{Stream, below, happens};
use crate::data::symbols::BLANK;
use serde::{Deserialize, Serialize};

/// How many.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Substitute {
    /// Share of views in which symbols are replaced, 0 to 1; 0 is off.
    pub probability: f32,
    /// Share of their symbols, 0 to 1.
    pub share: f32,
}

impl Default for Substitute {
    fn default() -> Self {
        Self {
            probability: 0.5,
            share: 0.05,
        }
    }
}

impl Substitute {
    /// Replaces each symbol with the same probability by any of `vocabulary` symbols but the blank and itself.
    pub fn apply(&self, view: &mut [f32], vocabulary: usize, rng: &mut Stream) {
        if !happens(rng, self.probability) || vocabulary < 3 {
            return;
        }
        for symbol in view {
            if happens(rng, self.share) && *symbol != BLANK {
                let other = 1.0 + below(rng, vocabulary - 2) as f32;
                *symbol = if other < *symbol { other } else { other + 1.0 };
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
        fn every_symbol_becomes_another_and_blanks_stay(vocabulary in 3usize..256, seed: u64) {
            let window: Vec<f32> = (0..500).map(|t| (t % vocabulary) as f32).collect();
            let mut view = window.clone();
            let substitute = Substitute { probability: 1.0, share: 1.0 };
            substitute.apply(&mut view, vocabulary, &mut stream([seed, 0, 0, 0]));
            for (before, after) in window.iter().zip(&view) {
                if *before == BLANK {
                    prop_assert_eq!(*after, BLANK);
                } else {
                    prop_assert!(after != before && (1.0..vocabulary as f32).contains(after));
                }
            }
        }
    }
}
