//! The picture hangs askew: turned and slanted a little around its centre.
//!
//! Simard et al., *Best Practices for Convolutional Neural Networks Applied to Visual Document Analysis*, 2003; moving
//! and scaling it is what the resized crop does.

use super::super::stream::{Stream, either_way, happens};
use super::sample::Map;
use serde::{Deserialize, Serialize};

/// How far.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Affine {
    /// Share of views that hang askew, 0 to 1; 0, the default, is off: where pictures are upright, as clothes in
    /// Fashion-MNIST are, half of the views askew by 10 degrees gained nothing.
    pub probability: f32,
    /// Furthest turn either way, in degrees, 0 to 180.
    pub degrees: f32,
    /// Furthest slant of upright lines either way, in degrees, 0 to 45.
    pub slant: f32,
}

impl Default for Affine {
    fn default() -> Self {
        Self {
            probability: 0.0,
            degrees: 10.0,
            slant: 10.0,
        }
    }
}

impl Affine {
    /// Turns and slants what `map` shows, around the middle of a view of `size` (rows, columns).
    pub fn apply(&self, map: Map, size: [usize; 2], rng: &mut Stream) -> Map {
        let happens = happens(rng, self.probability);
        let turn = either_way(rng) * self.degrees.to_radians();
        let slant = libm::tanf(either_way(rng) * self.slant.to_radians());
        if !happens {
            return map;
        }
        let (sin, cos) = (libm::sinf(turn), libm::cosf(turn));
        // First slanted, then turned.
        map.around([[cos - slant * sin, -sin], [sin + slant * cos, cos]], size)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::stream;
    use super::*;

    #[test]
    fn a_picture_turns_around_its_middle() {
        let size = [9, 9];
        let mut picture = [0.0; 81];
        picture[4 * 9..5 * 9].fill(1.0);
        let mut seen = [false; 2];
        for seed in 0..40 {
            let affine = Affine {
                probability: 1.0,
                degrees: 45.0,
                slant: 0.0,
            };
            let map = affine.apply(Map::IDENTITY, size, &mut stream([seed, 0, 0, 0]));
            let mut out = [f32::NAN; 81];
            map.sample(&picture, size, 1, &mut out);
            assert!(
                (out[40] - 1.0).abs() < 1e-5,
                "the middle stays: {}",
                out[40]
            );
            // The bar's left end rises as far as its right end falls.
            let middle = |column: usize| {
                let weight: f32 = (0..9).map(|row| out[row * 9 + column]).sum();
                let moment: f32 = (0..9).map(|row| row as f32 * out[row * 9 + column]).sum();
                moment / weight - 4.0
            };
            assert!((middle(2) + middle(6)).abs() < 0.05);
            seen[usize::from(middle(2) > 0.0)] = true;
        }
        assert_eq!(seen, [true; 2], "both ways");
    }

    #[test]
    fn a_slant_moves_rows_sideways_only() {
        let (size, picture) = (
            [9, 9],
            core::array::from_fn::<f32, 81, _>(|i| (i / 9) as f32),
        );
        let affine = Affine {
            probability: 1.0,
            degrees: 0.0,
            slant: 40.0,
        };
        for seed in 0..20 {
            let map = affine.apply(Map::IDENTITY, size, &mut stream([seed, 0, 0, 0]));
            let mut out = [f32::NAN; 81];
            map.sample(&picture, size, 1, &mut out);
            assert_eq!(out, picture);
        }
    }

    #[test]
    fn off_is_off() {
        let map = Affine::default().apply(Map::IDENTITY, [5, 7], &mut stream([1; 4]));
        assert_eq!(map, Map::IDENTITY);
    }
}
