//! `mote data`: what was found in a folder, and what a run would do with it and why.

use super::{CliError, DataFlags, Terminal};
use crate::data::{self, DataError, Description, Kind, Windows};
use crate::pipeline::{self, Console, Experiment, PipelineError};
use crate::report::group;
use crate::run::{RunConfig, atomic};
use clap::Args;
use mote_core::preset::Preset;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What the command takes.
#[derive(Args, Debug)]
pub struct Data {
    /// The folder; without it, the recordings that ship with mote
    folder: Option<PathBuf>,
    #[command(flatten)]
    flags: DataFlags,
    /// Write down which rows a teacher's embeddings must have, one for each window, in their order (CSV)
    #[arg(long, value_name = "FILE")]
    rows: Option<PathBuf>,
}

/// What was found, for `--json`.
#[derive(Serialize)]
struct Found {
    kind: Kind,
    data: Description,
    preset: String,
    parameters: usize,
    macs: u64,
    objective: &'static str,
    advice: Vec<String>,
}

/// The windows of an experiment in their order.
fn write_rows(path: &Path, experiment: &Experiment) -> Result<(), CliError> {
    let wrong = |error: csv::Error| CliError::Config(format!("{}: {error}", path.display()));
    let mut table = csv::Writer::from_writer(Vec::new());
    table
        .write_record(["row", "recording", "name", "first_sample", "samples"])
        .map_err(wrong)?;
    for (row, window) in experiment.windows.list.iter().enumerate() {
        let numbers = [
            row,
            window.recording,
            window.start,
            experiment.windows.length,
        ];
        let [row, recording, start, samples] = numbers.map(|number| number.to_string());
        let name = &experiment.dataset.recordings[window.recording].name;
        table
            .write_record([&row, &recording, name, &start, &samples])
            .map_err(wrong)?;
    }
    let bytes = table
        .into_inner()
        .map_err(|e| wrong(e.into_error().into()))?;
    Ok(atomic::write(path, &bytes)?)
}

impl Data {
    /// Runs the command.
    pub fn run(&self, terminal: &mut Terminal) -> Result<(), CliError> {
        let mut flags = self.flags.clone();
        if self.folder.is_some() {
            flags.data.clone_from(&self.folder);
        }
        let mut config = RunConfig::of(flags.data.as_deref());
        flags.apply(&mut config);
        config.check().map_err(CliError::Config)?;
        let mut dataset = data::load(&config.data).map_err(PipelineError::from)?;
        if let Some(path) = &self.rows {
            write_rows(path, &Experiment::new(dataset, &config)?)?;
            terminal.text(&format!("The rows are in {}", path.display()));
            return Ok(());
        }
        let mut advice = Vec::new();
        let (mut length, mut hop) = dataset.cut(config.window.length, config.window.hop);
        dataset.fill(length);
        let windows = match Windows::cut(&dataset, length, hop) {
            Err(DataError::WindowTooLong { .. }) => {
                // Three quarters of the recordings shall hold a window.
                let mut lengths: Vec<usize> = (0..dataset.recordings.len())
                    .map(|r| dataset.len_of(r))
                    .collect();
                lengths.sort_unstable();
                let quarter = lengths.get(lengths.len() / 4).copied().unwrap_or(0);
                let longest = lengths.last().copied().unwrap_or(0);
                length = (1 << quarter.max(longest.min(8)).max(1).ilog2()).min(length);
                hop = (length / 2).max(1);
                advice.push(format!(
                    "the recordings are shorter than the usual window of {} samples: add --window {length} --hop {hop}",
                    config.window.length
                ));
                Windows::cut(&dataset, length, hop)
            }
            other => other,
        };
        let windows = windows.map_err(PipelineError::from)?;
        let description = Description::new(&dataset, &windows);
        description
            .lines()
            .iter()
            .for_each(|line| terminal.text(line));
        let preset = Preset::from_name(&config.encoder.preset).unwrap_or(Preset::Conv1d);
        let spec = pipeline::preset(&dataset, windows.length, &config)?;
        let parameters = spec.parameters().map_err(PipelineError::from)?;
        let macs = spec.macs().map_err(PipelineError::from)?;
        let (why_preset, why_objective) = match dataset.kind {
            Kind::Series => (
                "a window is a short stretch of a series, and strided convolutions over time see all of it",
                "two views of a window attract each other, with hand features to regress beside: the recipe \
                 measured in the README",
            ),
            Kind::Pictures => (
                "pictures are small, and residual 3 x 3 convolutions serve them best at this size",
                "two crops of a picture in other light attract each other, with its thumbnail to regress beside",
            ),
            Kind::Sound => (
                "a window is a second of log-mel frames, and strided convolutions over time see all of it; on spoken \
                 digits they did better than depthwise separable ones",
                "two views of a sound, faster, higher, in noise, attract each other",
            ),
            Kind::Symbols => (
                "each symbol is looked up in a table, and dilated causal convolutions see far back",
                "two altered copies of a sequence attract each other",
            ),
        };
        advice.push(format!(
            "encoder: {} ({} parameters, {} multiply-accumulates a window), since {why_preset}",
            preset.name(),
            group(parameters as u64),
            group(macs)
        ));
        advice.push(format!(
            "objective: {}, since {why_objective}",
            config.objective.name()
        ));
        // About one fold is held out where the data do not say what is.
        let folds = config.split.folds;
        let rows = match dataset.test.as_slice() {
            [] => windows.list.len() * (folds - 1) / folds,
            test => windows.list.len() - windows.of(test).len(),
        };
        let schedule = &config.schedule;
        advice.push(format!(
            "steps: about {} of {} pairs of views, so that each of {} training windows is shown {} times, but at least {} \
             and at most {}",
            group(schedule.steps_over(rows) as u64),
            schedule.batch,
            group(rows as u64),
            schedule.epochs,
            group(schedule.min_steps as u64),
            group(schedule.max_steps as u64)
        ));
        if description.labels.len() < 2 {
            advice.push(
                "without labels the encoder is trained all the same, but accuracy cannot be measured: put a few \
                 labelled recordings into sub-folders named by label"
                    .into(),
            );
        } else if description.subjects.len() < 2
            && dataset.test.is_empty()
            && dataset.kind != Kind::Symbols
        {
            advice.push(
                "nobody is named, so whole recordings are held out: if people were recorded, name them with \
                 --pattern, for example '{subject}_{rest}'"
                    .into(),
            );
        }
        terminal.heading("What a run would do");
        advice.iter().for_each(|line| terminal.text(line));
        terminal.result(&Found {
            kind: dataset.kind,
            data: description,
            preset: preset.name().into(),
            parameters,
            macs,
            objective: config.objective.name(),
            advice,
        });
        Ok(())
    }
}
