//! A part of the picture, drawn out to the size of the whole.
//!
//! Szegedy et al., *Going Deeper with Convolutions*, 2015, section 6.

use super::super::stream::{Stream, happens};
use super::sample::Map;
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
    /// Which part of a picture of `size` (rows, columns) a view shows.
    pub fn part(&self, size: [usize; 2], rng: &mut Stream) -> Map {
        // All four are drawn always, so that this alteration leaves the draws of the others alone.
        let crops = happens(rng, self.probability);
        let area = self.smallest + (1.0 - self.smallest) * rng.random::<f32>();
        let aspect = libm::expf((2.0 * rng.random::<f32>() - 1.0) * libm::logf(MOST_ASPECT));
        let place: [f32; 2] = [rng.random(), rng.random()];
        if !crops {
            return Map::IDENTITY;
        }
        let part = |share: f32, whole: usize, place: f32| {
            let part = (share.sqrt() * whole as f32).clamp(1.0, whole as f32);
            (place * (whole as f32 - part), part / whole as f32)
        };
        let (top, down) = part(area / aspect, size[0], place[0]);
        let (left, across) = part(area * aspect, size[1], place[1]);
        Map {
            corner: [top, left],
            down: [down, 0.0],
            across: [0.0, across],
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
            let size = [height, width];
            crop.part(size, &mut stream([seed, 0, 0, 0])).sample(&picture, size, 2, &mut out);
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
        let off = ResizedCrop {
            probability: 0.0,
            smallest: 0.1,
        };
        assert_eq!(off.part([5, 7], &mut stream([1; 4])), Map::IDENTITY);
    }
}
