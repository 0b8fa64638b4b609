//! Why a device could not be spoken to, or did not do as asked.

use mote_core::wire::{ClientError, Refusal};

/// Why a device could not be spoken to, or did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The port, socket or file could not be opened.
    #[error("{what}: {reason}")]
    Open {
        /// What was to be opened.
        what: String,
        /// What the system says.
        reason: String,
    },
    /// The link broke.
    #[error("the link to the device broke: {0}")]
    Link(#[from] std::io::Error),
    /// Nothing came back.
    #[error(
        "the device does not answer ({tries} tries of {seconds:.1} s): is it powered, is this its port, does it run mote?"
    )]
    Silent {
        /// How often the request was sent.
        tries: u32,
        /// How long each answer was waited for.
        seconds: f64,
    },
    /// Something came back that this program cannot read.
    #[error("{0}")]
    Client(ClientError),
    /// The device says no.
    #[error("the device refuses: {0}")]
    Refused(Refusal),
    /// The device answered another question.
    #[error("the device gave an answer that does not go with the question")]
    Unexpected,
    /// Recordings and device do not go together.
    #[error("{0}")]
    Mismatch(String),
}

impl DeviceError {
    /// Whether trying again could help no more: the other end is there, but not what is needed.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Open { .. } | Self::Mismatch(_))
    }
}
