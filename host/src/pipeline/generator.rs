//! What an encoder trained on `next_symbol` can say: the symbol that comes next, at every place of a window.

use super::{Experiment, PipelineError};
use crate::export::{self, About, Method};
use crate::objective::UNLABELLED;
use crate::objective::next_symbol::answer;
use crate::train::trained::TrainedEncoder;
use mote_core::image::ModelImage;

/// Held-out windows that are looked at; more are thinned out evenly.
const MOST_WINDOWS: usize = 256;
/// Windows for calibration; the same.
const MOST_CALIBRATION: usize = 512;

/// The encoder's features of each place, with the head that makes logits of them.
#[derive(Clone, Debug)]
pub struct Generator {
    /// In f32: a window of symbols in, the logits of all symbols out, for each place.
    pub network: TrainedEncoder,
    /// The same in int8.
    pub image: Vec<u8>,
}

/// How sure predictions are, over all places asked.
struct Sureness {
    perplexity: f64,
    accuracy: f64,
}

impl Generator {
    /// Quantizes `network` with ranges from the training windows.
    ///
    /// # Errors
    /// If it cannot be exported.
    pub fn new(
        network: TrainedEncoder,
        experiment: &Experiment,
        about: &About,
    ) -> Result<Self, PipelineError> {
        let windows = thinned(experiment, experiment.split.pool_rows(), MOST_CALIBRATION);
        let image = export::int8(&network, about, &windows, Method::MinMax)?;
        Ok(Self { network, image })
    }

    /// How well it foretells held-out windows, in f32 and in int8, in a sentence.
    ///
    /// # Errors
    /// If the image does not run.
    pub fn held_out(&self, experiment: &Experiment) -> Result<String, PipelineError> {
        let pool = experiment.split.pool_rows();
        let rows = 0..experiment.windows.list.len();
        let rows: Vec<usize> = rows
            .filter(|row| pool.binary_search(row).is_err())
            .collect();
        let windows = thinned(experiment, &rows, MOST_WINDOWS);
        let image = ModelImage::parse(&self.image).map_err(export::ExportError::from)?;
        let (length, symbols) = (experiment.window_len(), experiment.dataset.vocabulary.len());
        let real = sureness(&self.network.embed(&windows), &windows, length, symbols);
        let quantized = sureness(&export::embed(&image, &windows)?, &windows, length, symbols);
        Ok(format!(
            "next symbol on held-out windows: perplexity {:.2} of {} symbols, right {:.1} %; in int8 {:.2}, {:.1} %",
            real.perplexity,
            symbols - 1,
            100.0 * real.accuracy,
            quantized.perplexity,
            100.0 * quantized.accuracy
        ))
    }
}

/// At most `most` of the windows `rows`.
fn thinned(experiment: &Experiment, rows: &[usize], most: usize) -> Vec<f32> {
    let len = experiment.window_len();
    let stride = rows.len().div_ceil(most).max(1);
    let rows = rows.iter().step_by(stride);
    rows.flat_map(|&row| &experiment.values[row * len..(row + 1) * len])
        .copied()
        .collect()
}

/// Compares `logits` of each place of `windows` with the symbol that follows in the window.
fn sureness(logits: &[f32], windows: &[f32], length: usize, symbols: usize) -> Sureness {
    let (mut loss, mut right, mut count) = (0.0, 0, 0);
    for (window, logits) in windows
        .chunks_exact(length)
        .zip(logits.chunks_exact(length * symbols))
    {
        for (next, logits) in window[1..].iter().zip(logits.chunks_exact(symbols)) {
            let next = answer(*next);
            if next == UNLABELLED {
                continue;
            }
            let own = f64::from(logits[next as usize]);
            let largest = logits
                .iter()
                .fold(f64::NEG_INFINITY, |a, &b| a.max(f64::from(b)));
            let sum: f64 = logits
                .iter()
                .map(|&l| libm::exp(f64::from(l) - largest))
                .sum();
            loss += libm::log(sum) + largest - own;
            right += usize::from(own == largest);
            count += 1;
        }
    }
    let count = f64::from(count.max(1));
    Sureness {
        perplexity: libm::exp(loss / count),
        accuracy: right as f64 / count,
    }
}
