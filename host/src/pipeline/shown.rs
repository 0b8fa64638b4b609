//! Windows to look at: beside their views, and with what `masked` inpainted.

use super::{Experiment, PipelineError};
use crate::objective::masked::Masked;
use crate::report::{Sheet, views_plot};
use crate::run::RunConfig;
use crate::train::{Mode, Network};
use crate::view::stream;

/// Windows in rows, each with what belongs to it in columns, normalised.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Shown {
    /// Of the columns.
    pub names: Vec<String>,
    /// `T * C` values in each place.
    pub rows: Vec<Vec<Vec<f32>>>,
}

/// Windows that are inpainted.
const INPAINTED: usize = 6;
/// What the streams of the hiding are for.
const PURPOSE: u64 = 23;

impl Shown {
    /// `count` training windows, each beside `pairs` pairs of its views.
    ///
    /// # Errors
    /// If a number of the views is out of its range.
    pub fn views(
        experiment: &Experiment,
        config: &RunConfig,
        count: usize,
        pairs: usize,
    ) -> Result<Self, PipelineError> {
        let mut source = experiment.view_source(config)?;
        source.draw(0, 0, count);
        let (count, len) = (source.anchors().len(), source.view_len());
        let mut plain = vec![0.0; count * len];
        source.plain(&mut plain);
        let mut names = vec!["window".to_owned()];
        let mut columns = vec![plain];
        for pair in 0..pairs {
            let (mut a, mut b) = (vec![0.0; count * len], vec![0.0; count * len]);
            source.views(pair as u64, 0, &mut a, &mut b);
            columns.extend([a, b]);
            let which = if pairs == 1 {
                "view".into()
            } else {
                format!("pair {}", pair + 1)
            };
            names.extend(["a", "b"].map(|view| format!("{which} {view}")));
        }
        let row = |row: usize| {
            let column = |values: &Vec<f32>| values[row * len..(row + 1) * len].to_vec();
            columns.iter().map(column).collect()
        };
        Ok(Self {
            rows: (0..count).map(row).collect(),
            names,
        })
    }

    /// Held-out windows, what was left of them, and what `decoder` puts in its place.
    pub fn inpainted(
        experiment: &Experiment,
        masked: &Masked,
        seed: u64,
        encoder: &mut Network,
        decoder: &mut Network,
    ) -> Self {
        let trains = experiment.split.pool_rows();
        let rows = 0..experiment.windows.list.len();
        let held_out: Vec<usize> = rows
            .filter(|row| trains.binary_search(row).is_err())
            .collect();
        let stride = (held_out.len() / INPAINTED).max(1);
        let len = experiment.window_len();
        let shape = experiment.patched(encoder.spec().input);
        let inpaint = |&row: &usize| {
            let window = experiment.values[row * len..(row + 1) * len].to_vec();
            let mut seen = window.clone();
            let mut rng = stream([seed, row as u64, 0, PURPOSE]);
            let hidden = masked.hide(&mut seen, shape, &mut rng);
            let embedding = encoder.forward(&seen, Mode::Eval).to_vec();
            let decoded = decoder.forward(&embedding, Mode::Eval);
            let filled = seen.iter().zip(decoded).zip(&hidden);
            let filled = filled
                .map(|((seen, decoded), hidden)| if hidden.is_nan() { *seen } else { *decoded });
            let filled = filled.collect();
            vec![window, seen, filled]
        };
        Self {
            names: ["window", "what was seen", "inpainted"]
                .map(String::from)
                .to_vec(),
            rows: held_out
                .iter()
                .step_by(stride)
                .take(INPAINTED)
                .map(inpaint)
                .collect(),
        }
    }

    /// The windows as pixels, where `experiment` has pictures or spectrograms.
    pub fn pixels(&self, experiment: &Experiment) -> Option<Pixels> {
        let dataset = &experiment.dataset;
        let (size, channels) = match (dataset.front, dataset.picture) {
            (Some(front), _) => ([front.bands, experiment.windows.length as u16], 1),
            (None, Some(size)) => (size, dataset.width().max(1)),
            (None, None) => return None,
        };
        let view = |view: &Vec<f32>| match dataset.front {
            Some(_) => spectrogram(view, size),
            None => in_own_range(view, experiment),
        };
        let row = |views: &Vec<Vec<f32>>| views.iter().map(view).collect();
        Some(Pixels {
            rows: self.rows.iter().map(row).collect(),
            size,
            channels,
        })
    }

    /// As a figure of the page.
    ///
    /// # Errors
    /// If pictures are too large for PNG.
    pub fn to_svg(&self, title: &str, experiment: &Experiment) -> Result<String, PipelineError> {
        let Some(pixels) = self.pixels(experiment) else {
            let channels = &experiment.dataset.channels;
            return Ok(views_plot(title, &self.rows, &self.names, channels));
        };
        let wrong = |error| PipelineError::Config(format!("{title}: {error}"));
        pixels.sheet().to_svg(title, &self.names).map_err(wrong)
    }
}

/// Windows as pictures.
#[derive(Clone, PartialEq, Debug)]
pub struct Pixels {
    rows: Vec<Vec<Vec<f32>>>,
    size: [u16; 2],
    channels: usize,
}

impl Pixels {
    /// Side by side.
    pub fn sheet(&self) -> Sheet<'_> {
        Sheet {
            rows: &self.rows,
            size: self.size,
            channels: self.channels,
        }
    }
}

/// The normalised picture `view` of `experiment` in its own range, 0 to 255.
fn in_own_range(view: &[f32], experiment: &Experiment) -> Vec<f32> {
    let normaliser = &experiment.normaliser;
    let channels = experiment.dataset.width().max(1);
    let values = view.iter().enumerate();
    values
        .map(|(at, v)| v * normaliser.deviation[at % channels] + normaliser.mean[at % channels])
        .collect()
}

/// Normalised log-mel frames as people draw them: time to the right, high bands on top.
fn spectrogram(view: &[f32], [bands, frames]: [u16; 2]) -> Vec<f32> {
    let (bands, frames) = (usize::from(bands), usize::from(frames));
    let at = |y: usize, x: usize| view.get(x * bands + bands - 1 - y).copied();
    (0..bands)
        .flat_map(|y| (0..frames).map(move |x| 128.0 + 48.0 * at(y, x).unwrap_or_default()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn high_bands_are_on_top_and_time_goes_right() {
        let two_frames_of_three_bands = [0.0, 1.0, 2.0, -1.0, -2.0, 0.0];
        let expected = [224.0, 128.0, 176.0, 32.0, 128.0, 80.0];
        assert_eq!(spectrogram(&two_frames_of_three_bands, [3, 2]), expected);
    }
}
