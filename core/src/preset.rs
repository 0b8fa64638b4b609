//! Encoders to start from, each scaled by a width multiplier.
//!
//! With `classes`, a dense layer follows, as in supervised training; without, the spec ends at the embedding.

mod build;
mod conv1d;
mod dscnn;
mod resnet8;
mod tcn;

pub use conv1d::conv1d;
pub use dscnn::dscnn;
pub use resnet8::resnet8;
pub use tcn::tcn;

use crate::shape::Shape;
use crate::spec::{Spec, SpecError};
use core::fmt;

/// The presets by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Preset {
    /// Motion and other time series.
    Conv1d,
    /// Small pictures.
    Resnet8,
    /// Spectrograms.
    Dscnn,
    /// Long series and, with a vocabulary, symbols.
    Tcn,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 4] = [Self::Conv1d, Self::Resnet8, Self::Dscnn, Self::Tcn];

    /// The name in configs and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Conv1d => "conv1d",
            Self::Resnet8 => "resnet8",
            Self::Dscnn => "dscnn",
            Self::Tcn => "tcn",
        }
    }

    /// The preset called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// The input that the preset was designed for.
    pub const fn usual_input(self) -> Shape {
        match self {
            Self::Conv1d => Shape::sequence(128, 6),
            Self::Resnet8 => Shape::new(32, 32, 3),
            Self::Dscnn => Shape::new(49, 10, 1),
            Self::Tcn => Shape::sequence(256, 1),
        }
    }

    /// Builds the spec for `input`; `width` scales every channel count (1.0 as designed).
    ///
    /// `tcn` reads numbers here; for symbols call [`tcn`] with a vocabulary.
    pub fn spec(self, input: Shape, width: f32, classes: Option<u16>) -> Result<Spec, PresetError> {
        match self {
            Self::Conv1d => conv1d(input, width, classes),
            Self::Resnet8 => resnet8(input, width, classes),
            Self::Dscnn => dscnn(input, width, classes),
            Self::Tcn => tcn(input, None, width, classes),
        }
    }
}

/// Why a preset cannot be built.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum PresetError {
    /// The width multiplier is not within `0.05..=16`.
    Width(f32),
    /// The input does not suit the layers.
    Spec(SpecError),
}

impl fmt::Display for PresetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Width(width) => write!(
                f,
                "a width multiplier of {width}; choose one between 0.05 and 16"
            ),
            Self::Spec(error) => write!(f, "the preset does not fit this input: {error}"),
        }
    }
}

impl core::error::Error for PresetError {}

#[cfg(test)]
mod tests;
