//! Views of sequences of symbols: what leaves a sequence's meaning alone.
//!
//! Crop, mask and reorder are those of Xie et al., *Contrastive Learning for Sequential Recommendation*, 2022;
//! substitution and dropout those of Wei and Zou, *EDA: Easy Data Augmentation Techniques*, 2019, over symbols. They
//! run in this order: reverse complement, crop, reorder, dropout, substitution, mask.

pub mod crop;
pub mod dropout;
pub mod mask;
pub mod reorder;
pub mod reverse_complement;
pub mod substitute;

use super::stream::Stream;
use crop::SymbolCrop;
use dropout::SymbolDropout;
use mask::SymbolMask;
use reorder::Reorder;
use reverse_complement::ReverseComplement;
use serde::{Deserialize, Serialize};
use substitute::Substitute;

/// What is done to symbols.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SymbolViews {
    /// The other strand of DNA.
    pub reverse_complement: ReverseComplement,
    /// A part of the window.
    pub crop: SymbolCrop,
    /// A stretch in another order.
    pub reorder: Reorder,
    /// Symbols that are missing.
    pub dropout: SymbolDropout,
    /// Symbols that are others.
    pub substitute: Substitute,
    /// Symbols that are hidden.
    pub mask: SymbolMask,
}

/// Makes views of windows of symbols.
#[derive(Clone, Debug)]
pub struct SymbolPipeline {
    /// What is done.
    pub views: SymbolViews,
    /// Symbols, with the blank.
    pub vocabulary: usize,
    /// The symbol that pairs with each, if they are DNA's.
    pub complements: Option<Vec<f32>>,
}

impl SymbolPipeline {
    /// Writes a view of `window` into `out`, of the same length.
    pub fn view(&self, window: &[f32], rng: &mut Stream, out: &mut [f32]) {
        for (to, from) in out.iter_mut().zip(window) {
            *to = *from;
        }
        let views = &self.views;
        if let Some(complements) = &self.complements {
            views.reverse_complement.apply(out, complements, rng);
        }
        views.crop.apply(out, rng);
        views.reorder.apply(out, rng);
        views.dropout.apply(out, rng);
        views.substitute.apply(out, self.vocabulary, rng);
        views.mask.apply(out, rng);
    }
}

#[cfg(test)]
mod tests {
    use super::super::stream;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_view_holds_symbols_of_the_vocabulary_alone(
            window in prop::collection::vec(0u8..5, 0..60), seed: u64, dna: bool,
        ) {
            let views: SymbolViews = toml::from_str(
                "reverse_complement.probability = 0.5\nreorder.probability = 0.5\nmask.share = 0.9\n\
                 dropout.share = 0.5\nsubstitute.share = 0.5\ncrop.shortest = 0.01\n",
            )
            .unwrap();
            let complements = dna.then(|| vec![0.0, 4.0, 3.0, 2.0, 1.0]);
            let pipeline = SymbolPipeline { views, vocabulary: 5, complements };
            let window: Vec<f32> = window.into_iter().map(f32::from).collect();
            let mut out = vec![f32::NAN; window.len()];
            pipeline.view(&window, &mut stream([seed, 0, 0, 0]), &mut out);
            prop_assert!(out.iter().all(|s| (0.0..5.0).contains(s) && s.fract() == 0.0));
        }
    }
}
