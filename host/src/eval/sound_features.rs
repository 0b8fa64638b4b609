//! The hand features of sound: mel-frequency cepstral coefficients (Davis and Mermelstein, 1980) and how they move.
//!
//! Of each coefficient, in this order: its mean over the first, the middle and the last third of the window, its
//! deviation over time, and the deviation of its change from frame to frame.

use super::{Embeddings, EvalError};
use rayon::prelude::*;
use std::f64::consts::PI;

/// Coefficients kept; speech recognition has used as many for decades.
const COEFFICIENTS: usize = 13;
/// Parts of the window with a mean of their own.
const PARTS: usize = 3;

/// Shape of the windows that features are computed from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SoundFeatures {
    /// Frames in a window, at least 1.
    pub frames: usize,
    /// Values of a frame, at least 1.
    pub bands: usize,
}

impl SoundFeatures {
    /// Features of every window; `windows` is `B * T * M` normalised log-mel values.
    ///
    /// # Errors
    /// [`EvalError::Dimension`] if `windows` does not come out even, [`EvalError::NotFinite`] if a value
    /// is NaN or infinite.
    pub fn compute(&self, windows: &[f32]) -> Result<Embeddings, EvalError> {
        let Self { frames, bands } = *self;
        let windows = Embeddings::new(windows.to_vec(), frames * bands)?;
        let kept = COEFFICIENTS.min(bands);
        let cosines: Vec<f64> = (0..kept)
            .flat_map(|k| {
                let turn = move |b: usize| PI * k as f64 * (b as f64 + 0.5) / bands as f64;
                (0..bands).map(move |b| libm::cos(turn(b)))
            })
            .collect();
        let size = kept * (PARTS + 2);
        let mut values = vec![0.0f32; windows.rows() * size];
        values
            .par_chunks_exact_mut(size)
            .enumerate()
            .for_each(|(row, out)| {
                let window = &windows.values[row * frames * bands..(row + 1) * frames * bands];
                for (k, cosines) in cosines.chunks_exact(bands).enumerate() {
                    let coefficient = |frame: &[f32]| -> f64 {
                        let products = frame.iter().zip(cosines);
                        products.map(|(&v, c)| f64::from(v) * c).sum()
                    };
                    let track: Vec<f64> = window.chunks_exact(bands).map(coefficient).collect();
                    let change: Vec<f64> = track.windows(2).map(|w| w[1] - w[0]).collect();
                    for part in 0..PARTS {
                        let (from, to) = (part * frames / PARTS, (part + 1) * frames / PARTS);
                        out[part * kept + k] = moments(&track[from..to])[0] as f32;
                    }
                    out[PARTS * kept + k] = moments(&track)[1] as f32;
                    out[(PARTS + 1) * kept + k] = moments(&change)[1] as f32;
                }
            });
        Embeddings::new(values, size)
    }
}

/// Mean and deviation; 0 of nothing.
fn moments(values: &[f64]) -> [f64; 2] {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
    [mean, variance.sqrt()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_cosine_over_the_bands_is_one_steady_coefficient() {
        let (frames, bands) = (9, 20);
        let frame = (0..bands).map(|b| (PI * 4.0 * (b as f64 + 0.5) / 20.0).cos() as f32);
        let window: Vec<f32> = frame.collect::<Vec<_>>().repeat(frames);
        let found = SoundFeatures { frames, bands }.compute(&window).unwrap();
        assert_eq!(found.dim, 65);
        for (at, value) in found.values.iter().enumerate() {
            // The sum of squared cosines is half the number of bands.
            let expected = if at < 39 && at % 13 == 4 { 10.0 } else { 0.0 };
            assert!((value - expected).abs() < 1e-4, "{at}: {value}");
        }
    }

    #[test]
    fn what_moves_has_a_deviation_and_its_place_in_time() {
        let (frames, bands) = (6, 2);
        let window = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0];
        let found = SoundFeatures { frames, bands }.compute(&window).unwrap();
        // Coefficient 0 is the sum of the bands.
        let of_first: Vec<f32> = found.values.iter().copied().step_by(2).collect();
        assert_eq!(of_first[..3], [0.0, 0.0, 2.0]);
        assert!((of_first[3] - (8.0f32 / 9.0).sqrt()).abs() < 1e-6);
        assert!((of_first[4] - 0.8).abs() < 1e-6);
        let none = SoundFeatures {
            frames: 1,
            bands: 1,
        }
        .compute(&[3.0])
        .unwrap();
        assert!(none.values.iter().all(|v| v.is_finite()));
    }
}
