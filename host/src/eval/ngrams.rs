//! The hand features of symbols: how often each short sequence occurs in a window.
//!
//! Of all sequences of one, two and three symbols the most frequent in the training windows are counted, as many as
//! the device's learners can hold; a count is divided by the number of places. No label is looked at.

use super::{Embeddings, EvalError};
use rayon::prelude::*;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Most sequences: what the covariance learner holds.
const MOST: usize = 128;
/// Symbols in the longest sequence.
const LONGEST: usize = 3;

/// The sequences that are counted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NGrams {
    /// Symbols in a window.
    length: usize,
    /// The place of each sequence among the features, by its key.
    places: BTreeMap<u32, usize>,
}

/// The numbers of up to three symbols as one; none where one is blank.
fn key(symbols: &[f32]) -> Option<u32> {
    symbols.iter().try_fold(0, |key, &symbol| {
        let symbol = symbol as u32;
        (symbol != 0).then_some(key << 9 | symbol)
    })
}

/// The key of every sequence in a window.
fn keys(window: &[f32]) -> impl Iterator<Item = u32> + '_ {
    (1..=LONGEST).flat_map(|n| window.windows(n).filter_map(key))
}

impl NGrams {
    /// Finds the most frequent sequences of `windows`, the training windows of `length` symbols one after the other.
    pub fn fit(windows: &[f32], length: usize) -> Self {
        let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
        for window in windows.chunks_exact(length.max(1)) {
            for key in keys(window) {
                *counts.entry(key).or_default() += 1;
            }
        }
        let mut found: Vec<(u32, u64)> = counts.into_iter().collect();
        found.sort_by_key(|&(key, count)| (Reverse(count), key));
        found.truncate(MOST);
        found.sort_unstable();
        let places = found
            .into_iter()
            .enumerate()
            .map(|(at, (key, _))| (key, at));
        Self {
            length,
            places: places.collect(),
        }
    }

    /// Features of every window in `windows`.
    ///
    /// # Errors
    /// [`EvalError::Dimension`] if `windows` does not come out even, or nothing is counted.
    pub fn compute(&self, windows: &[f32]) -> Result<Embeddings, EvalError> {
        let windows = Embeddings::new(windows.to_vec(), self.length)?;
        let dim = self.places.len();
        let mut values = vec![0.0; windows.rows() * dim];
        values
            .par_chunks_exact_mut(dim.max(1))
            .enumerate()
            .for_each(|(row, out)| {
                for key in keys(windows.row(row)) {
                    if let Some(&place) = self.places.get(&key) {
                        out[place] += 1.0;
                    }
                }
                out.iter_mut()
                    .for_each(|count| *count /= self.length as f32);
            });
        Embeddings::new(values, dim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_made_by_hand() {
        // a b a b: a 2, b 2, ab 2, ba 1, aba 1, bab 1.
        let window = [0.0, 1.0, 2.0, 1.0, 2.0];
        let grams = NGrams::fit(&window, 5);
        assert_eq!(grams.places.len(), 6);
        let features = grams.compute(&window).unwrap();
        let counts: Vec<f32> = features.values.iter().map(|f| f * 5.0).collect();
        let mut sorted = counts.clone();
        sorted.sort_by(f32::total_cmp);
        assert_eq!(sorted, [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
        let other = grams.compute(&[0.0, 0.0, 0.0, 2.0, 2.0]).unwrap();
        assert_eq!(other.values.iter().sum::<f32>() * 5.0, 2.0);
    }

    #[test]
    fn the_most_frequent_sequences_are_kept() {
        let window: Vec<f32> = (0..4000_u32).map(|i| (1 + i * i % 251) as f32).collect();
        let grams = NGrams::fit(&window, 4000);
        assert_eq!(grams.compute(&window).unwrap().dim, MOST);
        assert!(NGrams::fit(&[0.0; 4], 4).compute(&[0.0; 4]).is_err());
    }
}
