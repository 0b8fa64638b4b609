//! `mote compare`: objectives, widths and seeds in one command, each judged beside the same controls. What is done
//! stays done: started again, it goes on where it was.

mod page;

use super::settings::Settings;
use super::{CliError, Terminal};
use crate::cost::{Core, predict};
use crate::data::{self, Dataset};
use crate::eval::Evaluation;
use crate::export::{self, Method};
use crate::objective::ObjectiveConfig;
use crate::pipeline::{
    Console, Controls, Experiment, Learned, PipelineError, Trial, random_init, spec,
};
use crate::run::{Cancel, RunConfig, RunError, atomic};
use crate::train::world::alone;
use clap::Args;
use mote_core::image::{ModelImage, Target};
use page::{Comparison, PAGE};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What the command takes.
#[derive(Args, Debug)]
pub struct Compare {
    #[command(flatten)]
    settings: Settings,
    /// The objectives, with their usual settings; without them, that of the configuration
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    objectives: Vec<String>,
    /// Factors on the encoder's channels
    #[arg(
        long,
        value_name = "FACTORS",
        value_delimiter = ',',
        default_value = "1"
    )]
    widths: Vec<f32>,
    /// Seeds, counted from --seed
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// Folds, counted from 0
    #[arg(long, default_value_t = 1)]
    folds: usize,
    /// Folder of the results; the same folder goes on
    #[arg(long, value_name = "DIR", default_value = "runs/compare")]
    to: PathBuf,
}

/// One training, judged: a file of its own.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Cell {
    /// Everything that determined it, in TOML.
    config: String,
    /// SHA-256 of the data.
    data: String,
    evaluation: Evaluation,
    parameters: usize,
    flash: usize,
    scratch: usize,
    macs: u64,
    /// Predicted for a Cortex-M4, packed for it; see [`crate::cost`].
    instructions: Option<u64>,
    seconds: f32,
}

/// All cells of one objective and width.
#[derive(Serialize)]
struct Row {
    objective: String,
    width: f32,
    cells: Vec<Cell>,
}

impl Compare {
    /// Runs the command.
    pub fn run(&self, terminal: &mut Terminal) -> Result<(), CliError> {
        let config = self.settings.config()?;
        let objectives = if self.objectives.is_empty() {
            vec![config.objective.clone()]
        } else {
            let named = |name: &String| match &config.objective {
                // Which two are paired has no usual setting.
                paired @ ObjectiveConfig::Paired(_) if name == paired.name() => Ok(paired.clone()),
                _ => ObjectiveConfig::named(name).map_err(CliError::Config),
            };
            self.objectives
                .iter()
                .map(named)
                .collect::<Result<_, _>>()?
        };
        let dataset = data::load(&config.data).map_err(PipelineError::from)?;
        for objective in &objectives {
            objective.suits(dataset.kind).map_err(CliError::Config)?;
        }
        fs::create_dir_all(&self.to).map_err(|e| RunError::at(&self.to, e))?;
        let cancel = Cancel::new();
        cancel.on_ctrl_c()?;
        let mut rows: Vec<Row> = Vec::new();
        for objective in &objectives {
            for &width in &self.widths {
                rows.push(Row {
                    objective: objective.name().into(),
                    width,
                    cells: Vec::new(),
                });
            }
        }
        let mut folds = self.folds;
        let mut fold = 0;
        while fold < folds {
            for seed in 0..self.seeds {
                let mut config = config.clone();
                config.split.fold = fold;
                config.seed = config.seed.wrapping_add(seed);
                let mut plain = config.clone();
                plain.objective = ObjectiveConfig::default();
                let plain = Experiment::new(dataset.clone(), &plain)?;
                folds = folds.min(plain.folds);
                let wanted = objectives
                    .iter()
                    .flat_map(|objective| self.widths.iter().map(move |width| (objective, *width)));
                for ((objective, width), row) in wanted.zip(&mut rows) {
                    config.objective = objective.clone();
                    config.encoder.width = width;
                    config.check().map_err(CliError::Config)?;
                    // Two modalities, and a teacher's file, make another experiment of the same data.
                    let own = own_experiment(&dataset, &config)?;
                    let experiment = own.as_ref().unwrap_or(&plain);
                    let digest = experiment.sha256();
                    let file = self.to.join(format!(
                        "{}-width{width}-fold{fold}-seed{}.json",
                        objective.name(),
                        config.seed
                    ));
                    let text = config.to_toml()?;
                    let known = known(&file).filter(|c| c.config == text && c.data == *digest);
                    row.cells.push(match known {
                        Some(cell) => {
                            terminal.text(&format!("{}: done before", file.display()));
                            cell
                        }
                        None => {
                            terminal.heading(&format!(
                                "{}, width {width}, fold {fold}, seed {}",
                                objective.name(),
                                config.seed
                            ));
                            let cell = cell(experiment, &config, terminal, &cancel, digest)?;
                            let json = serde_json::to_vec(&cell).map_err(|e| {
                                CliError::Config(format!("{}: {e}", file.display()))
                            })?;
                            atomic::write(&file, &json)?;
                            cell
                        }
                    });
                }
            }
            fold += 1;
        }
        terminal.heading("Comparison");
        let comparison = Comparison::of(&rows)?;
        terminal.text(&comparison.table.to_text());
        comparison
            .findings()
            .iter()
            .for_each(|finding| terminal.text(finding));
        comparison.write(&self.to)?;
        let page = self.to.join(PAGE);
        terminal.text(&format!(
            "All figures are in {} (open {})",
            self.to.display(),
            page.display()
        ));
        terminal.result(&comparison.table);
        Ok(())
    }
}

/// The experiment of an objective that reads more than the data or less.
fn own_experiment(dataset: &Dataset, config: &RunConfig) -> Result<Option<Experiment>, CliError> {
    let objective = &config.objective;
    let file = objective.distillation().and_then(|d| d.teacher.as_ref());
    if objective.paired().is_none() && file.is_none() {
        return Ok(None);
    }
    Ok(Some(Experiment::new(dataset.clone(), config)?))
}

/// A cell that was finished before.
fn known(file: &Path) -> Option<Cell> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
}

fn cell(
    experiment: &Experiment,
    config: &RunConfig,
    terminal: &mut Terminal,
    cancel: &Cancel,
    digest: &str,
) -> Result<Cell, CliError> {
    let begun = Instant::now();
    if let Some([first, _]) = experiment.modalities() {
        terminal.text(&format!(
            "Judged is the first encoder of the pair, which takes {first} alone."
        ));
    }
    let spec = spec(experiment, config)?;
    let parameters = spec.parameters().map_err(PipelineError::from)?;
    let macs = spec.macs().map_err(PipelineError::from)?;
    let mut trial = Trial {
        experiment,
        config,
        console: terminal,
        journal: None,
        cancel,
        world: alone(),
    };
    let learned = trial.learn()?;
    let seconds = begun.elapsed().as_secs_f32();
    let controls = Controls {
        random_init: random_init(experiment, config)?,
        supervised: None,
    };
    let evaluation = trial.judge(&learned, &controls)?;
    let image = learned.model()?;
    Ok(Cell {
        config: config.to_toml()?,
        data: digest.into(),
        evaluation,
        parameters,
        flash: image.len(),
        scratch: image.scratch_len(),
        macs,
        instructions: instructions(experiment, &learned)?,
        seconds,
    })
}

/// What a Cortex-M4 is predicted to take for a window; `None` where a layer was never measured.
fn instructions(experiment: &Experiment, learned: &Learned) -> Result<Option<u64>, CliError> {
    let (about, windows) = (&learned.origin.about, experiment.training_values());
    let method = Method::default();
    let packed = export::int8_for(Target::Dsp, &learned.encoder, about, &windows, method)?;
    let image = ModelImage::parse(&packed).map_err(export::ExportError::from)?;
    let costs = predict(&image, Core::M4).ok();
    Ok(costs.map(|costs| costs.iter().map(|cost| cost.instructions as u64).sum()))
}
