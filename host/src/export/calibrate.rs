//! Finds the range of every tensor over calibration windows.

use super::forward::{Forward, whole_windows};
use super::{ExportError, FoldedEncoder};
use rayon::prelude::*;

/// Resolution of the histograms: eight bins for each integer, before clipping.
const BINS: usize = 2048;
/// Most windows that are looked at, spread evenly over all: a sample large enough for histograms of so many bins.
const MOST_WINDOWS: usize = 8192;

/// How a range is chosen from the values seen.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub enum Method {
    /// All values: nothing is clipped.
    MinMax,
    /// All but the same share of values at each end, in percent kept below the upper end: `99.99` clips one in 10,000
    /// at each.
    Percentile(f64),
    /// The range with the least mean squared error of rounding and clipping together.
    #[default]
    Mse,
}

/// The real values that a tensor's 256 integers span; holds 0.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Range {
    /// Lower end, at most 0.
    pub min: f32,
    /// Upper end, at least 0.
    pub max: f32,
}

impl Range {
    const EMPTY: Self = Self { min: 0.0, max: 0.0 };

    fn widened(self, value: f32) -> Self {
        Self {
            min: self.min.min(value),
            max: self.max.max(value),
        }
    }

    fn union(self, other: Self) -> Self {
        self.widened(other.min).widened(other.max)
    }
}

/// The range of every tensor of `encoder` over `windows` (`B * input_len`, normalised), the input first.
///
/// Of more than 8,192 windows it looks at 4,097 to 8,192, spread evenly. The result does not depend on the number of
/// threads.
pub fn calibrate(
    encoder: &FoldedEncoder,
    windows: &[f32],
    method: Method,
) -> Result<Vec<Range>, ExportError> {
    let len = whole_windows(encoder, windows)?;
    if let Method::Percentile(p) = method
        && !(p > 50.0 && p <= 100.0)
    {
        return Err(ExportError::Percentile(p));
    }
    let forward = Forward::new(encoder);
    let windows: Vec<&[f32]> = windows
        .chunks(len)
        .step_by((windows.len() / len).div_ceil(MOST_WINDOWS).max(1))
        .collect();
    let count = encoder.shapes().len();
    let extremes = windows
        .par_iter()
        .map(|window| extremes(&forward.tensors(window)))
        .try_reduce(
            || vec![Range::EMPTY; count],
            |a, b| Ok(a.into_iter().zip(b).map(|(a, b)| a.union(b)).collect()),
        )?;
    if method == Method::MinMax {
        return Ok(extremes);
    }
    let empty = || {
        extremes
            .iter()
            .map(|&range| Histogram::new(range))
            .collect::<Vec<_>>()
    };
    let histograms = windows
        .par_iter()
        .fold(empty, |mut histograms, window| {
            for (histogram, values) in histograms.iter_mut().zip(forward.tensors(window)) {
                values.into_iter().for_each(|value| histogram.count(value));
            }
            histograms
        })
        .reduce(empty, |a, b| {
            a.into_iter().zip(b).map(|(a, b)| a.merged(b)).collect()
        });
    let choose = |histogram: &Histogram| match method {
        Method::Percentile(p) => histogram.percentile(p),
        _ => histogram.least_error(),
    };
    Ok(histograms.par_iter().map(choose).collect())
}

fn extremes(tensors: &[Vec<f32>]) -> Result<Vec<Range>, ExportError> {
    let range = |(tensor, values): (usize, &Vec<f32>)| {
        let mut range = Range::EMPTY;
        for &value in values {
            if !value.is_finite() {
                return Err(ExportError::Activation { tensor, value });
            }
            range = range.widened(value);
        }
        Ok(range)
    };
    tensors.iter().enumerate().map(range).collect()
}

/// How often values fell into equal parts of a range. Exact zeros are not counted: every range holds 0 exactly.
struct Histogram {
    range: Range,
    counts: Vec<u64>,
}

impl Histogram {
    fn new(range: Range) -> Self {
        Self {
            range,
            counts: vec![0; BINS],
        }
    }

    fn step(&self) -> f64 {
        (f64::from(self.range.max) - f64::from(self.range.min)) / BINS as f64
    }

    fn centre(&self, bin: usize) -> f64 {
        f64::from(self.range.min) + (bin as f64 + 0.5) * self.step()
    }

    fn count(&mut self, value: f32) {
        if value != 0.0 {
            let bin = (f64::from(value) - f64::from(self.range.min)) / self.step();
            self.counts[(bin as usize).min(BINS - 1)] += 1;
        }
    }

    fn merged(mut self, other: Self) -> Self {
        self.counts
            .iter_mut()
            .zip(other.counts)
            .for_each(|(a, b)| *a += b);
        self
    }

    fn percentile(&self, p: f64) -> Range {
        let total: u64 = self.counts.iter().sum();
        let clipped = (total as f64 * (1.0 - p / 100.0)) as u64;
        let low = first_beyond(self.counts.iter(), clipped);
        let high = BINS - first_beyond(self.counts.iter().rev(), clipped);
        let at = |bin: usize| f64::from(self.range.min) + bin as f64 * self.step();
        Range {
            min: (at(low) as f32).min(0.0),
            max: (at(high) as f32).max(0.0),
        }
    }

    /// Tries every pair of shrunken ends; rounding costs `step^2 / 12` for each value inside, clipping its square.
    fn least_error(&self) -> Range {
        const TRIES: usize = 48;
        let Range { min, max } = self.range;
        let shrunken = |end: f32| {
            let tries = if end == 0.0 { 1 } else { TRIES };
            (0..tries).map(move |i| f64::from(end) * (1.0 - i as f64 / (TRIES as f64 * 1.25)))
        };
        let clip = |end: f64, beyond: fn(f64, f64) -> f64| -> (f64, f64) {
            let (mut error, mut count) = (0.0, 0.0);
            for (bin, &n) in self.counts.iter().enumerate() {
                let excess = beyond(self.centre(bin), end);
                if n > 0 && excess > 0.0 {
                    error += excess * excess * n as f64;
                    count += n as f64;
                }
            }
            (error, count)
        };
        let lows: Vec<_> = shrunken(min)
            .map(|end| (end, clip(end, |x, end| end - x)))
            .collect();
        let highs: Vec<_> = shrunken(max)
            .map(|end| (end, clip(end, |x, end| x - end)))
            .collect();
        let total = self.counts.iter().sum::<u64>() as f64;
        let mut best = (f64::INFINITY, self.range);
        for (low, (low_error, low_count)) in &lows {
            for (high, (high_error, high_count)) in &highs {
                let step = (high - low) / 255.0;
                let inside = total - low_count - high_count;
                let error = inside * step * step / 12.0 + low_error + high_error;
                if error < best.0 {
                    best = (
                        error,
                        Range {
                            min: *low as f32,
                            max: *high as f32,
                        },
                    );
                }
            }
        }
        best.1
    }
}

/// The first bin by which more than `clipped` values have passed; 0 if there are not so many.
fn first_beyond<'a>(mut counts: impl Iterator<Item = &'a u64>, clipped: u64) -> usize {
    let mut sum = 0;
    let found = counts.position(|&count| {
        sum += count;
        sum > clipped
    });
    found.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::samples::trained;
    use super::*;
    use mote_core::shape::Shape;
    use mote_core::spec::{Activation, Layer, Op, Spec, Tensor};

    fn histogram(values: impl Iterator<Item = f32> + Clone) -> Histogram {
        let range = values.clone().fold(Range::EMPTY, Range::widened);
        let mut histogram = Histogram::new(range);
        values.for_each(|value| histogram.count(value));
        histogram
    }

    #[test]
    fn an_outlier_is_clipped_only_by_the_methods_that_clip() {
        let values = (0..10_000).map(|i| i as f32 / 10_000.0).chain([30.0]);
        let h = histogram(values);
        assert_eq!(h.range.max, 30.0);
        let percentile = h.percentile(99.9);
        assert!((0.95..1.1).contains(&percentile.max), "{percentile:?}");
        let all = h.percentile(100.0);
        assert_eq!(all.max, 30.0);
        let mse = h.least_error();
        assert!(mse.max < 30.0 && mse.max > 1.0, "{mse:?}");
    }

    #[test]
    fn even_values_are_not_clipped() {
        let h = histogram((-1000..=1000).map(|i| i as f32 / 1000.0));
        let range = h.least_error();
        assert!(range.min < -0.95 && range.max > 0.95, "{range:?}");
    }

    #[test]
    fn many_windows_are_sampled_evenly() {
        let spec = Spec {
            input: Shape::sequence(1, 2),
            layers: [Layer {
                input: Tensor(0),
                op: Op::Dense {
                    channels: 1,
                    batch_norm: false,
                },
                activation: Activation::None,
            }]
            .into_iter()
            .collect(),
        };
        let encoder = FoldedEncoder::fold(&trained(&spec, 1)).unwrap();
        // One window more than is looked at, so every second is: all the even ones, the last among them.
        let mut windows = vec![0.0; 2 * (MOST_WINDOWS + 1)];
        windows[2] = 100.0;
        windows[2 * MOST_WINDOWS] = 3.0;
        let ranges = calibrate(&encoder, &windows, Method::MinMax).unwrap();
        assert_eq!(ranges[0].max, 3.0);
    }

    #[test]
    fn zeros_alone_give_an_empty_range() {
        let h = histogram([0.0; 5].into_iter());
        assert_eq!(h.least_error(), Range::EMPTY);
        assert_eq!(h.percentile(99.0), Range::EMPTY);
    }
}
