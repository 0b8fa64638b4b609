//! Which views to make: everything about them that determines a run.

use super::channel_dropout::ChannelDropout;
use super::crop::Crop;
use super::jitter::Jitter;
use super::mask::Mask;
use super::mirror::Mirror;
use super::neighbour::Neighbour;
use super::permute::{MAX_SEGMENTS, Permute};
use super::picture::PictureViews;
use super::rotate::Rotate;
use super::scale::Scale;
use super::sound::SoundViews;
use super::speed::Speed;
use super::symbol::SymbolViews;
use super::time_warp::TimeWarp;
use crate::data::Triad;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What is treated as one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Each {
    /// All channels together.
    Window,
    /// The channels of each triad; every other channel by itself.
    Triad,
    /// Every channel by itself.
    Channel,
}

impl Each {
    /// The group of each channel, numbered from 0 in the order of their first channels.
    pub fn groups(self, triads: &[Triad], channels: usize) -> Vec<usize> {
        let first = |channel: usize| match self {
            Self::Window => 0,
            Self::Channel => channel,
            Self::Triad => triads
                .iter()
                .find(|t| t.channels.contains(&channel))
                .and_then(|t| t.channels.iter().min().copied())
                .unwrap_or(channel),
        };
        let mut firsts: Vec<usize> = Vec::new();
        (0..channels)
            .map(|channel| {
                let first = first(channel);
                firsts.iter().position(|&f| f == first).unwrap_or_else(|| {
                    firsts.push(first);
                    firsts.len() - 1
                })
            })
            .collect()
    }
}

/// All alterations with their probabilities and strengths. The default is the shipped recipe; probability
/// 0 turns one off.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ViewConfig {
    /// Where the second view of a pair lies.
    pub neighbour: Neighbour,
    /// Constant pace.
    pub speed: Speed,
    /// A part of the window.
    pub crop: Crop,
    /// Changing pace.
    pub time_warp: TimeWarp,
    /// Segments that change places.
    pub permute: Permute,
    /// The other hand.
    pub mirror: Mirror,
    /// The device sits differently.
    pub rotate: Rotate,
    /// Larger and smaller movement.
    pub scale: Scale,
    /// Noise.
    pub jitter: Jitter,
    /// A stretch of time is missing.
    pub mask: Mask,
    /// A sensor is missing.
    pub channel_dropout: ChannelDropout,
    /// What is done to pictures; nothing above is.
    pub picture: PictureViews,
    /// What is done to symbols; nothing above is, but for the neighbour.
    pub symbol: SymbolViews,
    /// What is done to log-mel frames of sound; nothing above is, but for the neighbour.
    pub sound: SoundViews,
}

/// A number in the configuration that makes no sense.
#[derive(Error, Clone, PartialEq, Debug)]
#[error("views.{name}: expected {expected}, found {found}")]
pub struct ViewError {
    /// The key, for instance `rotate.degrees`.
    pub name: &'static str,
    /// What would do.
    pub expected: &'static str,
    /// The number.
    pub found: f32,
}

impl ViewConfig {
    /// No alteration at all: both views are the window.
    pub fn none() -> Self {
        let mut config = Self::default();
        for probability in config.probabilities() {
            *probability.1 = 0.0;
        }
        config
    }

    /// Every probability with its key.
    fn probabilities(&mut self) -> [(&'static str, &mut f32); 30] {
        let (picture, symbol) = (&mut self.picture, &mut self.symbol);
        let sound = &mut self.sound;
        [
            ("neighbour.probability", &mut self.neighbour.probability),
            ("speed.probability", &mut self.speed.probability),
            ("crop.probability", &mut self.crop.probability),
            ("time_warp.probability", &mut self.time_warp.probability),
            ("permute.probability", &mut self.permute.probability),
            ("mirror.probability", &mut self.mirror.probability),
            ("rotate.probability", &mut self.rotate.probability),
            ("scale.probability", &mut self.scale.probability),
            ("jitter.probability", &mut self.jitter.probability),
            ("mask.probability", &mut self.mask.probability),
            (
                "channel_dropout.probability",
                &mut self.channel_dropout.probability,
            ),
            (
                "picture.resized_crop.probability",
                &mut picture.resized_crop.probability,
            ),
            (
                "picture.affine.probability",
                &mut picture.affine.probability,
            ),
            ("picture.flip.probability", &mut picture.flip.probability),
            ("picture.light.probability", &mut picture.light.probability),
            ("picture.grey.probability", &mut picture.grey.probability),
            ("picture.erase.probability", &mut picture.erase.probability),
            (
                "symbol.reverse_complement.probability",
                &mut symbol.reverse_complement.probability,
            ),
            ("symbol.crop.probability", &mut symbol.crop.probability),
            (
                "symbol.reorder.probability",
                &mut symbol.reorder.probability,
            ),
            (
                "symbol.dropout.probability",
                &mut symbol.dropout.probability,
            ),
            (
                "symbol.substitute.probability",
                &mut symbol.substitute.probability,
            ),
            ("symbol.mask.probability", &mut symbol.mask.probability),
            (
                "sound.resized_crop.probability",
                &mut sound.resized_crop.probability,
            ),
            ("sound.shift.probability", &mut sound.shift.probability),
            ("sound.gain.probability", &mut sound.gain.probability),
            ("sound.noise.probability", &mut sound.noise.probability),
            ("sound.mix.probability", &mut sound.mix.probability),
            ("sound.mask.probability", &mut sound.mask.probability),
            (
                "sound.band_mask.probability",
                &mut sound.band_mask.probability,
            ),
        ]
    }

    /// Checks every number.
    ///
    /// # Errors
    /// The first one that is out of its range.
    pub fn check(&self) -> Result<(), ViewError> {
        let mut copy = *self;
        let share = (0.0, 1.0, "a number from 0 to 1");
        let strength = (0.0, 10.0, "a number from 0 to 10");
        let decibels = (0.0, 100.0, "decibels from 0 to 100");
        let mut numbers: Vec<(&'static str, f32, (f32, f32, &'static str))> = copy
            .probabilities()
            .map(|(name, value)| (name, *value, share))
            .to_vec();
        numbers.extend([
            (
                "neighbour.reach",
                self.neighbour.reach,
                (0.0, 1e6, "window lengths from 0 to 1000000"),
            ),
            ("speed.strength", self.speed.strength, strength),
            (
                "crop.shortest",
                self.crop.shortest,
                (0.01, 1.0, "a part from 0.01 to 1"),
            ),
            ("time_warp.strength", self.time_warp.strength, strength),
            (
                "permute.segments",
                self.permute.segments as f32,
                (2.0, MAX_SEGMENTS as f32, "2 to 16 segments"),
            ),
            (
                "rotate.degrees",
                self.rotate.degrees,
                (0.0, 180.0, "degrees from 0 to 180"),
            ),
            ("scale.strength", self.scale.strength, strength),
            ("jitter.deviation", self.jitter.deviation, strength),
            ("mask.longest", self.mask.longest, share),
            (
                "picture.resized_crop.smallest",
                self.picture.resized_crop.smallest,
                (0.01, 1.0, "a part from 0.01 to 1"),
            ),
            (
                "picture.affine.degrees",
                self.picture.affine.degrees,
                (0.0, 180.0, "degrees from 0 to 180"),
            ),
            (
                "picture.affine.slant",
                self.picture.affine.slant,
                (0.0, 45.0, "degrees from 0 to 45"),
            ),
            (
                "picture.light.brightness",
                self.picture.light.brightness,
                strength,
            ),
            (
                "picture.light.contrast",
                self.picture.light.contrast,
                strength,
            ),
            ("picture.erase.largest", self.picture.erase.largest, share),
            (
                "symbol.crop.shortest",
                self.symbol.crop.shortest,
                (0.01, 1.0, "a part from 0.01 to 1"),
            ),
            ("symbol.reorder.longest", self.symbol.reorder.longest, share),
            ("symbol.dropout.share", self.symbol.dropout.share, share),
            (
                "symbol.substitute.share",
                self.symbol.substitute.share,
                share,
            ),
            ("symbol.mask.share", self.symbol.mask.share, share),
            (
                "sound.resized_crop.time",
                self.sound.resized_crop.time,
                strength,
            ),
            (
                "sound.resized_crop.frequency",
                self.sound.resized_crop.frequency,
                strength,
            ),
            ("sound.shift.furthest", self.sound.shift.furthest, share),
            ("sound.gain.decibels", self.sound.gain.decibels, decibels),
            ("sound.gain.slope", self.sound.gain.slope, decibels),
            ("sound.noise.below", self.sound.noise.below, decibels),
            ("sound.noise.range", self.sound.noise.range, decibels),
            ("sound.noise.slope", self.sound.noise.slope, decibels),
            ("sound.mix.most", self.sound.mix.most, share),
            ("sound.mask.longest", self.sound.mask.longest, share),
            ("sound.band_mask.widest", self.sound.band_mask.widest, share),
        ]);
        for (name, found, (least, most, expected)) in numbers {
            if !(least..=most).contains(&found) {
                return Err(ViewError {
                    name,
                    expected,
                    found,
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Motion;

    #[test]
    fn groups_are_numbered_by_their_first_channel() {
        let triads = [Triad {
            channels: [4, 1, 2],
            motion: Motion::Arrow,
        }];
        assert_eq!(Each::Triad.groups(&triads, 5), [0, 1, 1, 2, 1]);
        assert_eq!(Each::Channel.groups(&triads, 3), [0, 1, 2]);
        assert_eq!(Each::Window.groups(&triads, 3), [0, 0, 0]);
    }

    #[test]
    fn toml_says_only_what_differs_and_comes_back_whole() {
        let config: ViewConfig =
            toml::from_str("rotate.degrees = 30\n[mask]\nprobability = 0.5\n").unwrap();
        assert_eq!(config.rotate.degrees, 30.0);
        assert_eq!(config.rotate.probability, Rotate::default().probability);
        assert_eq!(config.mask.probability, 0.5);
        let text = toml::to_string(&config).unwrap();
        assert_eq!(toml::from_str::<ViewConfig>(&text).unwrap(), config);
        let wrong = toml::from_str::<ViewConfig>("rotate.angle = 30")
            .unwrap_err()
            .to_string();
        assert!(
            wrong.contains("angle") && wrong.contains("degrees"),
            "{wrong}"
        );
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        assert_eq!(ViewConfig::default().check(), Ok(()));
        assert_eq!(ViewConfig::none().check(), Ok(()));
        for (text, name) in [
            ("rotate.degrees = 200", "rotate.degrees"),
            ("crop.shortest = 0", "crop.shortest"),
            ("mirror.probability = 1.5", "mirror.probability"),
            ("permute.segments = 1", "permute.segments"),
            ("jitter.deviation = nan", "jitter.deviation"),
        ] {
            let config: ViewConfig = toml::from_str(text).unwrap();
            let message = config.check().unwrap_err().to_string();
            assert!(message.contains(name), "{message}");
        }
    }
}
