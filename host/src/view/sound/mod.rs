//! Views of sound, on log-mel frames: faster, slower, higher, deeper, earlier, later, louder, softer, in noise, beside
//! another sound, frames or bands missing.

pub mod gain;
pub mod mask;
pub mod mix;
pub mod noise;
pub mod resized_crop;
pub mod shift;
pub mod wave;

use super::mask::Mask;
use super::ramp::Ramp;
use super::stream::Stream;
use crate::data::Normaliser;
use gain::Gain;
use mask::BandMask;
use mix::Mix;
use noise::Noise;
use resized_crop::ResizedCrop;
use serde::{Deserialize, Serialize};
use shift::Shift;

/// All alterations of sound; probability 0 turns one off.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SoundViews {
    /// Another pace and another pitch.
    pub resized_crop: ResizedCrop,
    /// Earlier or later.
    pub shift: Shift,
    /// Louder or softer.
    pub gain: Gain,
    /// Steady noise.
    pub noise: Noise,
    /// Another sound in the background.
    pub mix: Mix,
    /// Frames are missing.
    pub mask: Mask,
    /// Bands are missing.
    pub band_mask: BandMask,
}

impl Default for SoundViews {
    fn default() -> Self {
        Self {
            resized_crop: ResizedCrop::default(),
            shift: Shift::default(),
            gain: Gain::default(),
            noise: Noise::default(),
            mix: Mix::default(),
            mask: Mask {
                probability: 0.5,
                longest: 0.2,
            },
            band_mask: BandMask::default(),
        }
    }
}

/// The whole place below `place`, and how far beyond it that lies.
fn below(place: f32) -> (isize, f32) {
    let below = place.floor();
    (below as isize, place - below)
}

/// Makes views of log-mel frames.
#[derive(Clone, Debug)]
pub struct SoundPipeline {
    /// What is done.
    pub views: SoundViews,
    /// Values of a frame.
    pub bands: usize,
    /// Power that silence has in every band.
    pub floor: f32,
    /// Applied before frames and bands are masked.
    pub normaliser: Normaliser,
}

impl SoundPipeline {
    /// Writes one view of the window at frame `start` of `recording`, normalised; `other` are frames of another sound.
    pub fn view(
        &self,
        recording: &[f32],
        start: usize,
        other: &[f32],
        rng: &mut Stream,
        out: &mut [f32],
    ) {
        let (views, bands) = (&self.views, self.bands);
        let size = [out.len() / bands.max(1), bands];
        let [mut time, pitch] = views.resized_crop.ramps(size, rng);
        views.shift.apply(&mut time, size[0], rng);
        time.start += start as f32;
        self.read(recording, [time, pitch], out);
        views.mix.apply(out, other, rng);
        views.gain.apply(out, bands, self.floor, rng);
        views.noise.apply(out, bands, rng);
        self.normaliser.apply(out);
        views.mask.apply(out, bands, rng);
        views.band_mask.apply(out, bands, rng);
    }

    /// Reads at the crossings of two ramps, linearly between frames and between bands. Outside of the recording is
    /// silence; beyond the outer bands are the outer bands.
    fn read(&self, recording: &[f32], [time, pitch]: [Ramp; 2], out: &mut [f32]) {
        let (bands, silence) = (self.bands, libm::logf(self.floor));
        let frame = |at: isize| {
            let at = usize::try_from(at).ok()?;
            recording.get(at * bands..(at + 1) * bands)
        };
        for (row, out) in out.chunks_exact_mut(bands.max(1)).enumerate() {
            let (at, later) = below(time.at(row));
            let (before, after) = (frame(at), frame(at + 1));
            for (column, out) in out.iter_mut().enumerate() {
                let (band, higher) = below(pitch.at(column));
                let last = bands as isize - 1;
                let (low, high) = (band.clamp(0, last), (band + 1).clamp(0, last));
                let value = |frame: Option<&[f32]>| {
                    let Some(frame) = frame else { return silence };
                    let (low, high) = (frame[low as usize], frame[high as usize]);
                    low + higher * (high - low)
                };
                let (before, after) = (value(before), value(after));
                *out = before + later * (after - before);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ViewConfig, stream};
    use super::*;
    use proptest::prelude::*;

    /// Whether views are finite, the same for the same stream, and another for another.
    pub(super) fn are_finite_and_their_own<const N: usize>(
        seed: u64,
        view: impl Fn(&mut Stream, &mut [f32]),
    ) -> Result<(), TestCaseError> {
        let mut views = [[0.0; N]; 3];
        for (out, key) in views.iter_mut().zip([seed, seed, seed ^ 1]) {
            view(&mut stream([key, 0, 0, 0]), out);
        }
        prop_assert!(views[0].iter().all(|v| v.is_finite()));
        prop_assert_eq!(views[0], views[1]);
        prop_assert_ne!(views[0], views[2]);
        Ok(())
    }

    fn pipeline(views: SoundViews) -> SoundPipeline {
        SoundPipeline {
            views,
            bands: 4,
            floor: 1e-6,
            normaliser: Normaliser {
                mean: vec![-3.0; 4],
                deviation: vec![2.0; 4],
            },
        }
    }

    #[test]
    fn without_alterations_the_view_is_the_normalised_window() {
        let recording: Vec<f32> = (0..80).map(|i| -(i as f32) / 10.0).collect();
        let off = pipeline(ViewConfig::none().sound);
        let mut out = [0.0; 20];
        off.view(&recording, 3, &[], &mut stream([1; 4]), &mut out);
        for (found, value) in out.iter().zip(&recording[12..32]) {
            assert_eq!(*found, (value + 3.0) / 2.0);
        }
        off.view(&recording, 18, &[], &mut stream([1; 4]), &mut out);
        assert_eq!(out[8..], [(libm::logf(1e-6) + 3.0) / 2.0; 12]);
    }

    proptest! {
        #[test]
        fn views_are_finite_and_their_own(seed: u64, start in 0usize..15) {
            let recording: Vec<f32> = (0..80).map(|i| ((i * 37) % 13) as f32 - 12.0).collect();
            let on = pipeline(SoundViews::default());
            are_finite_and_their_own::<20>(seed, |rng, out| {
                on.view(&recording, start, &recording[..20], rng, out);
            })?;
        }
    }
}
