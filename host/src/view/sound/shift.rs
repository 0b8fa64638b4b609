//! Earlier or later.

use super::super::ramp::Ramp;
use super::super::stream::{Stream, either_way, happens};
use serde::{Deserialize, Serialize};

/// How far.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shift {
    /// Share of views, 0 to 1; 0 is off.
    pub probability: f32,
    /// Furthest, as a part of the window, 0 to 1.
    pub furthest: f32,
}

impl Default for Shift {
    fn default() -> Self {
        Self {
            probability: 1.0,
            furthest: 0.15,
        }
    }
}

impl Shift {
    /// Moves the places in time that a view of `frames` frames reads.
    pub(super) fn apply(&self, time: &mut Ramp, frames: usize, rng: &mut Stream) {
        let happens = happens(rng, self.probability);
        let share = either_way(rng);
        if happens {
            time.start += share * self.furthest * frames as f32;
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
        fn the_pace_stays_and_the_start_moves_within_bounds(furthest in 0f32..=1.0, seed: u64) {
            let mut line = Ramp { start: 3.0, step: 0.5 };
            Shift { probability: 1.0, furthest }.apply(&mut line, 40, &mut stream([seed, 0, 0, 0]));
            prop_assert_eq!(line.step, 0.5);
            prop_assert!((line.start - 3.0).abs() <= 40.0 * furthest);
        }
    }
}
