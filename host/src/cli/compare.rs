//! `mote compare`: objectives, widths and seeds in one command, each judged beside the same controls. What is done
//! stays done: started again, it goes on where it was.

use super::settings::Settings;
use super::{CliError, Terminal};
use crate::data;
use crate::eval::{Evaluation, Role, Summary};
use crate::objective::ObjectiveConfig;
use crate::pipeline::{
    Console, Controls, Experiment, LEARNER, PipelineError, Trial, random_init, spec,
};
use crate::report::Table;
use crate::run::{Cancel, RunConfig, RunError, atomic};
use crate::train::world::alone;
use clap::Args;
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
            let named = |name: &String| ObjectiveConfig::named(name).map_err(CliError::Config);
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
        let digest = dataset.sha256();
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
                let experiment = Experiment::new(dataset.clone(), &config)?;
                folds = folds.min(experiment.folds);
                let wanted = objectives
                    .iter()
                    .flat_map(|objective| self.widths.iter().map(move |width| (objective, *width)));
                for ((objective, width), row) in wanted.zip(&mut rows) {
                    config.objective = objective.clone();
                    config.encoder.width = width;
                    config.check().map_err(CliError::Config)?;
                    let file = self.to.join(format!(
                        "{}-width{width}-fold{fold}-seed{}.json",
                        objective.name(),
                        config.seed
                    ));
                    let text = config.to_toml()?;
                    let known = known(&file).filter(|c| c.config == text && c.data == digest);
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
                            let cell = cell(&experiment, &config, terminal, &cancel, &digest)?;
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
        let table = table(&rows)?;
        terminal.text(&table.to_text());
        terminal.text(&format!("All figures are in {}", self.to.display()));
        terminal.result(&table);
        Ok(())
    }
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
        seconds,
    })
}

/// One line for each objective and width, in int8; then the controls of the first.
fn table(rows: &[Row]) -> Result<Table, CliError> {
    let mut lines = Vec::new();
    let mut controls = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let evaluations: Vec<Evaluation> = row.cells.iter().map(|c| c.evaluation.clone()).collect();
        let summary = Summary::of(&evaluations).map_err(PipelineError::from)?;
        let Some(first) = row.cells.first() else {
            continue;
        };
        let seconds = row.cells.iter().map(|c| c.seconds).sum::<f32>() / row.cells.len() as f32;
        for set in &summary.sets {
            let learned = matches!(set.role, Role::Quantized(_));
            if !learned && (set.role == Role::Learned || at > 0) {
                continue;
            }
            let percent = |estimate: Option<f32>| {
                estimate.map_or_else(|| "-".into(), |mean| format!("{:.1}", 100.0 * mean))
            };
            let few = |k| percent(set.few_label(LEARNER, k).map(|e| e.mean));
            let mut line = vec![if learned {
                format!("{} x{}", row.objective, row.width)
            } else {
                set.name.clone()
            }];
            line.push(percent(set.linear.as_ref().map(|e| e.mean)));
            line.extend([1, 5, 20].map(few));
            line.push(format!("{:.1}", set.rank.mean));
            if learned {
                line.extend([
                    first.parameters.to_string(),
                    first.flash.to_string(),
                    first.scratch.to_string(),
                    first.macs.to_string(),
                    format!("{seconds:.0}"),
                ]);
                lines.push(line);
            } else {
                line.extend(["-"; 5].map(String::from));
                controls.push(line);
            }
        }
    }
    lines.extend(controls);
    let runs = rows.first().map_or(0, |row| row.cells.len());
    Ok(Table {
        caption: format!(
            "int8, held-out accuracy in %, mean of {runs} runs; k labels a class with the learner {LEARNER}"
        ),
        header: [
            "", "linear", "1", "5", "20", "rank", "params", "flash", "scratch", "MACs", "s",
        ]
        .map(String::from)
        .to_vec(),
        rows: lines,
    })
}
