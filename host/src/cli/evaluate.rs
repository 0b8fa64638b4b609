//! `mote evaluate`: the recipe and its controls over several folds and seeds, because one split of few
//! people is noise. Or any model image, on any data that it takes.

mod image;

use super::settings::Settings;
use super::{CliError, Terminal};
use crate::data;
use crate::eval::{Evaluation, Summary};
use crate::pipeline::{Console, Experiment, LEARNER, PipelineError, Trial};
use crate::report::{Verdict, partner_tables, tables};
use crate::run::Cancel;
use crate::train::world::alone;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

/// What the command takes.
#[derive(Args, Debug, Default)]
pub struct Evaluate {
    #[command(flatten)]
    settings: Settings,
    /// Folds of subjects, each held out once [default: 5; with --image one alone, that of --config or the first]
    #[arg(long)]
    folds: Option<usize>,
    /// Seeds for each fold
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// Train nothing: measure this model image beside hand features, as a device runs it
    #[arg(long, value_name = "FILE", conflicts_with_all = TRAINING)]
    image: Option<PathBuf>,
}

/// Without --folds.
const FOLDS: usize = 5;

/// Flags that say how to train.
const TRAINING: [&str; 11] = [
    "seed",
    "seeds",
    "steps",
    "batch",
    "accumulate",
    "width",
    "objective",
    "pair_with",
    "teacher_width",
    "teacher",
    "hand_features",
];

/// What was measured.
#[derive(Default)]
struct Judged {
    /// What it was.
    heading: String,
    evaluations: Vec<Evaluation>,
    /// What the second encoder takes, where the objective pairs two, and its own evaluations.
    partner: Option<(String, Vec<Evaluation>)>,
}

/// What a program reads.
#[derive(Serialize)]
struct Outcome {
    #[serde(flatten)]
    summary: Summary,
    /// Of the second encoder.
    #[serde(skip_serializing_if = "Option::is_none")]
    partner: Option<Summary>,
}

impl Evaluate {
    /// Runs the command.
    pub fn run(&self, terminal: &mut Terminal) -> Result<(), CliError> {
        let Judged {
            heading,
            evaluations,
            partner,
        } = match &self.image {
            Some(path) => image::evaluate(path, &self.settings, self.folds, terminal)?,
            None => self.recipe(terminal)?,
        };
        let summary = Summary::of(&evaluations).map_err(PipelineError::from)?;
        terminal.heading(&heading);
        let mut figures = tables(&summary);
        let mut second = None;
        if let Some((modality, evaluations)) = partner {
            let summary = Summary::of(&evaluations).map_err(PipelineError::from)?;
            figures.extend(partner_tables(&summary, &modality));
            second = Some(summary);
        }
        figures
            .iter()
            .for_each(|table| terminal.text(&table.to_text()));
        terminal.text(&Verdict::of(&summary, LEARNER, &[]).to_text());
        terminal.result(&Outcome {
            summary,
            partner: second,
        });
        Ok(())
    }

    /// Trains and measures in every fold with every seed.
    fn recipe(&self, terminal: &mut Terminal) -> Result<Judged, CliError> {
        let mut config = self.settings.config()?;
        config.split.folds = self.folds.unwrap_or(FOLDS);
        config.split.fold = 0;
        config.check().map_err(CliError::Config)?;
        let cancel = Cancel::new();
        cancel.on_ctrl_c()?;
        let first = config.seed;
        let mut judged = Judged::default();
        let dataset = data::load(&config.data).map_err(PipelineError::from)?;
        let (mut folds, mut fold) = (config.split.folds, 0);
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
                judged.evaluations.push(trial.judge(&learned, &controls)?);
                if let Some((modality, evaluation)) = trial.judge_partner(&learned)? {
                    let empty = (modality, Vec::new());
                    let (_, evaluations) = judged.partner.get_or_insert(empty);
                    evaluations.push(evaluation);
                }
            }
            fold += 1;
        }
        judged.heading = format!("{folds} folds, {} seeds from {first}", self.seeds);
        Ok(judged)
    }
}
