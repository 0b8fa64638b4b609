//! The recipe for each kind of data: what a run does where its user says nothing.

use super::RunConfig;
use crate::data::{self, DataConfig, Kind};
use crate::objective::ObjectiveConfig;
use crate::objective::nt_xent::NtXentConfig;
use mote_core::preset::Preset;
use std::path::Path;
use toml::{Table, Value};

impl RunConfig {
    /// The recipe for the data at `path`, or for those that ship.
    pub fn of(path: Option<&Path>) -> Self {
        let data = DataConfig {
            path: path.map(Path::to_path_buf),
            ..DataConfig::default()
        };
        Self {
            data: data.clone(),
            ..Self::of_kind(data::kind(&data))
        }
    }

    /// The recipe of the second encoder where the objective pairs two, whose data are of `kind`. Two sensors of the same
    /// recordings share one. Another data set has that of its kind, but steps, split, seed, whitening and width as this
    /// run, and what `objective.partner` says.
    ///
    /// # Errors
    /// If a setting is out of its range.
    pub fn partner(&self, kind: Kind) -> Result<Self, String> {
        let paired = self.objective.paired();
        let Some((with, own)) = paired.and_then(|p| Some((p.with.as_deref()?, &p.partner))) else {
            return Ok(self.clone());
        };
        let recipe = Self::of_kind(kind);
        let mut partner = Self {
            data: with.clone(),
            window: recipe.window,
            views: recipe.views,
            auxiliary: recipe.auxiliary,
            ..self.clone()
        };
        let encoder = &mut partner.encoder;
        encoder.preset = own.preset.clone().unwrap_or(recipe.encoder.preset);
        encoder.width = own.width.unwrap_or(encoder.width);
        encoder.clusters = recipe.encoder.clusters;
        let window = &mut partner.window;
        // Windows of another length overlap by as much of it as the recipe's.
        let share = |length: usize| (length * window.hop).div_ceil(window.length.max(1));
        let hop = own.hop.or(own.window.map(share));
        window.length = own.window.unwrap_or(window.length);
        window.hop = hop.unwrap_or(window.hop);
        let named = |message| format!("the second encoder, see objective.partner: {message}");
        partner.check().map_err(named)?;
        Ok(partner)
    }

    /// The recipe for data of `kind`.
    fn of_kind(kind: Kind) -> Self {
        let mut config = Self::default();
        match kind {
            Kind::Series => {}
            Kind::Pictures => {
                config.encoder.preset = Preset::Resnet8.name().into();
                config.encoder.projector = vec![128, 64];
                // From 16 to 128 made no difference to ten classes. Of spoken digits clusters tell less.
                config.encoder.clusters = 64;
                let schedule = &mut config.schedule;
                (schedule.epochs, schedule.max_steps) = (40.0, 20_000);
                schedule.learning_rate = 4e-3;
                config.objective = ObjectiveConfig::NtXent(NtXentConfig {
                    temperature: 0.2,
                    exclude_same_recording: false,
                });
                // Chosen on training pictures of Fashion-MNIST, where all of these together gained at every number of
                // labels.
                let views = &mut config.views.picture;
                views.resized_crop.smallest = 0.6;
                (views.light.brightness, views.light.contrast) = (0.8, 0.8);
                views.erase.probability = 0.5;
            }
            Kind::Sound => {
                (config.window.length, config.window.hop) = (49, 49);
                // On spoken digits three times the steps of motion still pay, mostly at few labels.
                config.schedule.min_steps = 1800;
                config.objective = ObjectiveConfig::NtXent(NtXentConfig {
                    temperature: 0.1,
                    exclude_same_recording: false,
                });
            }
            Kind::Symbols => {
                config.encoder.preset = Preset::Tcn.name().into();
                config.auxiliary.hand_features = 0.0;
                // Longer was not measured, and its steps take long.
                config.schedule.max_steps = 600;
            }
        }
        config
    }
}

/// What `text` says in TOML, and `recipe` where it says nothing. Of the objective only settings of the same one are
/// taken from the recipe.
///
/// # Errors
/// A message, if the text is no configuration.
pub(super) fn over(recipe: &RunConfig, text: &str) -> Result<RunConfig, String> {
    let mut table = recipe.to_table().map_err(|e| e.to_string())?;
    let said: Table = toml::from_str(text).map_err(|e| e.to_string())?;
    let named = |table: &Table| Some(table.get("objective")?.get("name")?.clone());
    let own_name = named(&table);
    if named(&said).is_some_and(|name| Some(name) != own_name) {
        let own = table.remove("objective");
        let objective = said.get("objective");
        let distils = named(&said).is_some_and(|name| name.as_str() == Some("distillation"));
        let twin = objective.and_then(|objective| objective.get("objective")?.get("name").cloned());
        if distils && (twin.is_none() || twin == own_name) {
            // The wider twin has the recipe's objective.
            let twin = Table::from_iter(own.map(|own| ("objective".into(), own)));
            table.insert("objective".into(), Value::Table(twin));
        }
    }
    lay(&mut table, said);
    RunConfig::from_toml(&table.to_string())
}

fn lay(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) => lay(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn pictures_get_their_recipe_and_a_file_changes_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.png"), b"").unwrap();
        let recipe = RunConfig::of(Some(folder.path()));
        assert_eq!(recipe.encoder.preset, "resnet8");
        assert_eq!(recipe.check(), Ok(()));
        let changed = over(
            &recipe,
            "[encoder]\nwidth = 0.5\n[objective]\nname = \"vicreg\"",
        )
        .unwrap();
        assert_eq!(
            (changed.encoder.width, changed.encoder.preset.as_str()),
            (0.5, "resnet8")
        );
        assert_eq!(changed.objective.name(), "vicreg");
        let same = over(&recipe, "[objective]\nname = \"nt_xent\"").unwrap();
        assert_eq!(same.objective, recipe.objective);
        assert_eq!(over(&recipe, &recipe.to_toml().unwrap()).unwrap(), recipe);
        let distilled = over(&recipe, "[objective]\nname = \"distillation\"").unwrap();
        let twin = distilled.objective.distillation().unwrap();
        assert_eq!(*twin.objective, recipe.objective);
        let other =
            "[objective]\nname = \"distillation\"\n[objective.objective]\nname = \"vicreg\"";
        let other = over(&recipe, other).unwrap();
        assert_eq!(over(&recipe, &other.to_toml().unwrap()).unwrap(), other);
    }

    #[test]
    fn sound_is_heard_a_second_at_a_time_and_trained_longer() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.wav"), b"").unwrap();
        let recipe = RunConfig::of(Some(folder.path()));
        let (preset, steps) = (recipe.encoder.preset.as_str(), recipe.schedule.min_steps);
        assert_eq!((preset, recipe.window.length, steps), ("conv1d", 49, 1800));
        assert_eq!(recipe.check(), Ok(()));
    }

    #[test]
    fn a_partner_has_the_recipe_of_its_own_kind_and_what_the_run_shares() {
        let text = "seed = 3\n[encoder]\nwidth = 0.5\nprojector = [32]\n[schedule]\nbatch = 16\n\
                    [objective]\nname = \"paired\"\n[objective.with]\npath = \"words\"\nrate_hz = 8\n\
                    [objective.partner]\nwindow = 32\n";
        let config = over(&RunConfig::of_kind(Kind::Pictures), text).unwrap();
        assert_eq!(config.check(), Ok(()));
        assert_eq!(
            over(&RunConfig::default(), &config.to_toml().unwrap()).unwrap(),
            config
        );
        let partner = config.partner(Kind::Symbols).unwrap();
        let encoder = &partner.encoder;
        assert_eq!((encoder.preset.as_str(), encoder.width), ("tcn", 0.5));
        assert_eq!(encoder.projector, [32]);
        assert_eq!((partner.window.length, partner.window.hop), (32, 16));
        assert_eq!((partner.seed, partner.schedule), (3, config.schedule));
        assert_eq!(partner.data.rate_hz, Some(8.0));
        assert_eq!(partner.views, RunConfig::of_kind(Kind::Symbols).views);
        assert_eq!(config.partner(Kind::Sound).unwrap().window.length, 32);

        let wrong = text.replace("window = 32", "preset = \"mlp\"");
        let wrong = over(&RunConfig::default(), &wrong).unwrap();
        let message = wrong.partner(Kind::Sound).unwrap_err();
        assert!(
            message.contains("objective.partner") && message.contains("found mlp"),
            "{message}"
        );
        // Two sensors are two of a kind.
        let sensors = over(&RunConfig::default(), "[objective]\nname = \"paired\"").unwrap();
        assert_eq!(sensors.partner(Kind::Series), Ok(sensors));
    }

    #[test]
    fn without_pictures_the_recipe_is_the_shipped_one() {
        assert_eq!(RunConfig::of(None), RunConfig::default());
    }
}
