//! What the desktop asks of the device.

use super::{Name, Upload};
use serde::{Deserialize, Serialize};

/// One request. The order of the variants is the wire's: new ones go to the end.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Request<'a> {
    /// Who are you? Answered by [`Response::Status`](super::Response::Status).
    Status,
    /// One label, by its place. Answered by [`Response::Label`](super::Response::Label), or refused with
    /// [`NoSuchLabel`](super::Refusal::NoSuchLabel) where the place is free.
    Label {
        /// The label's place, in `0..status.label_capacity`.
        index: u8,
    },
    /// Makes room for a label. A name that exists already is answered with its label, so a retry is harmless.
    AddLabel {
        /// The new name; not empty.
        name: Name,
    },
    /// Gives a label another name.
    Rename {
        /// The label's place, in `0..status.label_capacity`.
        index: u8,
        /// The new name, which no other label has.
        name: Name,
    },
    /// Removes a label and what was learned of it.
    ForgetLabel {
        /// The label's place, in `0..status.label_capacity`.
        index: u8,
        /// The name that the label has now, so that a late retry cannot hit the label that moved here.
        name: Name,
    },
    /// Removes all labels and all that was learned.
    ForgetAll,
    /// A piece of the window that [`Infer`](Self::Infer), [`Embed`](Self::Embed) and [`Learn`](Self::Learn)
    /// then use. Pieces come in order; the first one (offset 0) forgets the window before.
    Window {
        /// Values of the whole window, `T * C`.
        total: u16,
        /// Index of the first value of this piece.
        offset: u16,
        /// The values.
        #[serde(borrow)]
        values: Values<'a>,
    },
    /// The label of the window. Answered by [`Response::Inference`](super::Response::Inference).
    Infer,
    /// The embedding of the window from value `offset` on. Answered by
    /// [`Response::Embedding`](super::Response::Embedding).
    Embed {
        /// First value wanted.
        offset: u16,
    },
    /// One probe step: the window belongs to this label.
    Learn {
        /// Drawn anew for each example, the same in each retry: an example with a known id counts once.
        id: u32,
        /// The label's place, in `0..status.label_capacity`.
        index: u8,
    },
    /// What the device thought of its own sensor at the last hop. Answered by
    /// [`Response::Inference`](super::Response::Inference).
    Latest,
    /// Writes the learned state to flash now.
    Save,
    /// A piece of the learned state. Answered by [`Response::Snapshot`](super::Response::Snapshot).
    SnapshotRead {
        /// First byte wanted; 0 takes a new snapshot, other offsets continue it.
        offset: u32,
    },
    /// Starts, or resumes, an upload. Answered by [`Response::Uploaded`](super::Response::Uploaded), which
    /// says where to go on: at 0, or behind what an interrupted upload of the same bytes has left.
    Begin {
        /// What is coming.
        what: Upload,
        /// Its bytes.
        total: u32,
        /// CRC-32 of all of them.
        crc: u32,
    },
    /// A piece of an upload, in order. A piece that is there already is acknowledged and not written again.
    Part {
        /// What it belongs to.
        what: Upload,
        /// First byte of this piece.
        offset: u32,
        /// At most [`CHUNK`](super::CHUNK) bytes.
        bytes: &'a [u8],
    },
    /// Is the upload whole, and would the device accept it? Changes nothing.
    Verify {
        /// What was uploaded.
        what: Upload,
    },
    /// Puts a verified upload to use. A commit of what is in use already is acknowledged.
    Commit {
        /// What was uploaded.
        what: Upload,
        /// Its CRC-32, so that a late retry commits nothing else.
        crc: u32,
    },
    /// Measures the encoder. Answered by [`Response::Bench`](super::Response::Bench).
    Bench {
        /// One layer, or the whole encoder.
        layer: Option<u8>,
        /// Runs, at least 1.
        repeats: u16,
    },
    /// Answered by [`Response::Done`](super::Response::Done), then the device restarts.
    Reboot,
    /// From now on the windows of the device's own sensor are examples of this label; `None` ends it. Nothing is saved
    /// by itself.
    Teach {
        /// The label's place, in `0..status.label_capacity`.
        index: Option<u8>,
    },
}

/// Values of a window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Values<'a> {
    /// Quantized as the image's input, one byte each.
    I8(&'a [u8]),
    /// In the sensor's units, four little-endian bytes each; the device normalises and quantizes.
    F32(&'a [u8]),
}

impl<'a> Values<'a> {
    /// How many values there are; a broken last `f32` does not count.
    pub const fn len(&self) -> usize {
        match self {
            Self::I8(bytes) => bytes.len(),
            Self::F32(bytes) => bytes.len() / 4,
        }
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values if they are quantized.
    pub fn i8(self) -> Option<impl Iterator<Item = i8> + use<'a>> {
        match self {
            Self::I8(bytes) => Some(bytes.iter().map(|byte| *byte as i8)),
            Self::F32(_) => None,
        }
    }

    /// The values if they are real.
    pub fn f32(self) -> Option<impl Iterator<Item = f32> + use<'a>> {
        match self {
            Self::I8(_) => None,
            Self::F32(bytes) => Some(bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b))),
        }
    }
}
