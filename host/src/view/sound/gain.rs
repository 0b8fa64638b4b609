//! Louder or softer, and through another microphone: a gain for all bands, and a slope over them.

use super::super::stream::{Stream, either_way, happens};
use serde::{Deserialize, Serialize};

/// How much. A decibel of power is about 0.23 nats.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gain {
    /// Share of views, 0 to 1; 0 is off.
    pub probability: f32,
    /// Most decibels up or down.
    pub decibels: f32,
    /// Most decibels by which the highest band gains more or less than the lowest.
    pub slope: f32,
}

impl Default for Gain {
    fn default() -> Self {
        Self {
            probability: 1.0,
            decibels: 8.0,
            slope: 6.0,
        }
    }
}

/// Nats in a decibel of power.
const NATS: f32 = core::f32::consts::LN_10 / 10.0;

impl Gain {
    /// Multiplies the power above `floor` in frames of `bands` log powers.
    pub fn apply(&self, view: &mut [f32], bands: usize, floor: f32, rng: &mut Stream) {
        let happens = happens(rng, self.probability);
        let (gain, slope) = (
            either_way(rng) * self.decibels,
            either_way(rng) * self.slope,
        );
        if !happens {
            return;
        }
        let middle = (bands as f32 - 1.0) / 2.0;
        let factor = |band: usize| {
            let place = (band as f32 - middle) / (bands as f32 - 1.0).max(1.0);
            libm::expf((gain + slope * place) * NATS)
        };
        let factors: Vec<f32> = (0..bands).map(factor).collect();
        for frame in view.chunks_exact_mut(bands.max(1)) {
            for (value, factor) in frame.iter_mut().zip(&factors) {
                let power = (libm::expf(*value) - floor).max(0.0);
                *value = libm::logf(power * factor + floor);
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
        fn loud_values_move_together_and_silence_stays(decibels in 0f32..20.0, seed: u64) {
            let silence = libm::logf(1e-6);
            let mut view = [-1.0, -2.0, silence, -1.0, -2.0, silence];
            let gain = Gain { probability: 1.0, decibels, slope: 0.0 };
            gain.apply(&mut view, 3, 1e-6, &mut stream([seed, 0, 0, 0]));
            let moved = view[0] + 1.0;
            prop_assert!(moved.abs() <= decibels * NATS + 1e-3);
            prop_assert!((view[1] + 2.0 - moved).abs() < 1e-3);
            prop_assert!((view[2] - silence).abs() < 1e-3);
            prop_assert_eq!(&view[..3], &view[3..]);
        }
    }
}
