//! The log-mel front end: its numbers, and the tables that go into the image.

use mote_core::image::ImageError;
use mote_core::mel::{FrontEnd, HEAD_LEN, MAX_BANDS, MelStream, POINTS};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// What turns sound into log-mel frames. The tables follow from these numbers, so weights carry only them.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoundFront {
    /// Samples of sound a second.
    pub rate_hz: u32,
    /// Samples in a frame.
    pub frame: u16,
    /// Samples from one frame to the next.
    pub hop: u16,
    /// Bands of a frame.
    pub bands: u16,
    /// Where the lowest band begins.
    pub low_hz: f32,
    /// Where the highest band ends.
    pub high_hz: f32,
    /// Power added to every band, that of a tone of full scale being 1.
    pub floor: f32,
}

/// The mel scale (O'Shaughnessy, *Speech Communication*, 1987).
fn mel(hz: f64) -> f64 {
    1127.0 * libm::log1p(hz / 700.0)
}

impl SoundFront {
    /// The numbers behind the tables of an image. Only where the lowest band begins is not among them, and is worked out
    /// from the place of a bin; the highest ends at half the rate.
    pub fn like(tables: &FrontEnd<'_>) -> Self {
        let rate_hz = tables.rate_hz().round() as u32;
        let high_hz = rate_hz as f32 / 2.0;
        let bins = tables.points() / 2 + 1;
        let low_hz = (1..bins).find_map(|bin| {
            let place = tables.place(bin).filter(|place| *place > 0.0)?;
            let part = f64::from(place) / (tables.bands() + 1) as f64;
            let at = mel(bin as f64 * f64::from(rate_hz) / tables.points() as f64);
            let low = (at - mel(high_hz.into()) * part) / (1.0 - part);
            Some(700.0 * libm::expm1(low / 1127.0))
        });
        Self {
            rate_hz,
            frame: tables.frame() as u16,
            hop: tables.hop() as u16,
            bands: tables.bands() as u16,
            low_hz: low_hz.unwrap_or_default() as f32,
            high_hz,
            floor: tables.floor(),
        }
    }

    /// Points of the FFT: the frame's samples, filled up to a power of two.
    pub fn points(&self) -> usize {
        usize::from(self.frame).next_power_of_two().max(POINTS[0])
    }

    /// Weight of sample `at` of a frame: a periodic Hann window, scaled so that a tone of full scale between two bins
    /// has a power of about 1.
    pub(super) fn weight(&self, at: usize) -> f64 {
        let frame = f64::from(self.frame);
        (1.0 - libm::cos(2.0 * PI * at as f64 / frame)) * 2.0 / frame
    }

    /// The edge below bin `bin`, and the share of the bin's power that goes to the band above it.
    pub(super) fn place(&self, bin: usize) -> (usize, f64) {
        let (low, high) = (mel(self.low_hz.into()), mel(self.high_hz.into()));
        let step = (high - low) / f64::from(self.bands + 1);
        let hz = bin as f64 * f64::from(self.rate_hz) / self.points() as f64;
        let place = (mel(hz) - low) / step;
        if !(0.0..f64::from(self.bands + 1)).contains(&place) {
            // Bins outside count for an edge whose lower band there is none.
            return (0, 0.0);
        }
        (place as usize, place - libm::floor(place))
    }

    /// Section 7 of an image; see `core/FORMAT.md`.
    ///
    /// # Errors
    /// If the core refuses it, with the byte.
    pub fn section(&self) -> Result<Vec<u8>, ImageError> {
        let mut bytes = Vec::with_capacity(HEAD_LEN);
        bytes.extend((self.rate_hz as f32).to_le_bytes());
        for number in [self.frame, self.hop, self.points() as u16, self.bands] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(self.floor.to_le_bytes());
        let bins = self.points() / 2 + 1;
        let weights = (0..usize::from(self.frame)).map(|at| self.weight(at) as f32);
        let shares = (0..bins).map(|bin| self.place(bin).1 as f32);
        bytes.extend(weights.chain(shares).flat_map(f32::to_le_bytes));
        bytes.extend((0..bins).map(|bin| self.place(bin).0 as u8));
        FrontEnd::parse(&bytes)?;
        Ok(bytes)
    }

    /// The frames of windows of `length` samples each, one window after the other, and how many frames each has; `None`
    /// where a window is shorter than a frame.
    pub fn hear(&self, windows: &[f32], length: usize) -> Option<(Vec<f32>, usize)> {
        let section = self.section().ok()?;
        let tables = FrontEnd::parse(&section).ok()?;
        let count = tables.frames(length);
        let heard = windows
            .par_chunks_exact(length.max(1))
            .map(|window| frames(&tables, window));
        let heard: Vec<Vec<f32>> = heard.collect();
        (count > 0).then(|| (heard.concat(), count))
    }

    /// What digital silence becomes in every band.
    pub fn silence(&self) -> f32 {
        libm::logf(self.floor)
    }
}

/// The log-mel frames of `sound` one after the other, by the core's own front end.
pub(super) fn frames(front: &FrontEnd<'_>, sound: &[f32]) -> Vec<f32> {
    let mut stream = Box::new(MelStream::<{ POINTS[1] }, { MAX_BANDS + 2 }>::new());
    let mut frames = Vec::with_capacity(front.frames(sound.len()) * front.bands());
    for &sample in sound {
        if let Some(frame) = stream.push(front, sample) {
            frames.extend_from_slice(frame);
        }
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;
    use mote_core::mel::TOLERANCE;
    use proptest::prelude::*;

    fn front(rate_hz: u32, frame: u16, bands: u16) -> SoundFront {
        SoundFront {
            rate_hz,
            frame,
            hop: frame / 2,
            bands,
            low_hz: 60.0,
            high_hz: rate_hz as f32 / 2.0,
            floor: 1e-6,
        }
    }

    fn heard(front: &SoundFront, sound: &[f32]) -> Vec<f32> {
        let section = front.section().unwrap();
        frames(&FrontEnd::parse(&section).unwrap(), sound)
    }

    /// One frame in f64, straight from the definitions: a sum over samples for each bin, then over bins for each band.
    fn oracle(front: &SoundFront, sound: &[f32]) -> Vec<f64> {
        let bins = front.points() / 2 + 1;
        let power: Vec<f64> = (0..bins)
            .map(|bin| {
                let (mut re, mut im) = (0.0, 0.0);
                for (at, &sample) in sound.iter().enumerate() {
                    let turn =
                        2.0 * PI * (bin * at % front.points()) as f64 / front.points() as f64;
                    re += f64::from(sample) * front.weight(at) * turn.cos();
                    im -= f64::from(sample) * front.weight(at) * turn.sin();
                }
                re * re + im * im
            })
            .collect();
        let edge = |number: usize| {
            let (low, high) = (mel(front.low_hz.into()), mel(front.high_hz.into()));
            low + (high - low) * number as f64 / f64::from(front.bands + 1)
        };
        let band = |band: usize| {
            let triangle = |bin: usize| {
                let at = mel(bin as f64 * f64::from(front.rate_hz) / front.points() as f64);
                let rise = (at - edge(band)) / (edge(band + 1) - edge(band));
                let fall = (edge(band + 2) - at) / (edge(band + 2) - edge(band + 1));
                rise.min(fall).max(0.0)
            };
            let sum: f64 = (0..bins).map(|bin| triangle(bin) * power[bin]).sum();
            (sum + f64::from(front.floor)).ln()
        };
        (0..usize::from(front.bands)).map(band).collect()
    }

    fn compare(front: &SoundFront, sound: &[f32]) {
        let frame = &sound[..usize::from(front.frame)];
        let found = heard(front, frame);
        assert_eq!(found.len(), usize::from(front.bands));
        for (band, (&found, expected)) in found.iter().zip(oracle(front, frame)).enumerate() {
            let error = (f64::from(found) - expected).abs();
            assert!(
                error <= f64::from(TOLERANCE),
                "band {band}: {found}, in f64 {expected}"
            );
        }
    }

    #[test]
    fn frames_are_those_of_an_f64_reference() {
        for (rate, frame, bands) in [
            (8000, 256, 20),
            (8000, 200, 32),
            (16000, 512, 40),
            (16000, 400, 64),
            (44100, 1024, 80),
            (4000, 60, 10),
        ] {
            let front = front(rate, frame, bands);
            let time = |i: usize| i as f32 / rate as f32;
            let tone = |i: usize| 0.9 * (2.0 * std::f32::consts::PI * 440.0 * time(i)).sin();
            compare(&front, &(0..1024).map(tone).collect::<Vec<_>>());
            compare(&front, &vec![0.0; 1024]);
            compare(
                &front,
                &(0..1024)
                    .map(|i| if i % 37 == 0 { -1.0 } else { 1e-4 })
                    .collect::<Vec<_>>(),
            );
        }
    }

    #[test]
    fn a_tone_is_loudest_in_its_band_and_silence_is_the_floor() {
        let front = front(8000, 256, 20);
        let sound: Vec<f32> = (0..256)
            .map(|i| (2.0 * std::f32::consts::PI * 1000.0 * i as f32 / 8000.0).sin())
            .collect();
        let frame = heard(&front, &sound);
        let loudest = (0..20)
            .max_by(|&a, &b| frame[a].total_cmp(&frame[b]))
            .unwrap();
        let step = (mel(4000.0) - mel(60.0)) / 21.0;
        let expected = ((mel(1000.0) - mel(60.0)) / step).round() as usize - 1;
        assert_eq!(loudest, expected);
        assert!(frame[loudest].abs() < 1.0, "{}", frame[loudest]);
        assert!(
            heard(&front, &[0.0; 256])
                .iter()
                .all(|&v| v == front.silence())
        );
    }

    #[test]
    fn the_numbers_behind_tables_are_found_again() {
        for (rate, frame, bands) in [(8000, 256, 20), (16000, 400, 64), (4000, 60, 10)] {
            let front = front(rate, frame, bands);
            let section = front.section().unwrap();
            let found = SoundFront::like(&FrontEnd::parse(&section).unwrap());
            assert!((found.low_hz - front.low_hz).abs() < 0.01, "{found:?}");
            let low_hz = front.low_hz;
            assert_eq!(SoundFront { low_hz, ..found }, front);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn noise_of_any_loudness_stays_within_the_tolerance(seed: u64, loudness in -9.0f32..0.0) {
            let mut state = seed | 1;
            let noise: Vec<f32> = (0..256).map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                ((state >> 40) as f32 / (1u64 << 23) as f32 - 1.0) * loudness.exp()
            }).collect();
            compare(&front(8000, 256, 20), &noise);
        }
    }
}
