//! Files of trained encoders, told apart by their content.

use super::CliError;
use crate::export::weights::{self, Origin};
use crate::train::trained::TrainedEncoder;
use mote_core::image::ModelImage;
use std::path::Path;

/// What a file holds.
pub enum EncoderFile {
    /// Bytes that begin like a model image.
    Image(Vec<u8>),
    /// Trained weights with their origin.
    Weights(Box<(TrainedEncoder, Origin)>),
}

impl EncoderFile {
    /// Reads `path`; the image is not parsed yet.
    pub fn read(path: &Path) -> Result<Self, CliError> {
        let bytes = std::fs::read(path).map_err(|source| CliError::Read {
            path: path.into(),
            source,
        })?;
        if bytes.starts_with(&mote_core::image::section::MAGIC) {
            return Ok(Self::Image(bytes));
        }
        if path.extension().is_some_and(|e| e == "image") && !bytes.is_empty() {
            // Its name says image: let the parser say what is wrong with it.
            return Ok(Self::Image(bytes));
        }
        if path.extension().is_none_or(|e| e != "safetensors") && bytes.get(8) != Some(&b'{') {
            return Err(CliError::Unknown { path: path.into() });
        }
        let weights = weights::from_bytes(&bytes).map_err(|source| CliError::Weights {
            path: path.into(),
            source,
        })?;
        Ok(Self::Weights(Box::new(weights)))
    }
}

/// The image in `bytes`, the content of the file `path`.
pub fn parse<'b>(path: &Path, bytes: &'b [u8]) -> Result<ModelImage<'b>, CliError> {
    ModelImage::parse(bytes).map_err(|source| CliError::Image {
        path: path.into(),
        source,
    })
}
