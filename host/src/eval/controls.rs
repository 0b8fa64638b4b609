//! What each set of embeddings is in the comparison: the one in question, or a control beside it.

use serde::{Deserialize, Serialize};

/// The part that a set of embeddings plays.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "role", content = "of")]
pub enum Role {
    /// The encoder in question, trained without labels, in f32.
    Learned,
    /// The same encoder through int8; names the set it was quantized from.
    Quantized(String),
    /// Control: the same encoder before training. What the architecture is worth by itself.
    RandomInit,
    /// Control: the same encoder trained with every training label and augmentation. What labels would
    /// have bought.
    Supervised,
    /// Control: features without learning. What the embedding must beat to be worth flashing.
    HandFeatures,
    /// Anything else to compare with.
    Other,
}

impl Role {
    /// The roles whose presence makes an evaluation honest.
    pub const CONTROLS: [Self; 3] = [Self::RandomInit, Self::Supervised, Self::HandFeatures];

    /// Whether the set is a control.
    pub fn is_control(&self) -> bool {
        Self::CONTROLS.contains(self)
    }

    /// A few words for tables and legends.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Learned => "learned without labels",
            Self::Quantized(_) => "the same in int8",
            Self::RandomInit => "control: untrained encoder",
            Self::Supervised => "control: trained with all labels",
            Self::HandFeatures => "control: hand features",
            Self::Other => "other",
        }
    }
}
