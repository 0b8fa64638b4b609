//! Views of sound as it is, sample by sample: faster and higher or slower and deeper, earlier, later, louder, softer,
//! through another microphone, in noise, beside another sound, a stretch missing.
//!
//! The settings are those of log-mel frames, [`SoundViews`]. What has no counterpart, pitch apart from pace and missing
//! bands, is passed over.

use super::super::stream::{Stream, either_way, happens};
use super::gain::Gain;
use super::mix::Mix;
use super::noise::Noise;
use super::{SoundViews, below};
use crate::data::Normaliser;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

/// Makes views of raw sound.
#[derive(Clone, Debug)]
pub struct WavePipeline {
    /// What is done.
    pub views: SoundViews,
    /// Applied before a stretch is masked.
    pub normaliser: Normaliser,
}

impl WavePipeline {
    /// Writes one view of the window at sample `start` of `recording`, normalised; `other` are samples of another sound.
    pub fn view(
        &self,
        recording: &[f32],
        start: usize,
        other: &[f32],
        rng: &mut Stream,
        out: &mut [f32],
    ) {
        let views = &self.views;
        let [mut time, _] = views.resized_crop.ramps([out.len(), 1], rng);
        views.shift.apply(&mut time, out.len(), rng);
        // Linear between samples; outside of the recording is silence.
        let sample = |at: isize| {
            let at = start.checked_add_signed(at);
            at.and_then(|at| recording.get(at)).copied().unwrap_or(0.0)
        };
        for (row, out) in out.iter_mut().enumerate() {
            let (at, later) = below(time.at(row));
            let before = sample(at);
            *out = before + later * (sample(at + 1) - before);
        }
        mix(views.mix, out, other, rng);
        gain(views.gain, out, rng);
        noise(views.noise, out, rng);
        self.normaliser.apply(out);
        views.mask.apply(out, 1, rng);
    }
}

/// Decibels as a factor of amplitude.
fn amplitude(decibels: f32) -> f32 {
    libm::expf(decibels * core::f32::consts::LN_10 / 20.0)
}

/// Gives the highest frequency so many decibels more than the lowest: `x[n] - a x[n - 1]`, whose gain is `1 - a` at 0 and
/// `1 + a` at half the rate.
fn tilt(wave: &mut [f32], decibels: f32) {
    let ratio = amplitude(decibels);
    let a = (ratio - 1.0) / (ratio + 1.0);
    let mut before = 0.0;
    for value in wave {
        let now = *value;
        *value -= a * before;
        before = now;
    }
}

fn mix(mix: Mix, wave: &mut [f32], other: &[f32], rng: &mut Stream) {
    let happens = happens(rng, mix.probability);
    let share = mix.most * rng.random::<f32>();
    if !happens {
        return;
    }
    let [own, others] = [1.0 - share, share].map(libm::sqrtf);
    for (value, other) in wave.iter_mut().zip(other) {
        *value = own * *value + others * other;
    }
}

fn gain(gain: Gain, wave: &mut [f32], rng: &mut Stream) {
    let happens = happens(rng, gain.probability);
    let (level, slope) = (
        either_way(rng) * gain.decibels,
        either_way(rng) * gain.slope,
    );
    if !happens {
        return;
    }
    let factor = amplitude(level);
    wave.iter_mut().for_each(|value| *value *= factor);
    tilt(wave, slope);
}

fn noise(noise: Noise, wave: &mut [f32], rng: &mut Stream) {
    let happens = happens(rng, noise.probability);
    let (depth, slope): (f32, f32) = (rng.random(), either_way(rng) * noise.slope);
    if !happens {
        return;
    }
    let loudest = wave.iter().fold(0.0f32, |most, v| most.max(v.abs()));
    let level = loudest * amplitude(-noise.below - depth * noise.range);
    let mut draws: Vec<f32> = (0..wave.len())
        .map(|_| StandardNormal.sample(rng))
        .collect();
    tilt(&mut draws, slope);
    for (value, draw) in wave.iter_mut().zip(draws) {
        *value += level * draw;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{ViewConfig, stream};
    use super::super::tests::are_finite_and_their_own;
    use super::*;
    use proptest::prelude::*;

    fn pipeline(views: SoundViews) -> WavePipeline {
        WavePipeline {
            views,
            normaliser: Normaliser {
                mean: vec![0.5],
                deviation: vec![2.0],
            },
        }
    }

    #[test]
    fn without_alterations_the_view_is_the_normalised_window_amid_silence() {
        let recording: Vec<f32> = (0..40).map(|i| i as f32 / 10.0).collect();
        let off = pipeline(ViewConfig::none().sound);
        let mut out = [0.0; 8];
        off.view(&recording, 5, &[], &mut stream([1; 4]), &mut out);
        for (found, value) in out.iter().zip(&recording[5..]) {
            assert_eq!(*found, (value - 0.5) / 2.0);
        }
        off.view(&recording, 36, &[], &mut stream([1; 4]), &mut out);
        assert_eq!(out[4..], [-0.25; 4]);
    }

    #[test]
    fn a_tilt_weighs_the_ends_of_the_spectrum() {
        for decibels in [-12.0, 0.0, 6.0] {
            let mut low = [1.0; 50];
            let mut high: Vec<f32> = (0..50).map(|i| [1.0, -1.0][i % 2]).collect();
            tilt(&mut low, decibels);
            tilt(&mut high, decibels);
            let found = 20.0 * libm::log10f(high[40].abs() / low[40].abs());
            assert!((found - decibels).abs() < 1e-3, "{found}");
        }
    }

    #[test]
    fn another_sound_adds_its_share_of_the_power() {
        let all = Mix {
            probability: 1.0,
            most: 1.0,
        };
        let mut wave = [0.0; 4];
        mix(all, &mut wave, &[1.0; 3], &mut stream([5; 4]));
        assert!(wave[0] > 0.0 && wave[0] <= 1.0 && wave[0] == wave[2]);
        assert_eq!(wave[3], 0.0);
    }

    proptest! {
        #[test]
        fn views_are_finite_and_their_own(seed: u64, start in 0usize..30) {
            let recording: Vec<f32> = (0..80).map(|i| ((i * 37) % 13) as f32 - 6.0).collect();
            let on = pipeline(SoundViews::default());
            are_finite_and_their_own::<40>(seed, |rng, out| {
                on.view(&recording, start, &recording[..20], rng, out);
            })?;
        }
    }
}
