//! Embeds windows with an image, by the code and arithmetic that the device runs.

use super::ExportError;
use mote_core::image::{Format, ModelImage};
use rayon::prelude::*;

/// Embeds `windows` (`B * input_len`, normalised; symbols as their number) and gives `B * D` real values: dequantized
/// in an int8 image.
pub fn embed(image: &ModelImage<'_>, windows: &[f32]) -> Result<Vec<f32>, ExportError> {
    let quant = image.input_quant();
    each(image, windows, |window| match image.format() {
        Format::I8 => {
            let input: Vec<i8> = window.iter().map(|&x| quant.quantize(x)).collect();
            embed_i8(image, &input)
        }
        Format::F16 => embed_f16(image, window),
    })
}

/// As [`embed`], of windows in the units of the samples: the image normalises them as it does on the device.
pub fn embed_samples(image: &ModelImage<'_>, windows: &[f32]) -> Result<Vec<f32>, ExportError> {
    let (normalisation, zero_point) = (image.normalisation(), image.input_quant().zero_point);
    each(image, windows, |window| match image.format() {
        Format::I8 => {
            let mut input = vec![0; window.len()];
            normalisation.quantize(window, zero_point, &mut input);
            embed_i8(image, &input)
        }
        Format::F16 => {
            let mut input = vec![0.0; window.len()];
            normalisation.normalise(window, &mut input);
            embed_f16(image, &input)
        }
    })
}

/// The embeddings of all `windows`, one after the other.
fn each(
    image: &ModelImage<'_>,
    windows: &[f32],
    embed: impl Fn(&[f32]) -> Vec<f32> + Sync + Send,
) -> Result<Vec<f32>, ExportError> {
    let need = image.input_shape().len();
    if windows.is_empty() || !windows.len().is_multiple_of(need) {
        return Err(ExportError::Windows {
            need,
            have: windows.len(),
        });
    }
    Ok(windows.par_chunks(need).flat_map_iter(embed).collect())
}

// Format, input and scratch are right by construction in both.

fn embed_i8(image: &ModelImage<'_>, window: &[i8]) -> Vec<f32> {
    let output = image.embedding_quant();
    let mut scratch = vec![0; image.scratch_len()];
    let embedding = image.embed(window, &mut scratch).unwrap_or_default();
    embedding.iter().map(|&q| output.dequantize(q)).collect()
}

fn embed_f16(image: &ModelImage<'_>, window: &[f32]) -> Vec<f32> {
    let mut scratch = vec![0.0; image.scratch_len()];
    let embedding = image.embed_f16(window, &mut scratch);
    embedding.map(<[f32]>::to_vec).unwrap_or_default()
}
