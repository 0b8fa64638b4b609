//! Everything that determines a run. The same configuration, data and build give the same bytes.

use super::{RunError, atomic, recipe};
use crate::data::DataConfig;
use crate::objective::ObjectiveConfig;
use crate::view::{Starts, ViewConfig};
use mote_core::preset::Preset;
use mote_core::spec::Spec;
use serde::{Deserialize, Serialize};
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
    /// Share of the identity mixed into the covariance within recordings by which the finished embedding is
    /// whitened, 0.01 to 1; 1 only standardises; 0 turns whitening off.
    pub whitening: f32,
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
    /// Steps, at least 1.
    pub steps: usize,
    /// Pairs of views in a step, at least 2.
    pub batch: usize,
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
            steps: 600,
            batch: 128,
            optimizer: Optimizer::Adamw,
            learning_rate: 2e-3,
            weight_decay: 1e-4,
            warm_up: 0.05,
        }
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
        let mut config: Self = toml::from_str(&text).map_err(|e| wrong(e.to_string()))?;
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
        self.objective.check()?;
        let weight = self.auxiliary.hand_features;
        must(
            (0.0..=1000.0).contains(&weight),
            "auxiliary.hand_features",
            "0 to 1000",
            &weight,
        )?;
        let schedule = &self.schedule;
        must(
            schedule.steps >= 1,
            "schedule.steps",
            "at least 1",
            &schedule.steps,
        )?;
        must(
            schedule.batch >= 2,
            "schedule.batch",
            "at least 2 pairs",
            &schedule.batch,
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
        self.views.check().map_err(|e| e.to_string())
    }

    /// The configuration as TOML, every value written out.
    ///
    /// # Errors
    /// If a value has no place in TOML; [`RunConfig::check`] finds those first.
    pub fn to_toml(&self) -> Result<String, RunError> {
        toml::to_string(self).map_err(|e| RunError::Config {
            origin: "configuration".into(),
            message: e.to_string(),
        })
    }

    /// Writes the configuration, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), RunError> {
        atomic::write(path, self.to_toml()?.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mote_core::shape::Shape;

    fn read(text: &str) -> Result<RunConfig, RunError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("my.toml");
        fs::write(&path, text).unwrap();
        RunConfig::read(&path)
    }

    #[test]
    fn nothing_said_is_the_shipped_recipe() {
        assert_eq!(read("").unwrap(), RunConfig::default());
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut config = RunConfig {
            seed: i64::MAX as u64,
            ..RunConfig::default()
        };
        config.data.path = Some("my recordings".into());
        config.data.pattern = Some("{subject}_{rest}".into());
        config.data.channels = vec!["ax".into(), "é \"q\"".into()];
        config.encoder.spec = Preset::Conv1d.spec(Shape::sequence(128, 6), 1.0, None).ok();
        config.encoder.projector = vec![128, 64];
        config.schedule.learning_rate = 0.1 + 0.2;
        config.views.rotate.degrees = 33.3;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        config.write(&path).unwrap();
        assert!(config.encoder.spec.is_some());
        assert_eq!(RunConfig::read(&path).unwrap(), config);
    }

    #[test]
    fn a_few_lines_change_the_recipe() {
        let text = "seed = 3\n[objective]\nname = \"nt_xent\"\ntemperature = 0.2\n[views.mirror]\nprobability = 0\n";
        let config = read(text).unwrap();
        assert_eq!(config.seed, 3);
        assert_eq!(config.views.mirror.probability, 0.0);
        assert_eq!(config.schedule, ScheduleConfig::default());
        assert_eq!(config.objective.terms().len(), 1);
    }

    #[test]
    fn faults_name_file_line_and_key() {
        for (text, parts) in [
            ("seed = 1\nsede = 2", ["line 2", "sede", "seed"]),
            (
                "[window]\nlength = \"long\"",
                ["line 2", "length", "string"],
            ),
            (
                "[window]\nlength = 0",
                ["window.length", "at least 1", "found 0"],
            ),
            ("split.fold = 5", ["split.fold", "less than", "found 5"]),
            (
                "encoder.preset = \"resnet50\"",
                ["encoder.preset", "conv1d", "resnet50"],
            ),
            (
                "schedule.batch = 1",
                ["schedule.batch", "at least 2", "found 1"],
            ),
            (
                "schedule.learning_rate = nan",
                ["schedule.learning_rate", "above 0", "NaN"],
            ),
            (
                "views.rotate.degrees = 999",
                ["views.rotate.degrees", "180", "999"],
            ),
            ("seed = -1", ["line 1", "seed", "-1"]),
            (
                "[objective]\nname = \"moco\"\nqueue = 0",
                ["objective.queue", "1 to 65536", "found 0"],
            ),
            (
                "[objective]\nname = \"magic\"",
                ["line", "magic", "nt_xent"],
            ),
        ] {
            let message = read(text).unwrap_err().to_string();
            for part in parts.iter().chain(&["my.toml"]) {
                assert!(message.contains(part), "{part}: {message}");
            }
        }
        assert!(matches!(
            RunConfig::read(Path::new("/no.toml")),
            Err(RunError::Missing { .. })
        ));
    }
}
