//! From a trained encoder to files: f16 weights, and model images for the device.
//!
//! ```text
//! TrainedEncoder --fold--> FoldedEncoder --calibrate--> ranges --quantize--> QuantizedEncoder --prune, image--> bytes
//!       |                        `-------------------------------------------------------------------image--> bytes (f16)
//!       `--weights--> encoder.safetensors
//! ```

mod about;
mod calibrate;
mod embed;
mod error;
mod fold;
mod forward;
mod image;
mod pack;
mod plan;
mod prune;
mod quantize;
mod reach;
pub mod weights;

pub use about::About;
pub use calibrate::{Method, Range, calibrate};
pub use embed::{embed, embed_samples};
pub use error::ExportError;
pub use fold::{FoldedEncoder, FoldedLayer};
pub use image::{f16_image, int8_image, int8_image_for};
pub use plan::{ScratchPlan, plan};
pub use prune::{channels_left_out, prune};
pub use quantize::{QuantizedEncoder, QuantizedLayer, quantize};

use crate::train::trained::TrainedEncoder;
use mote_core::image::Target;

/// Folds, calibrates on `windows` (`B * input_len`, normalised), quantizes, leaves out dead
/// channels and writes an int8 image.
pub fn int8(
    encoder: &TrainedEncoder,
    about: &About,
    windows: &[f32],
    method: Method,
) -> Result<Vec<u8>, ExportError> {
    int8_for(Target::Portable, encoder, about, windows, method)
}

/// As [`int8`], with weights packed for one class of cores; see `core/KERNELS.md`.
pub fn int8_for(
    target: Target,
    encoder: &TrainedEncoder,
    about: &About,
    windows: &[f32],
    method: Method,
) -> Result<Vec<u8>, ExportError> {
    let folded = FoldedEncoder::fold(encoder)?;
    let ranges = calibrate(&folded, windows, method)?;
    let pruned = prune(quantize(&folded, &ranges)?)?;
    int8_image_for(about, &pruned, target)
}

/// Folds and writes an image with f16 weights.
pub fn f16(encoder: &TrainedEncoder, about: &About) -> Result<Vec<u8>, ExportError> {
    f16_image(about, &FoldedEncoder::fold(encoder)?)
}
#[cfg(test)]
mod golden;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
