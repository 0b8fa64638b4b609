//! `mote pretrain`: one run, from recordings to a judged model image.

use super::settings::{Settings, set};
use super::{CliError, Terminal};
use crate::data;
use crate::pipeline::{Experiment, Job, PipelineError, spec, teacher};
use crate::run::dir::CONFIG;
use crate::run::{Cancel, RunConfig, RunDir};
use clap::Args;
use std::path::{Path, PathBuf};

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
    pub fn run(&self, terminal: &mut Terminal) -> Result<(), CliError> {
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
        let root = self.runs.as_deref().unwrap_or(Path::new("runs"));
        let resume = opened.is_some();
        let dir = match (opened, &self.name) {
            (Some((dir, _)), _) => dir,
            (None, Some(name)) => RunDir::create(root, name, self.force)?,
            (None, None) => RunDir::create_dated(root, &experiment.dataset.name)?,
        };
        let cancel = Cancel::new();
        cancel.on_ctrl_c()?;
        let job = Job {
            config: &config,
            experiment: &experiment,
            dir: &dir,
            cancel: &cancel,
            checkpoint,
            resume,
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
