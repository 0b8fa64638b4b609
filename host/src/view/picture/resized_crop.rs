//! A part of the picture, drawn out to the size of the whole.
//!
//! Szegedy et al., *Going Deeper with Convolutions*, 2015, section 6.

use super::super::stream::{Stream, happens};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// The widest part is this much wider than high, and the highest as much higher than wide.
const MOST_ASPECT: f32 = 4.0 / 3.0;

/// How large the part is.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResizedCrop {
    /// Share of views that are cropped, 0 to 1; 0 is off.
    pub probability: f32,
    /// The smallest part of the area, 0.01 to 1; the part is uniform between it and the whole.
    pub smallest: f32,
}

impl Default for ResizedCrop {
    fn default() -> Self {
        Self {
            probability: 1.0,
            smallest: 0.3,
        }
    }
}

impl ResizedCrop {
    /// Writes a part of `picture` (`height x width` pixels of `channels` values) to `out`, of the same size; between
    /// pixels it interpolates linearly.
    pub fn apply(
        &self,
        picture: &[f32],
        [height, width]: [usize; 2],
        channels: usize,
        rng: &mut Stream,
        out: &mut [f32],
    ) {
        // All four are drawn always, so that this alteration leaves the draws of the others alone.
        let crops = happens(rng, self.probability);
        let area = self.smallest + (1.0 - self.smallest) * rng.random::<f32>();
        let aspect = libm::expf((2.0 * rng.random::<f32>() - 1.0) * libm::logf(MOST_ASPECT));
        let place: [f32; 2] = [rng.random(), rng.random()];
        if !crops {
            out.copy_from_slice(picture);
            return;
        }
        let part = |share: f32, whole: usize, place: f32| {
            let part = (share.sqrt() * whole as f32).clamp(1.0, whole as f32);
            (place * (whole as f32 - part), part / whole as f32)
        };
        let (top, down) = part(area / aspect, height, place[0]);
        let (left, across) = part(area * aspect, width, place[1]);
        let source = |at: usize, first: f32, step: f32, whole: usize| {
            let at = (first + (at as f32 + 0.5) * step - 0.5).clamp(0.0, whole as f32 - 1.0);
            let low = at as usize;
            (low, (low + 1).min(whole - 1), at - low as f32)
        };
        for (row, out) in out.chunks_exact_mut(width * channels).enumerate() {
            let (above, below, down) = source(row, top, down, height);
            for (column, out) in out.chunks_exact_mut(channels).enumerate() {
                let (before, after, right) = source(column, left, across, width);
                for (channel, out) in out.iter_mut().enumerate() {
                    let value = |r: usize, c: usize| picture[(r * width + c) * channels + channel];
                    let mix = |a: f32, b: f32, share: f32| a + share * (b - a);
                    let upper = mix(value(above, before), value(above, after), right);
                    let lower = mix(value(below, before), value(below, after), right);
                    *out = mix(upper, lower, down);
                }
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
        fn a_part_of_a_slope_is_a_gentler_slope_inside(
            height in 1usize..20, width in 1usize..20, smallest in 0.01f32..=1.0, seed: u64,
        ) {
            let crop = ResizedCrop { probability: 1.0, smallest };
            let picture: Vec<f32> = (0..height * width).flat_map(|i| [(i / width) as f32, (i % width) as f32]).collect();
            let mut out = vec![f32::NAN; picture.len()];
            crop.apply(&picture, [height, width], 2, &mut stream([seed, 0, 0, 0]), &mut out);
            for pixel in out.chunks(2) {
                prop_assert!((0.0..=height as f32 - 1.0).contains(&pixel[0]));
                prop_assert!((0.0..=width as f32 - 1.0).contains(&pixel[1]));
            }
            for pair in out.chunks(2).collect::<Vec<_>>().windows(2) {
                prop_assert!(pair[1][0] - pair[0][0] <= 1.001);
            }
        }
    }

    #[test]
    fn off_is_off() {
        let picture: Vec<f32> = (0..35).map(|i| i as f32).collect();
        let off = ResizedCrop {
            probability: 0.0,
            smallest: 0.1,
        };
        let mut out = vec![0.0; 35];
        off.apply(&picture, [5, 7], 1, &mut stream([1; 4]), &mut out);
        assert_eq!(out, picture);
    }
}
