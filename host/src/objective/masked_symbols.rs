//! Masked symbols: say which symbols were hidden, from those around them.
//!
//! Devlin et al., *BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding*, 2019. A share of
//! the symbols of a window is asked for; of these 80 % become blank, 10 % any other symbol, and 10 % stay, so that the
//! encoder cannot tell where it is asked. The loss is the cross entropy over the places asked for
//! ([`Places`](super::cross_entropy::Places)).
//!
//! BERT looks both ways, a causal encoder only back. So the decoder, two convolutions that are thrown away, reads the
//! features of the place asked for and of some places after it, which have seen what follows.

use super::task::{StepWindows, Task};
use super::{Batch, UNLABELLED};
use crate::data::symbols::BLANK;
use crate::view::{Stream, stream};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// What the streams of this task are for.
const PURPOSE: u64 = 18;

/// What is hidden, and the decoder.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaskedSymbols {
    /// Share of the symbols that are asked for, above 0, below 1.
    pub share: f32,
    /// Places after the one asked for that the decoder reads, 0 to 64.
    pub ahead: u8,
    /// Channels of the decoder's hidden layer, 1 to 1024.
    pub decoder: u16,
}

impl Default for MaskedSymbols {
    fn default() -> Self {
        Self {
            share: 0.15,
            ahead: 8,
            decoder: 64,
        }
    }
}

impl MaskedSymbols {
    /// Hides symbols of `window`, out of `vocabulary` with the blank; returns the answers. At least one symbol is asked
    /// for, unless all are blank.
    pub fn hide(&self, window: &mut [f32], vocabulary: usize, rng: &mut Stream) -> Vec<u32> {
        let places: Vec<usize> = (0..window.len()).filter(|&t| window[t] != BLANK).collect();
        let mut answers = vec![UNLABELLED; window.len()];
        let forced = rng.random_range(0..places.len().max(1) as u64) as usize;
        for (at, &place) in places.iter().enumerate() {
            if rng.random::<f32>() >= self.share && at != forced {
                continue;
            }
            answers[place] = window[place] as u32;
            let fate = rng.random::<f32>();
            let other = rng.random_range(1..vocabulary.max(2) as u64) as f32;
            if fate < 0.8 {
                window[place] = BLANK;
            } else if fate < 0.9 {
                window[place] = other;
            }
        }
        answers
    }
}

/// Makes the rows: plain windows with symbols hidden.
pub struct MaskedSymbolsTask {
    /// What is hidden.
    pub masked: MaskedSymbols,
    /// Symbols, with the blank.
    pub vocabulary: usize,
    /// Names the draws.
    pub seed: u64,
}

impl Task for MaskedSymbolsTask {
    fn fill(&mut self, windows: &mut StepWindows<'_, '_>, batch: &mut Batch) {
        batch.inputs = windows.plain();
        let mut rng = stream([self.seed, windows.epoch, windows.batch as u64, PURPOSE]);
        let length = windows.source.view_len().max(1);
        for window in batch.inputs.chunks_exact_mut(length) {
            let answers = self.masked.hide(window, self.vocabulary, &mut rng);
            batch.labels.extend(answers);
        }
        batch.groups.extend(0..windows.count() as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn only_what_is_asked_for_may_change(
            window in prop::collection::vec(0u8..7, 1..60), share in 0.01f32..0.99, seed: u64,
        ) {
            let window: Vec<f32> = window.into_iter().map(f32::from).collect();
            let masked = MaskedSymbols { share, ..MaskedSymbols::default() };
            let mut seen = window.clone();
            let answers = masked.hide(&mut seen, 7, &mut stream([seed, 0, 0, 0]));
            let real = window.iter().any(|&s| s != BLANK);
            prop_assert_eq!(real, answers.iter().any(|&a| a != UNLABELLED));
            for ((before, after), answer) in window.iter().zip(&seen).zip(&answers) {
                if *answer == UNLABELLED {
                    prop_assert_eq!(before, after);
                } else {
                    prop_assert_eq!(*before, *answer as f32);
                    prop_assert!(*before != BLANK && (0.0..7.0).contains(after));
                }
            }
        }
    }

    #[test]
    fn eight_of_ten_are_hidden_and_one_stays() {
        let mut window = vec![3.0; 20_000];
        let masked = MaskedSymbols::default();
        let answers = masked.hide(&mut window, 100, &mut stream([5; 4]));
        let asked: Vec<f32> = window
            .iter()
            .zip(&answers)
            .filter(|(_, a)| **a != UNLABELLED)
            .map(|(s, _)| *s)
            .collect();
        let share = |test: fn(f32) -> bool| {
            asked.iter().filter(|s| test(**s)).count() as f32 / asked.len() as f32
        };
        assert!((asked.len() as f32 / 20_000.0 - 0.15).abs() < 0.01);
        assert!((share(|s| s == BLANK) - 0.8).abs() < 0.03);
        assert!((share(|s| s == 3.0) - 0.1).abs() < 0.03);
    }
}
