//! What a window is: the one place that says how kinds of data differ.

use serde::{Deserialize, Serialize};

/// A kind of data.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Motion and other series: a window is any stretch of a recording.
    #[default]
    Series,
    /// Pictures: each is a recording of its own, and its only window.
    Pictures,
    /// Sequences of symbols, such as text: a window is a stretch of one, filled up where it is short.
    Symbols,
    /// Sound, as log-mel frames or as it is: a window is a stretch of a recording, with silence around where that is
    /// short.
    Sound,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Series, Self::Pictures, Self::Symbols, Self::Sound];

    /// The name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Series => "series",
            Self::Pictures => "pictures",
            Self::Symbols => "symbols",
            Self::Sound => "sound",
        }
    }
}
