//! The other strand: DNA read backwards, each base as the one that it pairs with.
//!
//! Off by default, because it changes what has a direction, such as a promoter. Turn it on, with probability 0.5,
//! where both strands mean the same (Zhou et al., *DNABERT-2*, 2024).

use super::super::stream::{Stream, happens};
use serde::{Deserialize, Serialize};

/// How often.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReverseComplement {
    /// Share of views that show the other strand, 0 to 1; 0 is off. Nothing happens to what is not DNA.
    pub probability: f32,
}

impl ReverseComplement {
    /// Turns a view around; `complements` has the partner of each symbol.
    pub fn apply(&self, view: &mut [f32], complements: &[f32], rng: &mut Stream) {
        if !happens(rng, self.probability) {
            return;
        }
        view.reverse();
        for symbol in view {
            *symbol = complements
                .get(*symbol as usize)
                .copied()
                .unwrap_or(*symbol);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::stream;
    use super::*;
    use proptest::prelude::*;

    const PAIRS: [f32; 5] = [0.0, 4.0, 3.0, 2.0, 1.0];

    #[test]
    fn the_other_strand_of_aacg_is_cgtt() {
        // A, C, G, T are 1 to 4.
        let mut view = [1.0, 1.0, 2.0, 3.0];
        let always = ReverseComplement { probability: 1.0 };
        always.apply(&mut view, &PAIRS, &mut stream([1; 4]));
        assert_eq!(view, [2.0, 3.0, 4.0, 4.0]);
    }

    proptest! {
        #[test]
        fn twice_is_never(window in prop::collection::vec(0u8..5, 0..60)) {
            let window: Vec<f32> = window.into_iter().map(f32::from).collect();
            let (mut view, mut rng) = (window.clone(), stream([1; 4]));
            let always = ReverseComplement { probability: 1.0 };
            always.apply(&mut view, &PAIRS, &mut rng);
            always.apply(&mut view, &PAIRS, &mut rng);
            prop_assert_eq!(view, window);
        }
    }
}
