//! A rectangle is missing: its normalised values are 0, the mean of the data.
//!
//! Zhong et al., *Random Erasing Data Augmentation*, 2020.

use super::super::stream::{Stream, happens};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// How often, and how much.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Erase {
    /// Share of views that miss a rectangle, 0 to 1; 0 is off.
    pub probability: f32,
    /// Largest height and width of it, as a part of the picture's, 0 to 1.
    pub largest: f32,
}

impl Default for Erase {
    fn default() -> Self {
        Self {
            probability: 0.25,
            largest: 0.5,
        }
    }
}

impl Erase {
    /// Clears a rectangle of a view of `height x width` pixels of `channels` values.
    pub fn apply(
        &self,
        view: &mut [f32],
        [height, width]: [usize; 2],
        channels: usize,
        rng: &mut Stream,
    ) {
        let erases = happens(rng, self.probability);
        let mut span = |whole: usize| {
            let part = rng.random::<f32>() * self.largest * whole as f32;
            let part = (part.round() as usize).min(whole);
            let first = rng.random_range(0..(whole - part + 1) as u64) as usize;
            first..first + part
        };
        let (rows, columns) = (span(height), span(width));
        if !erases {
            return;
        }
        for row in rows {
            let row = &mut view[row * width * channels..][..width * channels];
            row[columns.start * channels..columns.end * channels].fill(0.0);
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
        fn what_is_missing_is_a_rectangle_of_the_size_allowed(
            height in 1usize..12, width in 1usize..12, largest in 0.0f32..=1.0, seed: u64,
        ) {
            let erase = Erase { probability: 1.0, largest };
            let mut view = vec![1.0; height * width * 2];
            erase.apply(&mut view, [height, width], 2, &mut stream([seed, 0, 0, 0]));
            let gone: Vec<usize> = (0..height * width).filter(|&i| view[2 * i] == 0.0).collect();
            prop_assert!(view.chunks(2).all(|p| p[0] == p[1]));
            if let (Some(first), Some(last)) = (gone.first(), gone.last()) {
                let (rows, columns) = (last / width - first / width + 1, last % width - first % width + 1);
                prop_assert_eq!(gone.len(), rows * columns);
                prop_assert!(rows as f32 <= largest * height as f32 + 0.5);
            }
        }
    }
}
