//! `mote evaluate --image FILE`: any model image beside hand features, as the device would run it.

use super::super::file::{self, EncoderFile};
use super::super::settings::Settings;
use super::super::suit::{self, Intake};
use super::super::{CliError, Terminal};
use super::Judged;
use crate::eval::EvaluateConfig;
use crate::objective::ObjectiveConfig;
use crate::pipeline::{Console, Experiment, judge_image};
use mote_core::image::ModelImage;
use std::ops::Range;
use std::path::Path;

/// Nobody can tell from an image what it has been trained on.
const CAVEAT: &str = "An image does not say what it was trained on: windows that it has seen look easier than they \
                      are. Hold out here what its training held out; its run's --config does.";

/// Measures the image in the file `path` on the data of `settings`, on each of the `folds` asked for, or on the one that
/// the settings name.
pub fn evaluate(
    path: &Path,
    settings: &Settings,
    folds: Option<usize>,
    terminal: &mut Terminal,
) -> Result<Judged, CliError> {
    let EncoderFile::Image(bytes) = EncoderFile::read(path)? else {
        return Err(CliError::Config(format!(
            "{}: --image expects a model image, found trained weights; make one with mote quantize",
            path.display()
        )));
    };
    let image = file::parse(path, &bytes)?;
    let mut config = settings.base()?;
    config.window.length = image.window_len();
    if image.front_end().is_none() && image.hop_len() > 0 {
        config.window.hop = image.hop_len();
    }
    let joined = config.objective.paired().and_then(|p| p.with.as_ref());
    if joined.is_none() {
        // What the image was trained for is of no concern here; with which other data it was says what was held out.
        config.objective = ObjectiveConfig::default();
    }
    let mut config = settings.over(config)?;
    if let Some(folds) = folds {
        (config.split.folds, config.split.fold) = (folds, 0);
    }
    config.check().map_err(CliError::Config)?;

    let mut dataset = suit::load(&config.data, &image)?;
    dataset.fill(image.window_len());
    same_channels(&image, &dataset.channels)?;
    let (length, _) = dataset.cut(config.window.length, config.window.hop);
    let suits = Intake::of(&image).check(&dataset, length);
    suits.map_err(CliError::Config)?;

    let mut judged = Judged {
        heading: path.display().to_string(),
        ..Judged::default()
    };
    let mut left: Range<usize> = match folds {
        Some(count) => 0..count,
        None => config.split.fold..config.split.fold + 1,
    };
    while let Some(fold) = left.next() {
        config.split.fold = fold;
        let experiment = Experiment::new(dataset.clone(), &config)?;
        left.end = left.end.min(experiment.folds);
        terminal.heading(&format!("Fold {fold}"));
        let mut evaluation = judge_image(
            &experiment,
            (&path.display().to_string(), &image),
            &config.encoder,
            &EvaluateConfig::default(),
            terminal.progress(),
        )?;
        evaluation.notes.push(CAVEAT.into());
        judged.evaluations.push(evaluation);
    }
    Ok(judged)
}

/// Whether the data's `channels` are those of `image`, where both have names.
fn same_channels(image: &ModelImage<'_>, channels: &[String]) -> Result<(), CliError> {
    let needed: Vec<&str> = image.channel_names().collect();
    if needed.is_empty() || needed == channels {
        return Ok(());
    }
    Err(CliError::Config(format!(
        "--data: expected the channels of the image ({}), found {}; --channels says which to read, or what they are called",
        needed.join(", "),
        channels.join(", ")
    )))
}
