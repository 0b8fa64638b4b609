//! The configuration of a run: a file, and flags that override it.

use super::{CliError, DataFlags};
use crate::objective::ObjectiveConfig;
use crate::objective::distillation::Distillation;
use crate::run::RunConfig;
use clap::Args;
use std::path::PathBuf;

/// What determines a run; the same flags for every command that trains.
#[derive(Args, Debug, Default, Clone)]
pub struct Settings {
    #[command(flatten)]
    data: DataFlags,
    /// TOML file of settings; flags override it. Every run writes its own: runs/NAME/config.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Seed of all random draws
    #[arg(long)]
    seed: Option<u64>,
    /// Training steps; without it, by the number of windows
    #[arg(long)]
    steps: Option<usize>,
    /// Pairs of views in a step
    #[arg(long, value_name = "PAIRS")]
    batch: Option<usize>,
    /// Parts in which the encoder takes a step's views, to spare memory at the price of a second pass forward
    #[arg(long, value_name = "PARTS")]
    accumulate: Option<usize>,
    /// Factor on the encoder's channels, 0.05 to 16
    #[arg(long, value_name = "FACTOR")]
    width: Option<f32>,
    /// What training aims at, with its usual settings: nt_xent, moco, barlow_twins, vicreg, cpc, next_value,
    /// masked, order, rotation, hand_features, paired or distillation; for symbols next_symbol or masked_symbols. A file can set more, see
    /// --config
    #[arg(long, value_name = "NAME")]
    objective: Option<String>,
    /// Learn together with a second encoder from another data set, whose files belong to those of --data by name: captions
    /// of pictures, pictures of sounds; the same as --objective paired with `[objective.with]` in a file
    #[arg(long, value_name = "DIR")]
    pair_with: Option<PathBuf>,
    /// Learn from a wider twin with so many times the channels, trained first with the objective; the same as
    /// --objective distillation with `teacher_width` in a file
    #[arg(long, value_name = "FACTOR", conflicts_with = "teacher")]
    teacher_width: Option<f32>,
    /// Learn from a teacher's embeddings in a .npy or .safetensors file: a row for each window or each recording, in the
    /// order that `mote data DIR --rows FILE` writes
    #[arg(long, value_name = "FILE")]
    teacher: Option<PathBuf>,
    /// Weight of regressing hand features beside the objective; 0 turns it off
    #[arg(long, value_name = "WEIGHT")]
    hand_features: Option<f32>,
    /// Threads; the result does not depend on their number
    #[arg(long)]
    threads: Option<usize>,
}

impl Settings {
    /// Reads the file and applies the flags.
    pub fn config(&self) -> Result<RunConfig, CliError> {
        self.over(self.base()?)
    }

    /// The file, or what suits the data; without the flags.
    pub fn base(&self) -> Result<RunConfig, CliError> {
        let data = self.data.data.as_deref();
        Ok(match &self.config {
            Some(path) => RunConfig::read_for(path, data)?,
            None => RunConfig::of(data),
        })
    }

    /// `config` with the flags applied.
    pub fn over(&self, mut config: RunConfig) -> Result<RunConfig, CliError> {
        if let Some(threads) = self.threads {
            // Fails only if the pool is there already, and then it serves.
            let _ = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build_global();
        }
        self.data.apply(&mut config);
        set(&mut config.seed, self.seed);
        config.schedule.steps = self.steps.or(config.schedule.steps);
        set(&mut config.schedule.batch, self.batch);
        set(&mut config.schedule.accumulate, self.accumulate);
        set(&mut config.encoder.width, self.width);
        set(&mut config.auxiliary.hand_features, self.hand_features);
        if let Some(name) = &self.objective {
            let before = std::mem::replace(
                &mut config.objective,
                ObjectiveConfig::named(name).map_err(CliError::Config)?,
            );
            if let ObjectiveConfig::Distillation(new) = &mut config.objective {
                // What the twin is trained with is what would have been trained without it.
                match before {
                    ObjectiveConfig::Distillation(old) => *new = old,
                    other => *new.objective = other,
                }
            }
        }
        if let Some(path) = &self.pair_with {
            let named = self.objective.as_deref();
            if let Some(other) = named.filter(|name| *name != "paired") {
                return Err(CliError::Config(format!(
                    "--pair-with: expected --objective paired or none, found {other}, which knows one data set only; \
                     leave one of the two out, or add both up as `combined` in a file, see --config"
                )));
            }
            config.objective.pair_with(path);
        }
        if self.teacher.is_some() || self.teacher_width.is_some() {
            let mut distillation = match config.objective {
                ObjectiveConfig::Distillation(distillation) => distillation,
                other => Distillation {
                    objective: Box::new(other),
                    ..Distillation::default()
                },
            };
            distillation.teacher.clone_from(&self.teacher);
            set(&mut distillation.teacher_width, self.teacher_width);
            config.objective = ObjectiveConfig::Distillation(distillation);
        }
        config.check().map_err(CliError::Config)?;
        Ok(config)
    }
}

impl DataFlags {
    /// Overrides what was set before.
    pub fn apply(&self, config: &mut RunConfig) {
        if self.data.is_some() {
            config.data.path.clone_from(&self.data);
        }
        if self.rate.is_some() {
            config.data.rate_hz = self.rate;
        }
        if self.pattern.is_some() {
            config.data.pattern.clone_from(&self.pattern);
        }
        if self.test.is_some() {
            config.data.test.clone_from(&self.test);
        }
        if !self.channels.is_empty() {
            config.data.channels.clone_from(&self.channels);
        }
        if !self.test_subjects.is_empty() {
            config.data.test_subjects.clone_from(&self.test_subjects);
        }
        if self.most.is_some() {
            config.data.most = self.most;
        }
        if self.symbols.is_some() {
            config.data.symbols = self.symbols;
        }
        set(&mut config.window.length, self.window);
        set(&mut config.window.hop, self.hop);
    }
}

/// Overrides `to` where a flag was given.
pub fn set<T: Copy>(to: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *to = value;
    }
}
