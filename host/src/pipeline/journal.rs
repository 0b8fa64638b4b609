//! What a run keeps on the disk while it works: metrics, timing, and checkpoints to go on from.

use super::monitor::Memory;
use super::{Experiment, PipelineError};
use crate::run::config::CheckpointConfig;
use crate::run::dir::{METRICS, TENSORBOARD, TIMING};
use crate::run::tensorboard::{self, Scalar};
use crate::run::{Metrics, RunConfig, RunDir, RunError, Store};
use crate::train::pretrain::Pretraining;
use crate::train::state::State;
use crate::train::world::World;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The trainings of a run, the last one first.
const TASKS: [&str; 3] = ["supervise", "pretrain", "teacher"];

/// What a checkpoint holds.
#[derive(Debug, Serialize, Deserialize)]
pub struct Saved {
    /// The configuration as TOML.
    config: String,
    /// SHA-256 of the recordings.
    data: String,
    /// Bytes of metrics and of timing so far.
    positions: [u64; 2],
    /// What the monitor remembers.
    pub monitor: Memory,
    /// Weights, statistics, moments, steps.
    pub training: State,
}

/// The files of one run.
#[derive(Debug)]
pub struct Journal {
    dir: RunDir,
    /// What the run finds out; the same bytes for the same seed.
    pub metrics: Metrics,
    /// What depends on the clock.
    pub timing: Metrics,
    /// When to save.
    pub cadence: CheckpointConfig,
    config: String,
    data: String,
    resumed: bool,
}

impl Journal {
    /// Begins empty files in `dir`, or with `resume` goes on with those that are there.
    ///
    /// # Errors
    /// If the files cannot be written; on `resume`, if configuration or recordings are not those that the run began
    /// with, or its files do not fit each other.
    pub fn new(
        dir: &RunDir,
        experiment: &Experiment,
        config: &RunConfig,
        cadence: CheckpointConfig,
        resume: bool,
    ) -> Result<Self, PipelineError> {
        let data = experiment.sha256().to_owned();
        let [metrics, timing] = [METRICS, TIMING].map(|name| dir.file(name));
        let (metrics, timing) = if resume {
            let mut positions = [0, 0];
            for task in TASKS {
                if let Some((path, saved)) =
                    Store::new(dir.path(), task, cadence.keep).latest::<Saved>()?
                {
                    saved.check(&path, config, &data)?;
                    positions = saved.positions;
                    break;
                }
            }
            (
                Metrics::resume(&metrics, positions[0])?,
                Metrics::resume(&timing, positions[1])?,
            )
        } else {
            (Metrics::create(&metrics)?, Metrics::create(&timing)?)
        };
        Ok(Self {
            dir: dir.clone(),
            metrics,
            timing,
            cadence,
            config: config.to_toml()?,
            data,
            resumed: resume,
        })
    }

    /// The newest checkpoint of `task`, if the run goes on from one.
    ///
    /// # Errors
    /// If there are checkpoints, but none is whole.
    pub fn latest(&self, task: &str) -> Result<Option<(PathBuf, Saved)>, RunError> {
        if !self.resumed {
            return Ok(None);
        }
        self.store(task).latest()
    }

    /// Writes a checkpoint of `task`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(
        &mut self,
        task: &str,
        training: &Pretraining,
        monitor: Memory,
    ) -> Result<PathBuf, RunError> {
        let saved = Saved {
            config: self.config.clone(),
            data: self.data.clone(),
            positions: [self.metrics.position()?, self.timing.position()?],
            monitor,
            training: training.state(),
        };
        self.store(task).save(training.done, &saved)
    }

    /// Writes the curves of `task` for TensorBoard.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn curves(&self, task: &str, scalars: &[Scalar]) -> Result<(), RunError> {
        let folder = self.dir.file(TENSORBOARD).join(task);
        // TensorBoard looks for this word in the name.
        tensorboard::write(&folder.join("events.out.tfevents.mote"), scalars)
    }

    /// How to go on after an interruption.
    pub fn advice(&self) -> String {
        format!(
            "everything so far is saved. To go on: mote pretrain --resume {}",
            self.dir.path().display()
        )
    }

    fn store(&self, task: &str) -> Store {
        Store::new(self.dir.path(), task, self.cadence.keep)
    }
}

/// The newest checkpoint of `task` that the journal of the first process of `world` has, for all of them.
///
/// # Errors
/// As [`Journal::latest`].
pub(super) fn latest(
    journal: Option<&Journal>,
    task: &str,
    world: &dyn World,
) -> Result<Option<(PathBuf, Saved)>, RunError> {
    let found = journal.map(|journal| journal.latest(task)).transpose()?;
    let found = found.flatten();
    if world.size() == 1 {
        return Ok(found);
    }
    let passed = |error: postcard::Error| RunError::Checkpoint {
        path: "on its way to the other processes".into(),
        message: error.to_string(),
    };
    let bytes = world.of_the_first(postcard::to_allocvec(&found).map_err(passed)?);
    postcard::from_bytes(&bytes).map_err(passed)
}

impl Saved {
    /// Refuses to go on with anything else than the run began with.
    fn check(
        &self,
        path: &std::path::Path,
        now: &RunConfig,
        data: &str,
    ) -> Result<(), PipelineError> {
        let wrong = |message: String| RunError::Checkpoint {
            path: path.into(),
            message,
        };
        let began = RunConfig::from_toml(&self.config).map_err(wrong)?;
        let changes = began.changes(now)?;
        if !changes.is_empty() {
            return Err(PipelineError::Resume(format!(
                "the configuration has changed since this run began: {}. The result would be that of neither; undo \
                 the change, or begin a new run",
                changes.join("; ")
            )));
        }
        if self.data != data {
            return Err(PipelineError::Resume(format!(
                "the recordings (or the file of a teacher) have changed since this run began (SHA-256 was {:.12}…, is {data:.12}…). The result \
                 would be that of neither; put the old ones back, or begin a new run",
                self.data
            )));
        }
        Ok(())
    }
}
