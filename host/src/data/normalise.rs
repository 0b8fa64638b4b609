//! Mean and deviation of each channel, measured on the training part alone.

use super::{Dataset, Kind};
use serde::{Deserialize, Serialize};

/// Turns values in the units of the data into values around 0 with deviation 1, channel by channel.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Normaliser {
    /// Mean of each channel.
    pub mean: Vec<f32>,
    /// Deviation of each channel, above 0. A channel that never moves has 1, so that it becomes 0.
    pub deviation: Vec<f32>,
}

impl Normaliser {
    /// Measures each channel over all samples of the `recordings` named by index; indices that do not
    /// exist are passed over. Each sample counts once, however many windows hold it.
    pub fn fit(dataset: &Dataset, recordings: &[usize]) -> Self {
        let width = dataset.width();
        if dataset.kind == Kind::Symbols {
            // Their numbers are names.
            return Self::identity(width);
        }
        let samples = || {
            recordings
                .iter()
                .filter_map(|&r| dataset.recordings.get(r))
                .flat_map(|r| r.samples.chunks_exact(width))
        };
        if dataset.kind == Kind::Sound {
            // Bands are rows of one picture to some encoders, so all have one mean and deviation.
            return Self::common(&|| samples().flatten().copied(), width);
        }
        let count = samples().count().max(1) as f64;
        let mut mean = vec![0f64; width];
        for sample in samples() {
            for (m, &v) in mean.iter_mut().zip(sample) {
                *m += f64::from(v);
            }
        }
        mean.iter_mut().for_each(|m| *m /= count);
        let mut variance = vec![0f64; width];
        for sample in samples() {
            for ((s, &v), m) in variance.iter_mut().zip(sample).zip(&mean) {
                *s += (f64::from(v) - m).powi(2);
            }
        }
        let deviation = variance.iter().zip(&mean);
        let deviation = deviation.map(|(s, &m)| usable(m, (s / count).sqrt()));
        Self {
            deviation: deviation.collect(),
            mean: mean.iter().map(|&m| m as f32).collect(),
        }
    }

    /// One mean and deviation of all `values`, for each of `channels`.
    fn common<I: Iterator<Item = f32>>(values: &dyn Fn() -> I, channels: usize) -> Self {
        let count = values().count().max(1) as f64;
        let mean = values().map(f64::from).sum::<f64>() / count;
        let square = |v: f32| (f64::from(v) - mean).powi(2);
        let variance = values().map(square).sum::<f64>() / count;
        Self {
            mean: vec![mean as f32; channels],
            deviation: vec![usable(mean, variance.sqrt()); channels],
        }
    }

    /// Leaves `C` channels as they are.
    pub fn identity(channels: usize) -> Self {
        Self {
            mean: vec![0.0; channels],
            deviation: vec![1.0; channels],
        }
    }

    /// Normalises `samples` (`T * C` values) in place: `x = (x - mean) / deviation`.
    pub fn apply(&self, samples: &mut [f32]) {
        for sample in samples.chunks_exact_mut(self.mean.len().max(1)) {
            for ((v, m), d) in sample.iter_mut().zip(&self.mean).zip(&self.deviation) {
                *v = (*v - m) / d;
            }
        }
    }
}

/// `deviation`, or 1 where values around `mean` never move.
fn usable(mean: f64, deviation: f64) -> f32 {
    // Below f32's resolution of the values themselves there is only rounding.
    let floor = 1e-6 * mean.abs();
    if deviation > floor && deviation > f64::from(f32::MIN_POSITIVE) {
        deviation as f32
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Recording;

    fn dataset(recordings: &[&[f32]], width: usize) -> Dataset {
        let channels = (0..width).map(|c| format!("c{c}")).collect();
        let mut dataset = Dataset::new("test", 10.0, channels);
        dataset.recordings = recordings
            .iter()
            .map(|samples| Recording {
                name: String::new(),
                subject: None,
                label: None,
                samples: samples.to_vec(),
            })
            .collect();
        dataset
    }

    #[test]
    fn training_samples_become_standard_and_test_samples_are_not_looked_at() {
        let data = dataset(&[&[1.0, 10.0, 3.0, 30.0], &[900.0, 900.0]], 2);
        let normaliser = Normaliser::fit(&data, &[0]);
        assert_eq!(normaliser.mean, [2.0, 20.0]);
        assert_eq!(normaliser.deviation, [1.0, 10.0]);
        let mut samples = data.recordings[0].samples.clone();
        normaliser.apply(&mut samples);
        assert_eq!(samples, [-1.0, -1.0, 1.0, 1.0]);
    }

    #[test]
    fn a_constant_channel_becomes_zero() {
        for value in [0.0, 0.1, 1e30, -1e-30] {
            let data = dataset(&[&[value; 100]], 1);
            let mut samples = data.recordings[0].samples.clone();
            Normaliser::fit(&data, &[0]).apply(&mut samples);
            assert!(samples.iter().all(|v| v.is_finite() && v.abs() < 1e24));
            assert!(value.abs() > 1.0 || samples.iter().all(|v| v.abs() < 1e-6));
        }
    }

    #[test]
    fn no_samples_leave_values_alone() {
        let normaliser = Normaliser::fit(&dataset(&[], 3), &[0, 7]);
        assert_eq!(normaliser, Normaliser::identity(3));
    }
}
