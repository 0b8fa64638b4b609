//! Why a weights file cannot be read or written.

use super::VERSION;
use crate::export::ExportError;
use safetensors::{Dtype, SafeTensorError};

/// Why a weights file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The encoder or its description is broken.
    #[error(transparent)]
    Encoder(#[from] ExportError),
    /// Fewer bytes than the file announces.
    #[error(
        "the weights file is cut short: need {need} bytes, have {have}; copy or export it again"
    )]
    Short {
        /// Bytes needed.
        need: u64,
        /// Bytes given.
        have: u64,
    },
    /// The bytes are not safetensors.
    #[error("this is no safetensors file, or it is damaged: {0}")]
    Container(#[from] SafeTensorError),
    /// Safetensors, but not ours.
    #[error("this safetensors file was not written by mote: its metadata has no entry \"mote\"")]
    Foreign,
    /// The metadata cannot be read.
    #[error("the metadata of the weights file is damaged: {0}")]
    Header(#[from] serde_json::Error),
    /// Written for another version.
    #[error(
        "the weights file has version {found}, this build reads {VERSION}; export it again with this build"
    )]
    Version {
        /// The file's version.
        found: u32,
    },
    /// The content changed since it was written.
    #[error("the weights file is damaged: checksum {stored:08x} stored, {computed:08x} computed")]
    Crc {
        /// Checksum in the file.
        stored: u32,
        /// Checksum of its content.
        computed: u32,
    },
    /// A tensor has another type or shape than the spec says.
    #[error("tensor {name} is {found_type:?} {found:?}, the spec needs {need_type:?} {need:?}")]
    Tensor {
        /// Its name.
        name: String,
        /// Type needed.
        need_type: Dtype,
        /// Shape needed.
        need: Vec<usize>,
        /// Type found.
        found_type: Dtype,
        /// Shape found.
        found: Vec<usize>,
    },
}
