//! Which objective a run has, by name, with its settings.

use super::barlow_twins::BarlowTwins;
use super::cpc::CpcConfig;
use super::distillation::Distillation;
use super::gaussian::NextValue;
use super::masked::Masked;
use super::masked_symbols::MaskedSymbols;
use super::moco::MocoConfig;
use super::next_symbol::NextSymbol;
use super::nt_xent::NtXentConfig;
use super::order::{MAX_SEGMENTS, Order};
use super::paired::Paired;
use super::rotation::Rotation;
use super::vicreg::VicReg;
use crate::data::Kind;
use serde::{Deserialize, Serialize};
use std::fmt::Display;

/// What training aims at. In TOML `name` chooses; a setting that is left out has its default.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum ObjectiveConfig {
    /// Views of a window are alike, other windows are not: SimCLR.
    NtXent(NtXentConfig),
    /// The same with a momentum encoder and a queue of negatives: MoCo v2.
    Moco(MocoConfig),
    /// Views agree, coordinates are independent.
    BarlowTwins(BarlowTwins),
    /// Views agree, coordinates vary and are uncorrelated.
    Vicreg(VicReg),
    /// Which window comes next.
    Cpc(CpcConfig),
    /// What the next samples are.
    NextValue(NextValue),
    /// What hidden patches held.
    Masked(Masked),
    /// What the next symbol is, everywhere.
    NextSymbol(NextSymbol),
    /// Which symbols were hidden.
    MaskedSymbols(MaskedSymbols),
    /// In which order segments were, and whether time ran backwards.
    Order(Order),
    /// By how many quarter turns a picture was turned.
    Rotation(Rotation),
    /// What an engineer would have measured of the window, from one view of it.
    HandFeatures(HandFeatures),
    /// What another sensor saw at the same time, or another data set has of the same event.
    Paired(Paired),
    /// What a larger teacher says.
    Distillation(Distillation),
    /// Several at once.
    Combined(Combined),
}

/// Regression of the hand features of the unaltered window, with smooth L1; it has no settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HandFeatures {}

/// A weighted sum of objectives over one encoder.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Combined {
    /// What is added up.
    pub terms: Vec<Term>,
}

/// One objective of several.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Term {
    /// Factor of its loss, above 0, at most 1000.
    #[serde(default = "one")]
    pub weight: f32,
    /// The objective.
    #[serde(flatten)]
    pub objective: ObjectiveConfig,
}

fn one() -> f32 {
    1.0
}

impl Default for ObjectiveConfig {
    fn default() -> Self {
        Self::NtXent(NtXentConfig::default())
    }
}

/// All kinds of data.
const ANY: &[Kind] = &Kind::ALL;
/// What has two sides of equal right.
const PICTURES: &[Kind] = &[Kind::Pictures];
/// Where time runs.
const IN_TIME: &[Kind] = &[Kind::Series, Kind::Sound];
/// Where several sensors may have recorded the same.
const SENSORS: &[Kind] = &[Kind::Series];
/// Where values are numbers, so that an engineer can measure them.
const NUMBERS: &[Kind] = &[Kind::Series, Kind::Sound, Kind::Pictures];

impl ObjectiveConfig {
    /// Every objective with its usual settings; of `combined`, what takes the place of a choice: nothing.
    pub fn all() -> Vec<Self> {
        vec![
            Self::NtXent(NtXentConfig::default()),
            Self::Moco(MocoConfig::default()),
            Self::BarlowTwins(BarlowTwins::default()),
            Self::Vicreg(VicReg::default()),
            Self::Cpc(CpcConfig::default()),
            Self::NextValue(NextValue::default()),
            Self::Masked(Masked::default()),
            Self::NextSymbol(NextSymbol::default()),
            Self::MaskedSymbols(MaskedSymbols::default()),
            Self::Order(Order::default()),
            Self::Rotation(Rotation::default()),
            Self::HandFeatures(HandFeatures::default()),
            Self::Paired(Paired::default()),
            Self::Distillation(Distillation::default()),
        ]
    }

    /// The objective called `name` with its usual settings.
    ///
    /// # Errors
    /// A message with the names that there are.
    pub fn named(name: &str) -> Result<Self, String> {
        let all = Self::all();
        let names: Vec<&str> = all.iter().map(Self::name).collect();
        let at = names.iter().position(|known| *known == name);
        at.map(|at| all[at].clone()).ok_or_else(|| {
            format!(
                "--objective: expected one of {}, found {name:?}; several at once are named in a file, see --config",
                names.join(", ")
            )
        })
    }

    /// The name in TOML and on the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NtXent(_) => "nt_xent",
            Self::Moco(_) => "moco",
            Self::BarlowTwins(_) => "barlow_twins",
            Self::Vicreg(_) => "vicreg",
            Self::Cpc(_) => "cpc",
            Self::NextValue(_) => "next_value",
            Self::Masked(_) => "masked",
            Self::NextSymbol(_) => "next_symbol",
            Self::MaskedSymbols(_) => "masked_symbols",
            Self::Order(_) => "order",
            Self::Rotation(_) => "rotation",
            Self::HandFeatures(_) => "hand_features",
            Self::Paired(_) => "paired",
            Self::Distillation(_) => "distillation",
            Self::Combined(_) => "combined",
        }
    }

    /// The kinds of data that it makes sense for.
    pub fn kinds(&self) -> Vec<Kind> {
        match self {
            Self::NtXent(_) | Self::Moco(_) | Self::BarlowTwins(_) | Self::Vicreg(_) => {
                ANY.to_vec()
            }
            Self::Paired(Paired { with: Some(_), .. }) => ANY.to_vec(),
            Self::Masked(_) | Self::HandFeatures(_) => NUMBERS.to_vec(),
            Self::NextSymbol(_) | Self::MaskedSymbols(_) => vec![Kind::Symbols],
            Self::Cpc(_) | Self::NextValue(_) | Self::Order(_) => IN_TIME.to_vec(),
            Self::Paired(_) => SENSORS.to_vec(),
            Self::Rotation(_) => PICTURES.to_vec(),
            Self::Distillation(Distillation {
                teacher: Some(_), ..
            }) => ANY.to_vec(),
            Self::Distillation(distillation) => distillation.objective.kinds(),
            Self::Combined(combined) => {
                let mut kinds = ANY.to_vec();
                for term in &combined.terms {
                    let of_term = term.objective.kinds();
                    kinds.retain(|kind| of_term.contains(kind));
                }
                kinds
            }
        }
    }

    /// Whether it asks at every place of a sequence, before the encoder averages them to its embedding.
    pub fn at_places(&self) -> bool {
        let at_places = |term: &Self| matches!(term, Self::NextSymbol(_) | Self::MaskedSymbols(_));
        self.terms().iter().any(|(_, term)| at_places(term))
    }

    /// The name of the first of its terms that asks what comes after a window.
    pub fn asks_what_follows(&self) -> Option<&'static str> {
        let asks = |term: &Self| matches!(term, Self::Cpc(_) | Self::NextValue(_));
        let mut terms = self.terms().into_iter();
        terms.find_map(|(_, term)| asks(term).then(|| term.name()))
    }

    /// The distillation among its terms; [`Self::check`] sees to it that there is one at most.
    pub fn distillation(&self) -> Option<&Distillation> {
        self.terms().into_iter().find_map(|(_, term)| match term {
            Self::Distillation(distillation) => Some(distillation),
            _ => None,
        })
    }

    /// The pairing of two modalities among its terms; [`Self::check`] sees to it that there is one at most.
    pub fn paired(&self) -> Option<&Paired> {
        self.terms().into_iter().find_map(|(_, term)| match term {
            Self::Paired(paired) => Some(paired),
            _ => None,
        })
    }

    /// Checks that it makes sense for data of `kind`.
    ///
    /// # Errors
    /// A message with the objectives that do.
    pub fn suits(&self, kind: Kind) -> Result<(), String> {
        let wrong = self
            .terms()
            .into_iter()
            .find(|(_, term)| !term.kinds().contains(&kind));
        let Some((_, wrong)) = wrong else {
            return Ok(());
        };
        if let Self::Distillation(distillation) = wrong {
            return distillation
                .objective
                .suits(kind)
                .map_err(|message| format!("objective of the teacher: {message}"));
        }
        let advice = match wrong {
            Self::Paired(_) => "; paired does with a second data set: --pair-with DIR",
            _ => "",
        };
        let right = Self::all();
        let right: Vec<&str> = right
            .iter()
            .filter(|objective| objective.kinds().contains(&kind))
            .map(Self::name)
            .collect();
        Err(format!(
            "objective: {} makes no sense for {}; right ones are {}{advice}",
            wrong.name(),
            kind.name(),
            right.join(", ")
        ))
    }

    /// The objectives that are added up, with their weights; one of weight 1 unless it is `combined`.
    pub fn terms(&self) -> Vec<(f32, &Self)> {
        match self {
            Self::Combined(combined) => combined
                .terms
                .iter()
                .flat_map(|term| {
                    let terms = term.objective.terms().into_iter();
                    terms.map(|(weight, objective)| (weight * term.weight, objective))
                })
                .collect(),
            one => vec![(1.0, one)],
        }
    }

    /// Checks every number.
    ///
    /// # Errors
    /// The first fault: its key, what was expected, what was found.
    pub fn check(&self) -> Result<(), String> {
        let must = |holds: bool, key: &str, expected: &str, found: &dyn Display| {
            if holds {
                Ok(())
            } else {
                Err(format!(
                    "objective.{key}: expected {expected}, found {found}"
                ))
            }
        };
        let weight =
            |key: &str, value: f32| must((0.0..=1e6).contains(&value), key, "0 to 1000000", &value);
        match self {
            Self::NtXent(NtXentConfig { temperature, .. }) => must(
                (0.025..=100.0).contains(temperature),
                "temperature",
                "0.025 to 100",
                temperature,
            ),
            Self::Moco(config) => {
                let temperature = config.temperature;
                must(
                    (0.01..=100.0).contains(&temperature),
                    "temperature",
                    "0.01 to 100",
                    &temperature,
                )?;
                must(
                    (1..=65_536).contains(&config.queue),
                    "queue",
                    "1 to 65536 keys",
                    &config.queue,
                )?;
                let momentum = config.momentum;
                must(
                    (0.0..=1.0).contains(&momentum),
                    "momentum",
                    "0 to 1",
                    &momentum,
                )
            }
            Self::BarlowTwins(BarlowTwins { lambda }) => weight("lambda", *lambda),
            Self::Vicreg(VicReg { lambda, mu, nu }) => {
                weight("lambda", *lambda)?;
                weight("mu", *mu)?;
                weight("nu", *nu)
            }
            Self::Cpc(CpcConfig { ahead, width }) => {
                must(
                    (0.01..=1000.0).contains(ahead),
                    "ahead",
                    "0.01 to 1000 window lengths",
                    ahead,
                )?;
                must((1..=1024).contains(width), "width", "1 to 1024", width)
            }
            Self::NextValue(NextValue { horizon }) => must(
                (1..=1024).contains(horizon),
                "horizon",
                "1 to 1024 samples",
                horizon,
            ),
            Self::Masked(masked) => {
                must(
                    masked.share > 0.0 && masked.share < 1.0,
                    "share",
                    "a number above 0 and below 1",
                    &masked.share,
                )?;
                must(masked.patch >= 1, "patch", "at least 1", &masked.patch)?;
                must(
                    (1..=4096).contains(&masked.decoder),
                    "decoder",
                    "1 to 4096",
                    &masked.decoder,
                )
            }
            Self::Order(order) => {
                must(
                    (1..=MAX_SEGMENTS).contains(&order.segments),
                    "segments",
                    "1 to 5",
                    &order.segments,
                )?;
                must(
                    order.classes() > 1,
                    "segments",
                    "at least 2, or arrow = true",
                    &order.segments,
                )
            }
            Self::MaskedSymbols(masked) => {
                must(
                    masked.share > 0.0 && masked.share < 1.0,
                    "share",
                    "a number above 0 and below 1",
                    &masked.share,
                )?;
                must(masked.ahead <= 64, "ahead", "0 to 64", &masked.ahead)?;
                must(
                    (1..=1024).contains(&masked.decoder),
                    "decoder",
                    "1 to 1024",
                    &masked.decoder,
                )
            }
            Self::Rotation(_) | Self::HandFeatures(_) | Self::NextSymbol(_) => Ok(()),
            Self::Paired(paired) => {
                let temperature = paired.temperature;
                must(
                    (0.01..=100.0).contains(&temperature),
                    "temperature",
                    "0.01 to 100",
                    &temperature,
                )?;
                must(
                    paired.channels.is_empty() || paired.with.is_none(),
                    "channels",
                    "none beside objective.with, a data set that has channels of its own; leave one of them out",
                    &paired.channels.join(", "),
                )
            }
            Self::Distillation(distillation) => {
                let width = distillation.teacher_width;
                must(
                    width > 0.0 && width <= 16.0,
                    "teacher_width",
                    "above 0, at most 16",
                    &width,
                )?;
                must(
                    distillation.hidden <= 4096,
                    "hidden",
                    "0 to 4096",
                    &distillation.hidden,
                )?;
                let inner = &distillation.objective;
                must(
                    inner.distillation().is_none() && inner.paired().is_none(),
                    "objective",
                    "an objective that needs no teacher and no second encoder itself",
                    &inner.name(),
                )?;
                inner.check()
            }
            Self::Combined(combined) => {
                must(
                    !combined.terms.is_empty(),
                    "terms",
                    "at least one [[objective.terms]]",
                    &"none",
                )?;
                for term in &combined.terms {
                    must(
                        term.weight > 0.0 && term.weight <= 1000.0,
                        "terms.weight",
                        "above 0, at most 1000",
                        &term.weight,
                    )?;
                    term.objective.check()?;
                }
                for name in ["distillation", "paired"] {
                    let terms = self.terms().into_iter();
                    let count = terms.filter(|(_, term)| term.name() == name).count();
                    must(count <= 1, "terms", &format!("at most one {name}"), &count)?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests;
