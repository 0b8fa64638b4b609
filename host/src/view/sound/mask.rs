//! Frames or bands are missing: their normalised values are 0, the mean of the data.
//!
//! Park et al., *SpecAugment*, 2019. Frames are the work of [`Mask`](super::super::mask::Mask), as in other series.

use super::super::stream::{Stream, below, happens};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// How many bands.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BandMask {
    /// Share of views, 0 to 1; 0 is off.
    pub probability: f32,
    /// Most bands beside each other, as a part of all, 0 to 1.
    pub widest: f32,
}

impl Default for BandMask {
    fn default() -> Self {
        Self {
            probability: 0.5,
            widest: 0.25,
        }
    }
}

impl BandMask {
    /// Clears bands beside each other in frames of `bands` values.
    pub fn apply(&self, view: &mut [f32], bands: usize, rng: &mut Stream) {
        let happens = happens(rng, self.probability);
        let width = ((rng.random::<f32>() * self.widest * (bands + 1) as f32) as usize).min(bands);
        let first = below(rng, bands - width + 1);
        if !happens {
            return;
        }
        for frame in view.chunks_exact_mut(bands.max(1)) {
            frame[first..first + width].fill(0.0);
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
        fn the_same_neighbouring_bands_are_cleared_in_every_frame(
            widest in 0f32..=1.0, bands in 1usize..40, seed: u64,
        ) {
            let mut view = vec![1.0; bands * 3];
            let mask = BandMask { probability: 1.0, widest };
            mask.apply(&mut view, bands, &mut stream([seed, 0, 0, 0]));
            let cleared: Vec<usize> = (0..bands).filter(|&b| view[b] == 0.0).collect();
            prop_assert!(cleared.len() as f32 <= widest * (bands + 1) as f32);
            prop_assert!(cleared.windows(2).all(|w| w[1] == w[0] + 1));
            prop_assert!(view.chunks(bands).all(|frame| frame == &view[..bands]));
        }
    }
}
