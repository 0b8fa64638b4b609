//! Why a probe refuses.

use super::{Label, NAME_LEN, normalise::MAX_MAGNITUDE};
use core::fmt;

/// Why a probe refuses; it is unchanged then.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ProbeError {
    /// A label without a name.
    NameEmpty,
    /// A name of `have` bytes; at most [`NAME_LEN`] fit.
    NameTooLong {
        /// Bytes of the name.
        have: usize,
    },
    /// The name belongs to another label.
    NameTaken {
        /// Its owner.
        by: Label,
    },
    /// All places are taken.
    TooManyLabels {
        /// The learner's `L`.
        limit: usize,
    },
    /// The label was never added, or was forgotten.
    NoSuchLabel {
        /// The label asked for.
        label: Label,
        /// Labels that exist.
        have: usize,
    },
    /// An embedding of another length.
    Length {
        /// The learner's `D`.
        need: usize,
        /// Values given.
        have: usize,
    },
    /// A value is not finite or beyond [`MAX_MAGNITUDE`].
    OutOfRange {
        /// Where in the embedding.
        index: usize,
    },
    /// Nothing was learned yet, so nothing can be predicted.
    NothingLearned,
}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NameEmpty => write!(f, "a label needs a name"),
            Self::NameTooLong { have } => {
                write!(
                    f,
                    "the name has {have} bytes, a label's name at most {NAME_LEN}; shorten it"
                )
            }
            Self::NameTaken { by } => write!(f, "label {} already has this name", by.0),
            Self::TooManyLabels { limit } => {
                write!(
                    f,
                    "the probe holds {limit} labels and all places are taken; forget one first"
                )
            }
            Self::NoSuchLabel { label, have } => {
                write!(f, "there is no label {}; {have} exist", label.0)
            }
            Self::Length { need, have } => {
                write!(f, "the embedding has {have} values, the probe needs {need}")
            }
            Self::OutOfRange { index } => {
                write!(
                    f,
                    "value {index} of the embedding is not a number within +-{}",
                    MAX_MAGNITUDE as u32
                )
            }
            Self::NothingLearned => {
                write!(
                    f,
                    "the probe has learned no embedding yet; teach it one first"
                )
            }
        }
    }
}

impl core::error::Error for ProbeError {}
