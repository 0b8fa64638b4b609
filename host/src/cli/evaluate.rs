//! `mote evaluate`: the recipe and its controls over several folds and seeds, because one split of few
//! people is noise.

use super::settings::Settings;
use super::{CliError, Terminal};
use crate::data;
use crate::eval::{EvaluateConfig, Evaluation, Summary};
use crate::export::{self, About, Method};
use crate::pipeline::{
    Candidates, Console, Experiment, LEARNER, Monitor, PipelineError, judge, pretrain, random_init,
    supervise,
};
use crate::report::{Verdict, tables};
use crate::run::{Cancel, Progress, RunConfig};
use clap::Args;
use mote_core::image::ModelImage;

/// What the command takes.
#[derive(Args, Debug, Default)]
pub struct Evaluate {
    #[command(flatten)]
    settings: Settings,
    /// Folds of subjects, each held out once
    #[arg(long, default_value_t = 5)]
    folds: usize,
    /// Seeds for each fold
    #[arg(long, default_value_t = 1)]
    seeds: u64,
}

impl Evaluate {
    /// Runs the command.
    pub fn run(&self, terminal: &mut Terminal) -> Result<(), CliError> {
        let mut config = self.settings.config()?;
        config.split.folds = self.folds;
        config.split.fold = 0;
        config.check().map_err(CliError::Config)?;
        let cancel = Cancel::new();
        cancel.on_ctrl_c()?;
        let first = config.seed;
        let mut evaluations = Vec::new();
        let dataset = data::load(&config.data).map_err(PipelineError::from)?;
        for fold in 0..self.folds {
            for seed in 0..self.seeds {
                config.split.fold = fold;
                config.seed = first.wrapping_add(seed);
                let experiment = Experiment::new(dataset.clone(), &config)?;
                evaluations.push(one(&experiment, &config, terminal, &cancel)?);
            }
        }
        let summary = Summary::of(&evaluations).map_err(PipelineError::from)?;
        terminal.heading(&format!(
            "{} folds, {} seeds from {first}",
            self.folds, self.seeds
        ));
        for table in tables(&summary) {
            terminal.text(&table.to_text());
        }
        terminal.text(&Verdict::of(&summary, LEARNER, &[]).to_text());
        terminal.result(&summary);
        Ok(())
    }
}

/// Trains and judges on one fold with one seed.
fn one(
    experiment: &Experiment,
    config: &RunConfig,
    terminal: &mut Terminal,
    cancel: &Cancel,
) -> Result<Evaluation, PipelineError> {
    let total = config.schedule.steps as u64;
    let name = format!("fold {} seed {}", config.split.fold, config.seed);
    let mut monitor = |task: &str| {
        let progress = Progress::new(terminal.progress(), &format!("{name} {task}"), total);
        Monitor::new(experiment, total, progress, None)
    };
    let learned = pretrain(experiment, config, &mut monitor("pretrain"), cancel)?;
    let supervised = if experiment.has_labels() {
        Some(supervise(
            experiment,
            config,
            &mut monitor("supervise"),
            cancel,
        )?)
    } else {
        None
    };
    let random = random_init(experiment, config)?;
    let about = About::plain(
        "encoder",
        experiment.windows.length as u32,
        experiment.dataset.width(),
    );
    let bytes = export::int8(
        &learned,
        &about,
        &experiment.training_values(),
        Method::default(),
    )?;
    let image = ModelImage::parse(&bytes).map_err(export::ExportError::from)?;
    let candidates = Candidates {
        learned: &learned,
        image: Some(&image),
        random_init: Some(&random),
        supervised: supervised.as_ref(),
    };
    judge(
        experiment,
        &candidates,
        config.encoder.whitening,
        &EvaluateConfig::default(),
    )
}
