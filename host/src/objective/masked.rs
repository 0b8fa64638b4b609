//! Masked patches: say what was hidden from what is left.
//!
//! Pathak et al., *Context Encoders: Feature Learning by Inpainting*, 2016; random patches as in He et al., *Masked
//! Autoencoders Are Scalable Vision Learners*, 2022. A share of the patches of a view becomes 0, the mean of the
//! data; a small decoder, thrown away after training, gives back all values from the embedding, and the loss is
//! [`Mse`](super::mse::Mse) over the hidden ones alone.

use super::Batch;
use super::task::{StepWindows, Task};
use crate::view::{Stream, stream};
use mote_core::shape::Shape;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// What the streams of this task are for.
const PURPOSE: u64 = 17;

/// What is hidden, and the decoder.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Masked {
    /// Share of the patches that are hidden, above 0, below 1.
    pub share: f32,
    /// Side of a patch: samples of a sequence, pixels of a picture, frames and bands of a spectrogram.
    pub patch: usize,
    /// Width of the decoder's hidden layer, 1 to 4096.
    pub decoder: u16,
}

impl Default for Masked {
    fn default() -> Self {
        Self {
            share: 0.5,
            patch: 8,
            decoder: 128,
        }
    }
}

impl Masked {
    /// Hides patches of a view of `shape`; returns what was there, NaN where nothing was hidden. At least one patch
    /// is hidden.
    pub fn hide(&self, view: &mut [f32], shape: Shape, rng: &mut Stream) -> Vec<f32> {
        let [h, w, c] = [shape.h, shape.w, shape.c].map(usize::from);
        let patch = self.patch.max(1);
        let (rows, columns) = (h.div_ceil(patch), w.div_ceil(patch));
        let forced = rng.random_range(0..(rows * columns).max(1) as u64) as usize;
        let hidden: Vec<bool> = (0..rows * columns)
            .map(|at| rng.random::<f32>() < self.share || at == forced)
            .collect();
        let mut targets = vec![f32::NAN; view.len()];
        let pixels = view.chunks_exact_mut(c).zip(targets.chunks_exact_mut(c));
        for (at, (pixel, target)) in pixels.enumerate() {
            if hidden[at / w / patch * columns + at % w / patch] {
                target.copy_from_slice(pixel);
                pixel.fill(0.0);
            }
        }
        targets
    }
}

/// Makes the rows.
pub struct MaskedTask {
    /// What is hidden.
    pub masked: Masked,
    /// Of a view.
    pub shape: Shape,
    /// Names the draws.
    pub seed: u64,
}

impl Task for MaskedTask {
    fn fill(&mut self, windows: &mut StepWindows<'_, '_>, batch: &mut Batch) {
        windows.pairs(&mut batch.inputs);
        let mut rng = stream([self.seed, windows.epoch, windows.batch as u64, PURPOSE]);
        for view in batch.inputs.chunks_exact_mut(self.shape.len().max(1)) {
            let targets = self.masked.hide(view, self.shape, &mut rng);
            batch.targets.extend(targets);
        }
        batch.groups.extend(0..2 * windows.count() as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_hidden_is_the_target_and_nothing_else(
            h in 1u16..9, w in 1u16..20, c in 1u16..4, patch in 1usize..12, share in 0.0f32..1.0, seed: u64,
        ) {
            let shape = Shape::new(h, w, c);
            let view: Vec<f32> = (1..=shape.len()).map(|i| i as f32).collect();
            let masked = Masked { share, patch, decoder: 1 };
            let mut seen = view.clone();
            let targets = masked.hide(&mut seen, shape, &mut stream([seed, 0, 0, 0]));
            prop_assert!(targets.iter().any(|t| !t.is_nan()));
            for ((before, after), target) in view.iter().zip(&seen).zip(&targets) {
                if target.is_nan() {
                    prop_assert_eq!(before, after);
                } else {
                    prop_assert_eq!((*after, target), (0.0, before));
                }
            }
        }
    }

    #[test]
    fn a_patch_is_hidden_whole() {
        let shape = Shape::new(4, 4, 1);
        let masked = Masked {
            share: 0.0,
            patch: 2,
            decoder: 1,
        };
        let mut view = [1.0; 16];
        masked.hide(&mut view, shape, &mut stream([1; 4]));
        let hidden: Vec<usize> = (0..16).filter(|&i| view[i] == 0.0).collect();
        assert_eq!(hidden.len(), 4);
        assert_eq!(hidden[3] - hidden[0], 5, "{hidden:?}");
    }
}
