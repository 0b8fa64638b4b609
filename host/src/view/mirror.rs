//! The movement as the other hand would have made it.
//!
//! A reflection flips the arrow along the mirror's normal (acceleration) and the axial arrows across it
//! (angular velocity, magnetic field): physics, not a random sign. Channels outside triads stay.

use super::stream::{Stream, happens};
use crate::data::{Motion, Normaliser, Triad};
use serde::{Deserialize, Serialize};

/// The axis along which left and right lie on the device.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// The first axis of each triad.
    #[default]
    X,
    /// The second.
    Y,
    /// The third.
    Z,
}

/// How often views are mirrored.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mirror {
    /// Share of views that are mirrored, 0 to 1; 0 is off, 0.5 makes the two hands equal.
    pub probability: f32,
    /// The axis along which left and right lie.
    pub axis: Axis,
}

impl Default for Mirror {
    fn default() -> Self {
        Self {
            probability: 0.5,
            axis: Axis::X,
        }
    }
}

impl Mirror {
    /// The channel that says that left and right do not lie along the axis: an arrow's, whose mean over `normaliser`'s
    /// samples is larger than its deviation. Only gravity keeps its direction like that, and no mirror between left
    /// and right turns it upside down.
    pub fn held_by_gravity(&self, triads: &[Triad], normaliser: &Normaliser) -> Option<usize> {
        let arrows = triads.iter().filter(|triad| triad.motion == Motion::Arrow);
        let mut along = arrows.map(|triad| triad.channels[self.axis as usize]);
        along.find(|&channel| {
            let steady = normaliser
                .mean
                .get(channel)
                .zip(normaliser.deviation.get(channel));
            steady.is_some_and(|(mean, deviation)| mean.abs() > *deviation)
        })
    }

    /// The sign of each of `channels` channels in the mirror.
    pub fn signs(&self, triads: &[Triad], channels: usize) -> Vec<f32> {
        let mut signs = vec![1.0; channels];
        for triad in triads {
            for (axis, &channel) in triad.channels.iter().enumerate() {
                if let Some(sign) = signs.get_mut(channel) {
                    *sign = triad.motion.mirror_sign(axis, self.axis as usize);
                }
            }
        }
        signs
    }

    /// Mirrors a view of `T * C` values, with the signs that [`Mirror::signs`] gave.
    pub fn apply(&self, view: &mut [f32], signs: &[f32], rng: &mut Stream) {
        if !happens(rng, self.probability) {
            return;
        }
        for sample in view.chunks_exact_mut(signs.len().max(1)) {
            for (value, sign) in sample.iter_mut().zip(signs) {
                *value *= sign;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::stream;
    use super::*;
    use crate::data::Motion;
    use proptest::prelude::*;

    fn triads() -> [Triad; 2] {
        [(0, Motion::Arrow), (3, Motion::Rate)].map(|(c, motion)| Triad {
            channels: [c, c + 1, c + 2],
            motion,
        })
    }

    #[test]
    fn acceleration_flips_along_and_rotation_across_the_normal() {
        let mirror = Mirror {
            probability: 1.0,
            axis: Axis::X,
        };
        assert_eq!(
            mirror.signs(&triads(), 7),
            [-1.0, 1.0, 1.0, 1.0, -1.0, -1.0, 1.0]
        );
        let mirror = Mirror {
            probability: 1.0,
            axis: Axis::Z,
        };
        assert_eq!(
            mirror.signs(&triads(), 6),
            [1.0, 1.0, -1.0, -1.0, -1.0, 1.0]
        );
    }

    #[test]
    fn what_gravity_holds_up_is_not_mirrored() {
        let standing = |mean: f32| Normaliser {
            mean: vec![mean, 0.1, 0.1, 9.0, 9.0, 9.0],
            deviation: vec![0.4; 6],
        };
        let along = |axis, normaliser: &Normaliser| {
            let mirror = Mirror {
                probability: 0.5,
                axis,
            };
            mirror.held_by_gravity(&triads(), normaliser)
        };
        // Phones at the waist stand upright; a wrist hangs and turns.
        assert_eq!(along(Axis::X, &standing(-0.8)), Some(0));
        assert_eq!(along(Axis::X, &standing(0.2)), None);
        assert_eq!(
            along(Axis::Y, &standing(-0.8)),
            None,
            "the gyroscope says nothing"
        );
        assert_eq!(along(Axis::X, &Normaliser::identity(6)), None);
    }

    proptest! {
        #[test]
        fn twice_mirrored_is_the_same(view in prop::collection::vec(-9f32..9.0, 60), seed: u64) {
            let mirror = Mirror { probability: 1.0, axis: Axis::Y };
            let signs = mirror.signs(&triads(), 6);
            let mut twice = view.clone();
            let mut rng = stream([seed, 0, 0, 0]);
            mirror.apply(&mut twice, &signs, &mut rng);
            prop_assert!(twice.iter().zip(&view).all(|(a, b)| a.abs() == b.abs()));
            mirror.apply(&mut twice, &signs, &mut rng);
            prop_assert_eq!(twice, view);
        }

        #[test]
        fn mirroring_commutes_with_the_law_of_rotation(w in prop::array::uniform3(-3f32..3.0), r in prop::array::uniform3(-3f32..3.0)) {
            // Velocity of a point: v = w x r. The mirrored w and r must give the mirrored v.
            let cross = |a: [f32; 3], b: [f32; 3]| [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
            for normal in 0..3 {
                let flip = |v: [f32; 3], motion: Motion| std::array::from_fn(|i| v[i] * motion.mirror_sign(i, normal));
                let mirrored = cross(flip(w, Motion::Rate), flip(r, Motion::Arrow));
                prop_assert_eq!(mirrored, flip(cross(w, r), Motion::Arrow));
            }
        }
    }
}
