//! Errors of probe and store as the wire tells them.

use crate::store::StoreError;
use mote_core::probe::{Label, ProbeError};
use mote_core::wire::{Refusal, Upload};

/// There is no such label among `L` places.
pub fn no_such<const L: usize>(label: Label) -> Refusal {
    Refusal::NoSuchLabel {
        capacity: L as u8,
        index: label.0,
    }
}

/// A probe's error as the wire tells it.
pub fn refusal<const L: usize>(error: ProbeError) -> Refusal {
    match error {
        ProbeError::NameEmpty | ProbeError::NameTooLong { .. } => Refusal::Name { index: 0 },
        ProbeError::NameTaken { by } => Refusal::Name { index: by.0 },
        ProbeError::TooManyLabels { limit } => Refusal::LabelsFull {
            capacity: limit as u8,
        },
        ProbeError::NoSuchLabel { label, .. } => no_such::<L>(label),
        ProbeError::NothingLearned => Refusal::NothingLearned,
        ProbeError::Length { need, have } => Refusal::NoWindow {
            need: need as u16,
            have: have as u16,
        },
        ProbeError::OutOfRange { .. } => Refusal::Unsupported,
    }
}

/// A store's error as the wire tells it.
pub fn flash_refusal<E>(error: &StoreError<E>) -> Refusal {
    match error {
        StoreError::StateTooLong { need, have } | StoreError::BufferTooShort { need, have } => {
            Refusal::TooLong {
                what: Upload::Snapshot,
                need: *need as u32,
                have: *have as u32,
            }
        }
        StoreError::Verify { offset } => Refusal::Flash { code: *offset },
        _ => Refusal::Flash { code: u32::MAX },
    }
}
