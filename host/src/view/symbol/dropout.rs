//! Single symbols are left out: the others move together, and the front is filled up with blanks.

use super::super::stream::{Stream, happens};
use crate::data::symbols::BLANK;
use serde::{Deserialize, Serialize};

/// How many.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SymbolDropout {
    /// Share of views in which symbols are left out, 0 to 1; 0 is off.
    pub probability: f32,
    /// Share of their symbols, 0 to 1.
    pub share: f32,
}

impl Default for SymbolDropout {
    fn default() -> Self {
        Self {
            probability: 0.5,
            share: 0.05,
        }
    }
}

impl SymbolDropout {
    /// Leaves each symbol out with the same probability.
    pub fn apply(&self, view: &mut [f32], rng: &mut Stream) {
        if !happens(rng, self.probability) {
            return;
        }
        // From the end, where the newest symbol stays the last.
        let mut free = view.len();
        for at in (0..view.len()).rev() {
            if !happens(rng, self.share) {
                free -= 1;
                view[free] = view[at];
            }
        }
        view[..free].fill(BLANK);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::stream;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_left_keeps_its_order_behind_the_blanks(share in 0f32..=1.0, samples in 0usize..200, seed: u64) {
            let mut view: Vec<f32> = (1..=samples).map(|s| s as f32).collect();
            SymbolDropout { probability: 1.0, share }.apply(&mut view, &mut stream([seed, 0, 0, 0]));
            let blanks = view.iter().take_while(|&&s| s == BLANK).count();
            prop_assert!(view[blanks..].windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert_eq!(view.len(), samples);
        }
    }
}
