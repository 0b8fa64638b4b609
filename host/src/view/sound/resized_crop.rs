//! Another stretch of time and pitch, drawn to the size of the window: said faster or slower, by a smaller or larger
//! throat.
//!
//! Niizumi et al., *BYOL for Audio*, 2021, section III (random resize crop); speed and vocal tract length perturbation
//! are the same in older words (Jaitly and Hinton, 2013).

use super::super::ramp::Ramp;
use super::super::stream::{Stream, factor, happens};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// How far.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResizedCrop {
    /// Share of views, 0 to 1; 0 is off.
    pub probability: f32,
    /// The pace lies between `1 / (1 + time)` and `1 + time`.
    pub time: f32,
    /// The step from band to band lies between `1 / (1 + frequency)` and `1 + frequency`.
    pub frequency: f32,
}

impl Default for ResizedCrop {
    fn default() -> Self {
        Self {
            probability: 1.0,
            time: 0.25,
            frequency: 0.15,
        }
    }
}

impl ResizedCrop {
    /// The places that a view of `frames` frames of `bands` bands reads.
    pub(super) fn ramps(&self, [frames, bands]: [usize; 2], rng: &mut Stream) -> [Ramp; 2] {
        let happens = happens(rng, self.probability);
        let steps = [factor(rng, self.time), factor(rng, self.frequency)];
        let places: [f32; 2] = [rng.random(), rng.random()];
        if !happens {
            return [Ramp::IDENTITY; 2];
        }
        let line = |step: f32, place: f32, size: usize| Ramp {
            start: place * (1.0 - step) * (size as f32 - 1.0),
            step,
        };
        [
            line(steps[0], places[0], frames),
            line(steps[1], places[1], bands),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::stream;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_slower_view_stays_inside_and_a_faster_one_holds_the_window(time in 0f32..2.0, seed: u64) {
            let crop = ResizedCrop { probability: 1.0, time, frequency: 0.0 };
            let [line, bands] = crop.ramps([50, 20], &mut stream([seed, 0, 0, 0]));
            let last = line.start + 49.0 * line.step;
            prop_assert!(line.step <= 1.0001 + time && line.step >= 0.9999 / (1.0 + time));
            if line.step <= 1.0 {
                prop_assert!(line.start >= -1e-3 && last <= 49.001);
            } else {
                prop_assert!(line.start <= 1e-3 && last >= 48.999);
            }
            prop_assert_eq!(bands, Ramp::IDENTITY);
        }
    }
}
