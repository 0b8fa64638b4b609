//! Where in a recording the samples of a view are read, and reading there. Sound has such places among its bands too.

/// Evenly spaced places, relative to the first sample of the window.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Ramp {
    /// Place of the view's first sample.
    pub start: f32,
    /// Distance between samples: 1 is the recording's own pace, more is faster.
    pub step: f32,
}

impl Ramp {
    /// The window as it is.
    pub const IDENTITY: Self = Self {
        start: 0.0,
        step: 1.0,
    };

    /// Moves the ramp of `length` places, and shortens it if need be, so that it lies within
    /// `[first, last]`.
    pub fn fit(self, length: usize, first: f32, last: f32) -> Self {
        let steps = length.saturating_sub(1) as f32;
        let room = (last - first).max(0.0);
        let step = if self.step * steps > room {
            room / steps
        } else {
            self.step
        };
        // The upper bound is taken first: rounding may put it just below `first`.
        let start = self.start.min(last - step * steps).max(first);
        Self { start, step }
    }

    /// Place `i`.
    pub fn at(self, i: usize) -> f32 {
        self.start + i as f32 * self.step
    }

    /// Writes the places.
    pub fn write(self, places: &mut [f32]) {
        for (i, place) in places.iter_mut().enumerate() {
            *place = self.at(i);
        }
    }
}

/// Reads `recording` (`N * C` values) at `origin + places`, straight lines between samples; places outside
/// read its first or last sample. `out` takes `C` values for each place.
///
/// An empty recording leaves `out` alone.
pub fn read(recording: &[f32], channels: usize, origin: usize, places: &[f32], out: &mut [f32]) {
    let Some(last) = (recording.len() / channels.max(1)).checked_sub(1) else {
        return;
    };
    for (&place, out) in places.iter().zip(out.chunks_exact_mut(channels)) {
        let below = place.floor();
        let share = place - below;
        let index = origin.saturating_add_signed(below as isize).min(last);
        let from = &recording[index * channels..][..channels];
        // Left of the recording the saturated index is 0 and the share must not count.
        let outside = index == last || (below < 0.0 && below.abs() > origin as f32);
        if share == 0.0 || outside {
            out.copy_from_slice(from);
            continue;
        }
        let to = &recording[(index + 1) * channels..][..channels];
        for ((o, &a), &b) in out.iter_mut().zip(from).zip(to) {
            *o = a + (b - a) * share;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reading_interpolates_and_stays_inside() {
        let recording = [0.0, 100.0, 1.0, 200.0, 2.0, 400.0];
        let mut out = [0.0; 12];
        read(
            &recording,
            2,
            1,
            &[0.0, 0.5, -0.25, -3.5, 1.0, 9.0],
            &mut out,
        );
        assert_eq!(
            out,
            [
                1.0, 200.0, 1.5, 300.0, 0.75, 175.0, 0.0, 100.0, 2.0, 400.0, 2.0, 400.0
            ]
        );
        read(&[], 2, 0, &[0.0], &mut out);
        assert_eq!(out[0], 1.0);
    }

    proptest! {
        #[test]
        fn a_fitted_ramp_lies_within_its_bounds(
            start in -500f32..500.0, step in 0.01f32..4.0, length in 1usize..200,
            first in -300f32..=0.0, room in 0f32..600.0,
        ) {
            let last = first + room;
            let fitted = Ramp { start, step }.fit(length, first, last);
            let end = fitted.start + fitted.step * (length - 1) as f32;
            prop_assert!(fitted.start >= first && end <= last + 1e-3, "{fitted:?}");
            prop_assert!(fitted.step <= step);
            prop_assert_eq!(fitted.fit(length, first, last).step, fitted.step);
        }

        #[test]
        fn a_straight_line_is_read_exactly(start in 0f32..20.0, step in 0.1f32..2.0) {
            let recording: Vec<f32> = (0..100).map(|i| i as f32).collect();
            let mut places = [0.0; 32];
            Ramp { start, step }.write(&mut places);
            let mut out = [0.0; 32];
            read(&recording, 1, 3, &places, &mut out);
            for (place, value) in places.iter().zip(out) {
                prop_assert!((place + 3.0 - value).abs() < 1e-4);
            }
        }
    }
}
