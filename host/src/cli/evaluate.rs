//! `mote evaluate`: the recipe and its controls over several folds and seeds, because one split of few
//! people is noise.

use super::settings::Settings;
use super::{CliError, Terminal};
use crate::data;
use crate::eval::Summary;
use crate::pipeline::{Console, Experiment, LEARNER, PipelineError, Trial};
use crate::report::{Verdict, tables};
use crate::run::Cancel;
use crate::train::world::alone;
use clap::Args;

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
        let (mut folds, mut fold) = (self.folds, 0);
        while fold < folds {
            config.split.fold = fold;
            let experiment = Experiment::new(dataset.clone(), &config)?;
            folds = folds.min(experiment.folds);
            for seed in 0..self.seeds {
                config.seed = first.wrapping_add(seed);
                terminal.heading(&format!("Fold {fold}, seed {}", config.seed));
                let mut trial = Trial {
                    experiment: &experiment,
                    config: &config,
                    console: terminal,
                    journal: None,
                    cancel: &cancel,
                    world: alone(),
                };
                let learned = trial.learn()?;
                let controls = trial.controls()?;
                evaluations.push(trial.judge(&learned, &controls)?);
            }
            fold += 1;
        }
        let summary = Summary::of(&evaluations).map_err(PipelineError::from)?;
        terminal.heading(&format!("{folds} folds, {} seeds from {first}", self.seeds));
        for table in tables(&summary) {
            terminal.text(&table.to_text());
        }
        terminal.text(&Verdict::of(&summary, LEARNER, &[]).to_text());
        terminal.result(&summary);
        Ok(())
    }
}
