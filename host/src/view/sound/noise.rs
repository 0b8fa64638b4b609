//! Steady noise beside the sound, of any colour: its power is added band by band.

use super::super::stream::{Stream, either_way, happens};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// How much.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Noise {
    /// Share of views, 0 to 1; 0 is off.
    pub probability: f32,
    /// The loudest noise, in decibels below the loudest value of the view.
    pub below: f32,
    /// Decibels between the loudest and the softest noise.
    pub range: f32,
    /// Most decibels by which the highest band has more or less of it than the lowest.
    pub slope: f32,
}

impl Default for Noise {
    fn default() -> Self {
        Self {
            probability: 0.5,
            below: 20.0,
            range: 30.0,
            slope: 15.0,
        }
    }
}

impl Noise {
    /// Adds noise to frames of `bands` log powers.
    pub fn apply(&self, view: &mut [f32], bands: usize, rng: &mut Stream) {
        let happens = happens(rng, self.probability);
        let (depth, slope): (f32, f32) = (rng.random(), either_way(rng));
        if !happens {
            return;
        }
        let nats = core::f32::consts::LN_10 / 10.0;
        let loudest = view.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let level = loudest - (self.below + depth * self.range) * nats;
        let middle = (bands as f32 - 1.0) / 2.0;
        let tilt = slope * self.slope * nats / (bands as f32 - 1.0).max(1.0);
        for frame in view.chunks_exact_mut(bands.max(1)) {
            for (band, value) in frame.iter_mut().enumerate() {
                // The power of noise in one bin is exponentially distributed.
                let draw = -libm::logf(1.0 - rng.random::<f32>());
                let noise = libm::expf(level + tilt * (band as f32 - middle)) * draw;
                *value = libm::logf(libm::expf(*value) + noise);
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
        fn no_value_falls_and_the_loudest_hardly_rises(seed: u64, softest in -13f32..-5.0) {
            let mut view = [0.0; 60];
            view.iter_mut().step_by(2).for_each(|v| *v = softest);
            let before = view;
            let noise = Noise { probability: 1.0, slope: 0.0, ..Noise::default() };
            noise.apply(&mut view, 6, &mut stream([seed, 0, 0, 0]));
            for (after, before) in view.iter().zip(before) {
                prop_assert!(after.is_finite() && *after >= before - 1e-5);
            }
            // 20 decibels below, a draw above 20 has a chance of 2e-9.
            prop_assert!(view[1] < 0.2);
        }
    }
}
