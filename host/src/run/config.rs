//! Everything that determines a run. The same configuration, data and build give the same bytes.

use super::{RunError, atomic, recipe};
use crate::data::DataConfig;
use crate::objective::ObjectiveConfig;
use crate::view::{Starts, ViewConfig};
use mote_core::preset::Preset;
use mote_core::spec::Spec;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A run's configuration, in TOML. What is left out has the value of the shipped recipe.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunConfig {
    /// Names all random draws: initial weights, windows, views, label draws. At most 2^63 - 1, as in TOML.
    pub seed: u64,
    /// What is read.
    pub data: DataConfig,
    /// How it is cut.
    pub window: WindowConfig,
    /// What is held out.
    pub split: SplitConfig,
    /// What is trained.
    pub encoder: EncoderConfig,
    /// What the training aims at.
    pub objective: ObjectiveConfig,
    /// What else it aims at.
    pub auxiliary: AuxiliaryConfig,
    /// How long and how fast.
    pub schedule: ScheduleConfig,
    /// How windows are altered.
    pub views: ViewConfig,
    /// When progress is saved; the only part that changes no result.
    pub checkpoint: CheckpointConfig,
}

/// When progress is saved. Whatever comes first counts; the end of each training is always saved.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CheckpointConfig {
    /// Epochs between two checkpoints, an epoch being as many steps as show each training window about once; 0 to
    /// look at the clock only.
    pub epochs: u64,
    /// Minutes between two checkpoints; 0 to count epochs only.
    pub minutes: f32,
    /// How many of each training stay, at least 1.
    pub keep: usize,
}

impl Default for CheckpointConfig {
    fn default() -> Self {
        Self {
            epochs: 0,
            minutes: 2.0,
            keep: 2,
        }
    }
}

/// How recordings are cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WindowConfig {
    /// Samples in a window.
    pub length: usize,
    /// Samples between the starts of two windows in evaluation.
    pub hop: usize,
    /// Where windows begin in training.
    pub starts: Starts,
}

impl Default for WindowConfig {
    fn default() -> Self {
        Self {
            length: 128,
            hop: 64,
            starts: Starts::Random,
        }
    }
}

/// What is held out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitConfig {
    /// Number of folds, at least 2.
    pub folds: usize,
    /// The fold held out, counted from 0.
    pub fold: usize,
}

impl Default for SplitConfig {
    fn default() -> Self {
        Self { folds: 5, fold: 0 }
    }
}

/// What is trained.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EncoderConfig {
    /// A preset: `conv1d`, `resnet8`, `dscnn` or `tcn`.
    pub preset: String,
    /// Factor on the preset's channels, 0.05 to 16.
    pub width: f32,
    /// Widths of the training-only projector behind the embedding; without any, the objective sees the
    /// embedding itself.
    pub projector: Vec<u16>,
    /// Share of the identity mixed into the covariance by which the finished embedding is whitened, 0.01 to 1; 1 only
    /// standardises; 0 turns whitening off. It is the covariance within recordings; for one window each see `clusters`.
    pub whitening: f32,
    /// Clusters of windows that look alike, which take the place of recordings in whitening where those hold one window
    /// each, 0 to 4096; with 0 everything is whitened as one.
    pub clusters: usize,
    /// Layers of one's own instead of a preset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<Spec>,
}

impl Default for EncoderConfig {
    fn default() -> Self {
        Self {
            preset: Preset::Conv1d.name().into(),
            width: 1.0,
            projector: Vec::new(),
            whitening: 0.6,
            clusters: 0,
            spec: None,
        }
    }
}

/// What training aims at beside the objective.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuxiliaryConfig {
    /// Weight of predicting the hand features of the unaltered window from the embedding of its view, so that
    /// the embedding keeps what an engineer would have measured; 0 turns it off.
    pub hand_features: f32,
}

impl Default for AuxiliaryConfig {
    fn default() -> Self {
        Self { hand_features: 2.0 }
    }
}

/// The way down the loss.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Optimizer {
    /// Adam with decoupled weight decay (Loshchilov and Hutter, 2019).
    Adamw,
    /// Gradient descent with momentum 0.9.
    Sgd,
}

/// How long and how fast: warm-up, then half a cosine down to 0.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleConfig {
    /// Steps, at least 1; without a number as many as [`Self::steps_over`] says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// How often each training window is shown where `steps` has no number, above 0.
    pub epochs: f32,
    /// Then at least so many steps, at least 1.
    pub min_steps: usize,
    /// And at most so many.
    pub max_steps: usize,
    /// Pairs of views in a step, at least 2.
    pub batch: usize,
    /// Parts in which the encoder takes a batch, 1 to `batch`: so many times less memory and nearly twice the work for
    /// the same gradient, except that batch norm takes each part's own statistics.
    pub accumulate: usize,
    /// The optimizer.
    pub optimizer: Optimizer,
    /// Highest learning rate, above 0.
    pub learning_rate: f32,
    /// Weight decay, at least 0.
    pub weight_decay: f32,
    /// Part of the steps over which the learning rate rises, 0 to 1.
    pub warm_up: f32,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self {
            steps: None,
            epochs: 30.0,
            min_steps: 600,
            max_steps: 6000,
            batch: 128,
            accumulate: 1,
            optimizer: Optimizer::Adamw,
            learning_rate: 2e-3,
            weight_decay: 1e-4,
            warm_up: 0.05,
        }
    }
}

impl ScheduleConfig {
    /// Steps of a training over `windows` windows: few recordings are soon learned, many take longer.
    pub fn steps_over(&self, windows: usize) -> usize {
        let shown = f64::from(self.epochs) * windows as f64 / self.batch.max(1) as f64;
        let by_size = (shown.ceil() as usize)
            .min(self.max_steps)
            .max(self.min_steps);
        self.steps.unwrap_or(by_size)
    }
}

impl RunConfig {
    /// Reads and checks a file; what it leaves out has the value of the recipe for its data.
    ///
    /// # Errors
    /// If it cannot be read, holds an unknown key or a number out of range; with line and column.
    pub fn read(path: &Path) -> Result<Self, RunError> {
        Self::read_for(path, None)
    }

    /// As [`Self::read`], with other data than the file names.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_for(path: &Path, data: Option<&Path>) -> Result<Self, RunError> {
        let bytes = fs::read(path).map_err(|e| RunError::at(path, e))?;
        let wrong = |message: String| RunError::Config {
            origin: path.into(),
            message,
        };
        let text = String::from_utf8(bytes).map_err(|_| wrong("expected text in UTF-8".into()))?;
        let mut config = Self::from_toml(&text).map_err(wrong)?;
        let data = data.map(Path::to_path_buf).or(config.data.path.clone());
        if data.is_some() {
            config = recipe::over(&Self::of(data.as_deref()), &text).map_err(wrong)?;
        }
        config.check().map_err(wrong)?;
        Ok(config)
    }

    /// Checks every number; call it again after flags have changed some.
    ///
    /// # Errors
    /// The first fault: its key, what was expected, what was found.
    pub fn check(&self) -> Result<(), String> {
        let must = |holds: bool, key: &str, expected: &str, found: &dyn std::fmt::Display| {
            if holds {
                Ok(())
            } else {
                Err(format!("{key}: expected {expected}, found {found}"))
            }
        };
        let most = i64::MAX as u64;
        must(
            self.seed <= most,
            "seed",
            "at most 9223372036854775807",
            &self.seed,
        )?;
        let window = &self.window;
        must(
            window.length >= 1,
            "window.length",
            "at least 1 sample",
            &window.length,
        )?;
        must(
            window.hop >= 1,
            "window.hop",
            "at least 1 sample",
            &window.hop,
        )?;
        let split = &self.split;
        must(split.folds >= 2, "split.folds", "at least 2", &split.folds)?;
        let below = format!("less than split.folds, which is {}", split.folds);
        must(split.fold < split.folds, "split.fold", &below, &split.fold)?;
        let encoder = &self.encoder;
        let presets = Preset::ALL.map(Preset::name).join(", ");
        let known = encoder.spec.is_some() || Preset::from_name(&encoder.preset).is_some();
        must(
            known,
            "encoder.preset",
            &format!("one of {presets}"),
            &encoder.preset,
        )?;
        must(
            (0.05..=16.0).contains(&encoder.width),
            "encoder.width",
            "0.05 to 16",
            &encoder.width,
        )?;
        must(
            encoder.whitening == 0.0 || (0.01..=1.0).contains(&encoder.whitening),
            "encoder.whitening",
            "0 (off), or 0.01 to 1",
            &encoder.whitening,
        )?;
        must(
            encoder.clusters <= 4096,
            "encoder.clusters",
            "0 to 4096",
            &encoder.clusters,
        )?;
        self.objective.check()?;
        let weight = self.auxiliary.hand_features;
        must(
            (0.0..=1000.0).contains(&weight),
            "auxiliary.hand_features",
            "0 to 1000",
            &weight,
        )?;
        let schedule = &self.schedule;
        if let Some(steps) = schedule.steps {
            must(steps >= 1, "schedule.steps", "at least 1", &steps)?;
        }
        must(
            schedule.epochs > 0.0 && schedule.epochs.is_finite(),
            "schedule.epochs",
            "above 0",
            &schedule.epochs,
        )?;
        must(
            (1..=schedule.max_steps).contains(&schedule.min_steps),
            "schedule.min_steps",
            "1 to schedule.max_steps",
            &schedule.min_steps,
        )?;
        must(
            schedule.batch >= 2,
            "schedule.batch",
            "at least 2 pairs",
            &schedule.batch,
        )?;
        let most = format!("1 to schedule.batch, which is {}", schedule.batch);
        must(
            (1..=schedule.batch).contains(&schedule.accumulate),
            "schedule.accumulate",
            &most,
            &schedule.accumulate,
        )?;
        let rate = schedule.learning_rate;
        must(
            rate > 0.0 && rate <= 100.0,
            "schedule.learning_rate",
            "above 0, at most 100",
            &rate,
        )?;
        let decay = schedule.weight_decay;
        must(
            (0.0..=10.0).contains(&decay),
            "schedule.weight_decay",
            "0 to 10",
            &decay,
        )?;
        must(
            (0.0..=1.0).contains(&schedule.warm_up),
            "schedule.warm_up",
            "0 to 1",
            &schedule.warm_up,
        )?;
        let checkpoint = &self.checkpoint;
        must(
            (0.0..=1e5).contains(&checkpoint.minutes),
            "checkpoint.minutes",
            "0 to 100000",
            &checkpoint.minutes,
        )?;
        must(
            checkpoint.keep >= 1,
            "checkpoint.keep",
            "at least 1",
            &checkpoint.keep,
        )?;
        self.views.check().map_err(|e| e.to_string())
    }

    /// The keys whose values differ between `self`, as it was, and `other`, as it is, in words; `checkpoint` counts for
    /// nothing. Empty if the results are the same.
    ///
    /// # Errors
    /// As [`Self::to_toml`].
    pub fn changes(&self, other: &Self) -> Result<Vec<String>, RunError> {
        let flat = |config: &Self| {
            let mut flat = BTreeMap::new();
            flatten("", &toml::Value::Table(config.to_table()?), &mut flat);
            Ok::<_, RunError>(flat)
        };
        let (before, after) = (flat(self)?, flat(other)?);
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let none = String::from("nothing");
        Ok(keys
            .into_iter()
            .filter(|key| !key.starts_with("checkpoint.") && before.get(*key) != after.get(*key))
            .map(|key| {
                let [was, is] = [&before, &after].map(|map| map.get(key).unwrap_or(&none));
                format!("{key} was {was} and is {is}")
            })
            .collect())
    }

    /// What TOML says. The only place that compiles a reader of the whole configuration, which is large code.
    ///
    /// # Errors
    /// A message with line and column.
    pub(crate) fn from_toml(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|e| e.to_string())
    }

    /// The configuration as a table of TOML; by way of the text, so that one writer is compiled.
    ///
    /// # Errors
    /// As [`Self::to_toml`].
    pub(super) fn to_table(&self) -> Result<toml::Table, RunError> {
        toml::from_str(&self.to_toml()?).map_err(unwritable)
    }

    /// The configuration as TOML, every value written out.
    ///
    /// # Errors
    /// If a value has no place in TOML; [`RunConfig::check`] finds those first.
    pub fn to_toml(&self) -> Result<String, RunError> {
        toml::to_string(self).map_err(unwritable)
    }

    /// Writes the configuration, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), RunError> {
        atomic::write(path, self.to_toml()?.as_bytes())
    }
}

/// A value that has no place in TOML.
fn unwritable(error: impl std::fmt::Display) -> RunError {
    RunError::Config {
        origin: "configuration".into(),
        message: error.to_string(),
    }
}

/// Every value of `value` by its dotted key.
fn flatten(key: &str, value: &toml::Value, into: &mut BTreeMap<String, String>) {
    match value {
        toml::Value::Table(table) => {
            for (name, value) in table {
                let dot = if key.is_empty() { "" } else { "." };
                flatten(&format!("{key}{dot}{name}"), value, into);
            }
        }
        value => {
            into.insert(key.into(), value.to_string());
        }
    }
}

#[cfg(test)]
mod tests;
