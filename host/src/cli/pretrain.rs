//! `mote pretrain`: one run, from recordings to a judged model image.

use super::settings::{Settings, set};
use super::{CliError, Terminal};
use crate::data;
use crate::pipeline::{Experiment, Job, PipelineError, Trial, spec, teacher};
use crate::run::dir::CONFIG;
use crate::run::{Cancel, RunConfig, RunDir};
use crate::train::world::World;
use clap::Args;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the command takes.
#[derive(Args, Debug, Default)]
pub struct Pretrain {
    #[command(flatten)]
    settings: Settings,
    /// Name of the run; its files go to runs/NAME. Without it, date, time and data set
    #[arg(long)]
    name: Option<String>,
    /// Folder of all runs [default: runs]
    #[arg(long, value_name = "DIR")]
    runs: Option<PathBuf>,
    /// Overwrite a run of the same name that is finished or has checkpoints
    #[arg(long)]
    force: bool,
    /// Go on with the run in this folder, from its last checkpoint, to the same bytes as if it had never stopped
    #[arg(long, value_name = "RUN", conflicts_with_all = ["config", "name", "runs", "force"])]
    resume: Option<PathBuf>,
    /// Epochs between two checkpoints; 0 to look at the clock only
    #[arg(long, value_name = "EPOCHS")]
    checkpoint_epochs: Option<u64>,
    /// Minutes between two checkpoints; 0 to count epochs only [default: 2]
    #[arg(long, value_name = "MINUTES")]
    checkpoint_minutes: Option<f32>,
    /// The fold of subjects that is held out, from 0
    #[arg(long)]
    fold: Option<usize>,
}

impl Pretrain {
    /// Runs the command.
    pub fn run(&self, terminal: &mut Terminal, world: &Arc<dyn World>) -> Result<(), CliError> {
        let opened = self.resume.as_deref().map(open).transpose()?;
        let config = match &opened {
            Some((_, config)) => self.settings.over(config.clone())?,
            None => self.settings.config()?,
        };
        let mut config = self.apply(config)?;
        let checkpoint = config.checkpoint;
        if let Some((dir, began)) = &opened {
            let changes = began.changes(&config)?;
            if !changes.is_empty() {
                return Err(CliError::Config(format!(
                    "--resume goes on with {} as it began, but flags would change it: {}",
                    dir.path().display(),
                    changes.join("; ")
                )));
            }
            // The weights tell the recipe as it was.
            config = began.clone();
        }
        let dataset = data::load(&config.data).map_err(PipelineError::from)?;
        // Whatever is wrong with data or layers shows before anything is written.
        let experiment = Experiment::new(dataset, &config)?;
        spec(&experiment, &config)?;
        teacher(&config)?;
        agree(&**world, &config, &experiment)?;
        let cancel = Cancel::new();
        cancel.on_ctrl_c()?;
        if world.rank() > 0 {
            let mut trial = Trial {
                experiment: &experiment,
                config: &config,
                console: &mut Terminal::quiet(),
                journal: None,
                cancel: &cancel,
                world: world.clone(),
            };
            return Ok(trial.assist()?);
        }
        let root = self.runs.as_deref().unwrap_or(Path::new("runs"));
        let resume = opened.is_some();
        let dir = match (opened, &self.name) {
            (Some((dir, _)), _) => dir,
            (None, Some(name)) => RunDir::create(root, name, self.force)?,
            (None, None) => RunDir::create_dated(root, &experiment.dataset.name)?,
        };
        let job = Job {
            config: &config,
            experiment: &experiment,
            dir: &dir,
            cancel: &cancel,
            checkpoint,
            resume,
            world: world.clone(),
        };
        let report = job.run(terminal)?;
        terminal.result(&report);
        Ok(())
    }

    /// `config` with this command's own flags.
    fn apply(&self, mut config: RunConfig) -> Result<RunConfig, CliError> {
        set(&mut config.split.fold, self.fold);
        set(&mut config.checkpoint.epochs, self.checkpoint_epochs);
        set(&mut config.checkpoint.minutes, self.checkpoint_minutes);
        config.check().map_err(CliError::Config)?;
        Ok(config)
    }
}

/// Checks that all processes train the same.
fn agree(world: &dyn World, config: &RunConfig, experiment: &Experiment) -> Result<(), CliError> {
    let mut facts = Sha256::digest(config.to_toml()?).to_vec();
    facts.extend(experiment.sha256().as_bytes());
    let dissenter = world.dissenter(&facts);
    dissenter.map_or(Ok(()), |rank| {
        Err(CliError::Config(format!(
            "process {rank} has another configuration or other recordings than the first; give all of them the same \
             flags, files and version of mote"
        )))
    })
}

/// The unfinished run in `path`, and what it began with.
fn open(path: &Path) -> Result<(RunDir, RunConfig), CliError> {
    let dir = RunDir::open(path)?;
    if dir.is_finished() {
        return Err(CliError::Config(format!(
            "{}: this run is finished; there is nothing to go on with",
            path.display()
        )));
    }
    let config = RunConfig::read(&dir.file(CONFIG))?;
    Ok((dir, config))
}
