//! The device sits a little differently: all triads turn together about a random axis.
//!
//! Um et al., "Data augmentation of wearable sensor data for Parkinson's disease monitoring" (2017). The
//! axis is uniform on the sphere, the angle uniform up to a bound. A full turn hides the direction of
//! gravity, which often carries the class; some tens of degrees are what a loose strap does.

use super::stream::{Stream, either_way, happens};
use crate::data::Triad;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

/// How far.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rotate {
    /// Share of views that are turned, 0 to 1; 0 is off.
    pub probability: f32,
    /// The largest angle in degrees, 0 to 180.
    pub degrees: f32,
}

impl Default for Rotate {
    fn default() -> Self {
        Self {
            probability: 1.0,
            degrees: 20.0,
        }
    }
}

impl Rotate {
    /// Turns a view of `T * channels` values, all `triads` by the same rotation.
    pub fn apply(&self, view: &mut [f32], channels: usize, triads: &[Triad], rng: &mut Stream) {
        if !happens(rng, self.probability) {
            return;
        }
        let m = matrix(direction(rng), either_way(rng) * self.degrees.to_radians());
        for triad in triads {
            let [x, y, z] = triad.channels;
            if x.max(y).max(z) >= channels {
                continue;
            }
            for sample in view.chunks_exact_mut(channels) {
                let v = [sample[x], sample[y], sample[z]];
                let row = |r: [f32; 3]| r[0] * v[0] + r[1] * v[1] + r[2] * v[2];
                (sample[x], sample[y], sample[z]) = (row(m[0]), row(m[1]), row(m[2]));
            }
        }
    }
}

/// A unit vector, uniform on the sphere.
fn direction(rng: &mut Stream) -> [f32; 3] {
    let v: [f32; 3] = std::array::from_fn(|_| StandardNormal.sample(rng));
    let length = libm::sqrtf(v.iter().map(|c| c * c).sum());
    if length > 1e-6 {
        v.map(|c| c / length)
    } else {
        [1.0, 0.0, 0.0]
    }
}

/// The matrix of a turn by `angle` (radians) about the unit vector `axis` (Rodrigues' formula).
fn matrix(axis: [f32; 3], angle: f32) -> [[f32; 3]; 3] {
    let [x, y, z] = axis;
    let (s, c) = (libm::sinf(angle), libm::cosf(angle));
    let d = 1.0 - c;
    [
        [c + x * x * d, x * y * d - z * s, x * z * d + y * s],
        [x * y * d + z * s, c + y * y * d, y * z * d - x * s],
        [x * z * d - y * s, y * z * d + x * s, c + z * z * d],
    ]
}

#[cfg(test)]
mod tests {
    use super::super::stream;
    use super::*;
    use crate::data::Motion;
    use proptest::prelude::*;

    const TRIADS: [Triad; 2] = [
        Triad {
            channels: [0, 1, 2],
            motion: Motion::Arrow,
        },
        Triad {
            channels: [5, 4, 3],
            motion: Motion::Rate,
        },
    ];

    fn dot(a: &[f32], b: &[f32], order: [usize; 3], other: [usize; 3]) -> f32 {
        order.iter().zip(other).map(|(&i, j)| a[i] * b[j]).sum()
    }

    #[test]
    fn a_quarter_turn_about_z_takes_x_to_y() {
        let m = matrix([0.0, 0.0, 1.0], std::f32::consts::FRAC_PI_2);
        let expected = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]];
        assert!(
            m.iter()
                .flatten()
                .zip(expected.iter().flatten())
                .all(|(a, b)| (a - b).abs() < 1e-6)
        );
    }

    proptest! {
        #[test]
        fn lengths_and_angles_between_triads_stay(view in prop::collection::vec(-9f32..9.0, 7 * 4), seed: u64) {
            let mut turned = view.clone();
            Rotate { probability: 1.0, degrees: 180.0 }.apply(&mut turned, 7, &TRIADS, &mut stream([seed, 0, 0, 0]));
            let (a, b) = (TRIADS[0].channels, TRIADS[1].channels);
            for (old, new) in view.chunks(7).zip(turned.chunks(7)) {
                for (p, q) in [(a, a), (b, b), (a, b)] {
                    prop_assert!((dot(old, old, p, q) - dot(new, new, p, q)).abs() < 1e-3);
                }
                prop_assert_eq!(old[6], new[6]);
            }
        }

        #[test]
        fn the_angle_is_bounded(degrees in 0f32..180.0, seed: u64) {
            let mut view = [0.0, 0.0, 1.0];
            Rotate { probability: 1.0, degrees }.apply(&mut view, 3, &TRIADS[..1], &mut stream([seed, 0, 0, 0]));
            prop_assert!(view[2] >= degrees.to_radians().cos() - 1e-5, "{view:?}");
        }
    }

    #[test]
    fn off_is_off() {
        let mut view = [1.0, 2.0, 3.0];
        Rotate {
            probability: 0.0,
            degrees: 90.0,
        }
        .apply(&mut view, 3, &TRIADS[..1], &mut stream([0; 4]));
        assert_eq!(view, [1.0, 2.0, 3.0]);
    }
}
