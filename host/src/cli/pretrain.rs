//! `mote pretrain`: one run, from recordings to a judged model image.

use super::settings::Settings;
use super::{CliError, Terminal};
use crate::data;
use crate::pipeline::{Experiment, Job, PipelineError, spec};
use crate::run::{Cancel, RunDir};
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
    /// Overwrite a finished run of the same name
    #[arg(long)]
    force: bool,
    /// The fold of subjects that is held out, from 0
    #[arg(long)]
    fold: Option<usize>,
}

impl Pretrain {
    /// Runs the command.
    pub fn run(&self, terminal: &mut Terminal) -> Result<(), CliError> {
        let mut config = self.settings.config()?;
        if let Some(fold) = self.fold {
            config.split.fold = fold;
            config.check().map_err(CliError::Config)?;
        }
        let dataset = data::load(&config.data).map_err(PipelineError::from)?;
        // Whatever is wrong with data or layers shows before anything is written.
        let experiment = Experiment::new(dataset, &config)?;
        spec(&experiment, &config)?;
        let root = self.runs.as_deref().unwrap_or(Path::new("runs"));
        let dir = match &self.name {
            Some(name) => RunDir::create(root, name, self.force)?,
            None => RunDir::create_dated(root, &experiment.dataset.name)?,
        };
        let cancel = Cancel::new();
        cancel.on_ctrl_c()?;
        let job = Job {
            config: &config,
            experiment: &experiment,
            dir: &dir,
            cancel: &cancel,
        };
        let report = job.run(terminal).map_err(|error| match error {
            PipelineError::Interrupted { done, total, .. } => PipelineError::Interrupted {
                done,
                total,
                advice: format!(
                    "what {} holds so far is valid. The same seed gives the same run again: \
                     mote pretrain --config {}",
                    dir.path().display(),
                    dir.file(crate::run::dir::CONFIG).display()
                ),
            },
            other => other,
        })?;
        terminal.result(&report);
        Ok(())
    }
}
