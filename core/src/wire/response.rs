//! What the device answers.

use super::{MAX_LABELS, Name, Refusal, Upload};
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// One response. The order of the variants is the wire's: new ones go to the end.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Response<'a> {
    /// The request was not carried out, and why.
    Refused(Refusal),
    /// The request was carried out and there is nothing to tell.
    Done,
    /// Who the device is.
    Status(Status),
    /// A label.
    Label {
        /// Its place.
        index: u8,
        /// Its name.
        name: Name,
        /// Examples learned.
        examples: u32,
    },
    /// The window was received up to here.
    Window {
        /// Index of the value that comes next; the total when the window is whole.
        next: u16,
    },
    /// What the probe says of a window.
    Inference(Inference),
    /// A piece of an embedding.
    Embedding {
        /// Values of the whole embedding, `D`.
        total: u16,
        /// Index of the first value here.
        offset: u16,
        /// Values, four little-endian bytes of an `f32` each: what the probe sees.
        values: &'a [u8],
    },
    /// A probe step was done, or had been done for this id before.
    Learned {
        /// The request's id.
        id: u32,
        /// The label.
        index: u8,
        /// Examples of this label so far.
        examples: u32,
    },
    /// A piece of the learned state.
    Snapshot {
        /// Bytes of the whole snapshot.
        total: u32,
        /// CRC-32 of the whole snapshot.
        crc: u32,
        /// First byte here.
        offset: u32,
        /// At most [`CHUNK`](super::CHUNK) bytes.
        bytes: &'a [u8],
    },
    /// How far an upload has come.
    Uploaded {
        /// What is being uploaded.
        what: Upload,
        /// The byte that comes next; the total when it is whole.
        next: u32,
    },
    /// A measurement.
    Bench {
        /// Layers of the encoder.
        layers: u8,
        /// Multiply-accumulates of one run.
        macs: u32,
        /// Ticks of all runs together.
        ticks: u64,
        /// Ticks in a second.
        ticks_per_second: u32,
    },
}

/// Who the device is and how it fares.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Status {
    /// Board and version of its firmware.
    pub build: Name,
    /// The encoder, if there is an image.
    pub image: Option<Image>,
    /// Labels in use.
    pub labels: u8,
    /// Places for labels; a label keeps its place until it is forgotten.
    pub label_capacity: u8,
    /// Generation of the learned state in flash; `None` before the first save.
    pub generation: Option<u32>,
    /// Whether something was learned since the last save.
    pub unsaved: bool,
    /// Static RAM of the application in bytes, without stack; 0 if unknown.
    pub ram: u32,
    /// Flash of the program in bytes, without the image; 0 if unknown.
    pub flash: u32,
    /// Most bytes of stack since the last boot; 0 if unknown.
    pub stack: u32,
    /// What has happened since the last boot.
    pub counters: Counters,
}

/// The encoder that a device runs.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Image {
    /// Its name.
    pub name: Name,
    /// CRC-32 of the image.
    pub crc: u32,
    /// Bytes of the image.
    pub len: u32,
    /// Bytes of scratch memory.
    pub scratch: u32,
    /// Samples of a window, `T`.
    pub samples: u16,
    /// Channels of a sample, `C`.
    pub channels: u16,
    /// Samples in a second; 0 where time has no meaning.
    pub rate_hz: f32,
    /// Values of an embedding, `D`.
    pub embedding: u16,
}

/// What has happened since the last boot. Each counter wraps around.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Counters {
    /// Milliseconds since the boot.
    pub uptime_ms: u32,
    /// Windows of the device's own sensor that went through the encoder.
    pub windows: u32,
    /// Samples that came too fast and were dropped.
    pub lost_samples: u32,
    /// Probe steps.
    pub learned: u32,
    /// States written to flash.
    pub saves: u32,
    /// The wire's own.
    pub link: LinkCounters,
}

/// What has come over the link since the last boot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct LinkCounters {
    /// Requests handed to the application.
    pub requests: u32,
    /// Repeated requests, answered with the response of the first.
    pub repeats: u32,
    /// Whole frames that were no request: of another version, direction or shape.
    pub refused: u32,
    /// Frames dropped as damaged, cut short or too long.
    pub dropped: u32,
}

/// What the probe says of a window.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Inference {
    /// Number of the hop it belongs to; 0 for a window that came over the wire.
    pub hop: u32,
    /// Place of the label that fits best; `None` for "unknown".
    pub index: Option<u8>,
    /// How sure, in `[0, 1]`.
    pub confidence: f32,
    /// How far the window lies from all that was learned, in standard deviations; about 0 for a usual one.
    pub novelty: f32,
    /// One logit for each place; negative infinity where nothing was learned.
    pub logits: Vec<f32, MAX_LABELS>,
}
