//! Hand features: what an engineer computes from a window without any learning.
//!
//! For each channel, in this order: mean, deviation, mean square (energy), mean absolute difference of
//! neighbouring samples, and the logarithm of the power in up to eight bands of the spectrum, whose
//! edges are spaced geometrically from the first frequency to the highest. They are the control that a
//! learned embedding has to beat.

use super::{Embeddings, EvalError};
use rayon::prelude::*;
use realfft::RealFftPlanner;

/// Bands of the spectrum.
const BANDS: usize = 8;
/// Added to a band's power before the logarithm; windows are normalised, so 1 is a channel's variance.
const LEAST_POWER: f64 = 1e-4;

/// Shape of the windows that features are computed from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HandFeatures {
    /// Samples in a window, `T`, at least 1.
    pub samples: usize,
    /// Values in a sample, `C`, at least 1.
    pub channels: usize,
}

impl HandFeatures {
    /// Names of the features, in order.
    pub fn names(&self, channels: &[String]) -> Vec<String> {
        let kinds = ["mean", "deviation", "energy", "difference"].map(String::from);
        let bands = self.bands();
        let bands = bands
            .iter()
            .map(|&(from, to)| format!("band {from}-{}", to - 1));
        let kinds: Vec<String> = kinds.into_iter().chain(bands).collect();
        kinds
            .iter()
            .flat_map(|kind| channels.iter().map(move |c| format!("{kind} {c}")))
            .collect()
    }

    /// Features of every window; `windows` is `B * T * C` normalised values.
    ///
    /// Leave the scaling of the features to [`super::Preparation`], fitted on training windows.
    ///
    /// # Errors
    /// [`EvalError::Dimension`] if `windows` does not come out even, [`EvalError::NotFinite`] if a value
    /// is NaN or infinite.
    pub fn compute(&self, windows: &[f32]) -> Result<Embeddings, EvalError> {
        let Self { samples, channels } = *self;
        let len = samples * channels;
        let windows = Embeddings::new(windows.to_vec(), len)?;
        let bands = self.bands();
        let fft = RealFftPlanner::<f64>::new().plan_fft_forward(samples);
        let taper = hann(samples);
        let kinds = 4 + bands.len();
        let mut values = vec![0.0f32; windows.rows() * kinds * channels];
        values
            .par_chunks_exact_mut(kinds * channels)
            .enumerate()
            .for_each(|(row, out)| {
                let window = windows.row(row);
                let (mut time, mut spectrum) = (fft.make_input_vec(), fft.make_output_vec());
                for channel in 0..channels {
                    let mut put =
                        |kind: usize, value: f64| out[kind * channels + channel] = value as f32;
                    let value = |t: usize| f64::from(window[t * channels + channel]);
                    let count = samples as f64;
                    let mean = (0..samples).map(value).sum::<f64>() / count;
                    let energy = (0..samples).map(|t| value(t).powi(2)).sum::<f64>() / count;
                    let variance =
                        (0..samples).map(|t| (value(t) - mean).powi(2)).sum::<f64>() / count;
                    let jerk: f64 = (1..samples).map(|t| (value(t) - value(t - 1)).abs()).sum();
                    put(0, mean);
                    put(1, variance.sqrt());
                    put(2, energy);
                    put(3, jerk / (count - 1.0).max(1.0));
                    for (t, slot) in time.iter_mut().enumerate() {
                        *slot = (value(t) - mean) * taper[t];
                    }
                    // Fails for wrong lengths only, and both come from the plan.
                    if fft.process(&mut time, &mut spectrum).is_ok() {
                        for (band, &(from, to)) in bands.iter().enumerate() {
                            let power: f64 = spectrum[from..to].iter().map(|s| s.norm_sqr()).sum();
                            put(4 + band, (power / count + LEAST_POWER).ln());
                        }
                    }
                }
            });
        Embeddings::new(values, kinds * channels)
    }

    /// First and one-past-last bin of each band; bin 0 is the mean and belongs to none.
    fn bands(&self) -> Vec<(usize, usize)> {
        let top = (self.samples / 2 + 1) as f64;
        let edge = |i: usize| top.powf(i as f64 / BANDS as f64).round_ties_even() as usize;
        let mut edges: Vec<usize> = (0..=BANDS).map(edge).collect();
        edges.dedup();
        edges.windows(2).map(|pair| (pair[0], pair[1])).collect()
    }
}

/// A raised cosine from 0 to 0.
fn hann(samples: usize) -> Vec<f64> {
    let step = std::f64::consts::TAU / (samples.max(2) - 1) as f64;
    (0..samples)
        .map(|t| 0.5 - 0.5 * (step * t as f64).cos())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_of_a_sine_are_those_worked_out_by_hand() {
        let hand = HandFeatures {
            samples: 64,
            channels: 2,
        };
        let window: Vec<f32> = (0..64)
            .flat_map(|t| {
                [
                    3.0 + 2.0 * (std::f32::consts::TAU * 8.0 * t as f32 / 64.0).sin(),
                    -1.0,
                ]
            })
            .collect();
        let features = hand.compute(&window).unwrap();
        let names = hand.names(&["x".into(), "y".into()]);
        assert_eq!(features.dim, names.len());
        let of = |name: &str| features.values[names.iter().position(|n| n == name).unwrap()];
        assert!((of("mean x") - 3.0).abs() < 1e-5);
        assert!((of("deviation x") - 2f32.sqrt()).abs() < 1e-5);
        assert!((of("energy x") - 11.0).abs() < 1e-4);
        assert_eq!(of("difference y"), 0.0);
        assert!((of("band 1-1 y") - 1e-4f32.ln()).abs() < 1e-4);
        let bands: Vec<_> = names
            .iter()
            .filter(|n| n.starts_with("band") && n.ends_with('x'))
            .collect();
        let loudest = bands.iter().max_by(|a, b| of(a).total_cmp(&of(b))).unwrap();
        assert_eq!(loudest.as_str(), "band 6-8 x", "{names:?}");
    }

    #[test]
    fn short_windows_have_fewer_bands_and_bad_ones_are_refused() {
        for samples in 1..20 {
            let hand = HandFeatures {
                samples,
                channels: 1,
            };
            let features = hand.compute(&vec![1.0; samples * 3]).unwrap();
            assert_eq!(features.rows(), 3);
            assert_eq!(features.dim, hand.names(&["x".into()]).len());
        }
        let hand = HandFeatures {
            samples: 4,
            channels: 2,
        };
        assert!(hand.compute(&[0.0; 9]).is_err());
        assert!(hand.compute(&[f32::INFINITY; 8]).is_err());
        assert!(
            HandFeatures {
                samples: 0,
                channels: 1
            }
            .compute(&[1.0])
            .is_err()
        );
    }
}
