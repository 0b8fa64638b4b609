//! Why the device did not do as asked, with the numbers that tell what to change.

use super::Upload;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Why a request was not carried out. The order of the variants is the wire's: new ones go to the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Refusal {
    /// The request was made for another version of the protocol.
    Version {
        /// The device's.
        need: u8,
        /// The request's.
        have: u8,
    },
    /// The frame was whole, but holds no request of this version.
    Malformed,
    /// This device cannot do that at all.
    Unsupported,
    /// There is no image to run.
    NoImage,
    /// The window was not sent, or not whole.
    NoWindow {
        /// Values of a window.
        need: u16,
        /// Values received.
        have: u16,
    },
    /// The window has another length than the image's.
    WindowLength {
        /// Values of a window.
        need: u16,
        /// Values announced.
        have: u16,
    },
    /// A piece came out of order.
    Gap {
        /// The offset that comes next.
        need: u32,
        /// The offset that came.
        have: u32,
    },
    /// The offset lies behind the end.
    Offset {
        /// The end.
        most: u32,
        /// The offset asked for.
        have: u32,
    },
    /// There is no label in this place.
    NoSuchLabel {
        /// Places for labels.
        capacity: u8,
        /// The place asked for.
        index: u8,
    },
    /// No label was learned yet.
    NothingLearned,
    /// There is no room for another label.
    LabelsFull {
        /// Labels that there is room for.
        capacity: u8,
    },
    /// Another label has this name, or the label to be forgotten does not have it, or it is empty.
    Name {
        /// The label concerned.
        index: u8,
    },
    /// The upload does not fit.
    TooLong {
        /// What was to be uploaded.
        what: Upload,
        /// Its bytes.
        need: u32,
        /// Bytes of room.
        have: u32,
    },
    /// No upload of this kind was begun, or not all of it has come.
    Incomplete {
        /// What was to be uploaded.
        what: Upload,
        /// Its bytes; 0 when none was begun.
        need: u32,
        /// Bytes received.
        have: u32,
    },
    /// What was uploaded has another checksum than announced.
    Checksum {
        /// CRC-32 announced.
        need: u32,
        /// CRC-32 found.
        have: u32,
    },
    /// What was uploaded is whole, but the device cannot use it.
    Unusable {
        /// What was uploaded.
        what: Upload,
        /// The application's code for the cause.
        code: u32,
    },
    /// Flash could not be written.
    Flash {
        /// The application's code for the cause.
        code: u32,
    },
    /// There is no such layer.
    NoSuchLayer {
        /// Layers of the encoder.
        layers: u8,
        /// The layer asked for.
        layer: u8,
    },
    /// The application cannot answer in the room that a frame has.
    ResponseTooLong {
        /// Bytes of the frame.
        need: u16,
        /// Bytes of the buffer.
        have: u16,
    },
    /// The image is whole, but this device is made for others.
    Misfit {
        /// What does not go together.
        what: Fit,
        /// The image's number.
        need: u32,
        /// The device's.
        have: u32,
    },
    /// Another image was committed; it runs after a restart, before which this is not possible.
    RebootFirst,
    /// More runs than the device makes for one request, or none.
    Repeats {
        /// Most runs, at least 1.
        most: u16,
        /// Runs asked for.
        have: u16,
    },
}

/// What may not go together between an image and a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Fit {
    /// Bits of a weight: 8 in an int8 image, 16 in an f16 image.
    Format,
    /// Values of an embedding, which must be equal.
    Embedding,
    /// Bytes of a window: one a value in an int8 image, four in an f16 one.
    Window,
    /// Bytes of scratch.
    Scratch,
    /// Channels of a sample, which must be equal.
    Channels,
    /// Samples in 1000 seconds, which may differ by a tenth.
    Rate,
    /// Points of the FFT of a log-mel front end; a device that takes no sound has 0.
    FrontEnd,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Version { need, have } => write!(
                f,
                "the device speaks protocol version {need}, the request was of version {have}"
            ),
            Self::Malformed => write!(f, "the device does not know this request"),
            Self::Unsupported => write!(f, "this device cannot do that"),
            Self::NoImage => write!(f, "the device has no image; upload one first"),
            Self::NoWindow { need, have } => {
                write!(
                    f,
                    "a window has {need} values, the device has received {have}"
                )
            }
            Self::WindowLength { need, have } => {
                write!(f, "the image takes windows of {need} values, not of {have}")
            }
            Self::Gap { need, have } => {
                write!(f, "the piece at {need} comes next, not the one at {have}")
            }
            Self::Offset { most, have } => write!(f, "offset {have} lies behind the end at {most}"),
            Self::NoSuchLabel { capacity, index } => {
                write!(f, "there is no label in place {index} of {capacity}")
            }
            Self::NothingLearned => write!(f, "the device has learned nothing yet"),
            Self::LabelsFull { capacity } => {
                write!(
                    f,
                    "the device has room for {capacity} labels, and all are in use"
                )
            }
            Self::Name { index } => {
                write!(f, "the name is empty, or does not go with label {index}")
            }
            Self::TooLong { what, need, have } => {
                write!(
                    f,
                    "the {what} has {need} bytes, the device has room for {have}"
                )
            }
            Self::Incomplete { what, need, have } => {
                write!(f, "{have} of {need} bytes of the {what} have arrived")
            }
            Self::Checksum { need, have } => {
                write!(
                    f,
                    "the upload should have CRC-32 {need:#010x} and has {have:#010x}"
                )
            }
            Self::Unusable { what, code } => {
                write!(f, "the device cannot use this {what} (code {code})")
            }
            Self::Flash { code } => write!(f, "the device cannot write its flash (code {code})"),
            Self::NoSuchLayer { layers, layer } => {
                write!(f, "there is no layer {layer}; the encoder has {layers}")
            }
            Self::ResponseTooLong { need, have } => {
                write!(
                    f,
                    "the response needs {need} bytes, the device's buffer has {have}"
                )
            }
            Self::Misfit { what, need, have } => match what {
                Fit::Format => write!(
                    f,
                    "the image has weights of {need} bits, the device runs those of {have}"
                ),
                Fit::Embedding => write!(
                    f,
                    "the image gives embeddings of {need} values, the device's probe takes {have}"
                ),
                Fit::Window => write!(
                    f,
                    "the image takes windows of {need} bytes, the device has room for {have}"
                ),
                Fit::Scratch => write!(
                    f,
                    "the image needs {need} bytes of scratch, the device has {have}"
                ),
                Fit::Channels => write!(
                    f,
                    "the image takes samples of {need} channels, the sensor gives {have}"
                ),
                Fit::Rate => write!(
                    f,
                    "the image was trained at {} Hz, the sensor gives {} Hz",
                    need as f32 / 1e3,
                    have as f32 / 1e3
                ),
                Fit::FrontEnd if have == 0 => write!(
                    f,
                    "the image hears sound, the device's application takes none"
                ),
                Fit::FrontEnd => write!(
                    f,
                    "the image hears by an FFT of {need} points, the device has room for {have}"
                ),
            },
            Self::RebootFirst => write!(
                f,
                "another image was uploaded and runs after a restart; restart the device first"
            ),
            Self::Repeats { most, have } => {
                write!(f, "the device makes 1 to {most} runs at once, not {have}")
            }
        }
    }
}

impl core::error::Error for Refusal {}
