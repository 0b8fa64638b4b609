//! Embeds windows with an image, by the code and arithmetic that the device runs.

use super::ExportError;
use mote_core::image::{Format, ModelImage};
use rayon::prelude::*;

/// Embeds `windows` (`B * input_len`, normalised; symbols as their number) and gives `B * D` real values: dequantized
/// in an int8 image.
pub fn embed(image: &ModelImage<'_>, windows: &[f32]) -> Result<Vec<f32>, ExportError> {
    let need = image.input_shape().len();
    if windows.is_empty() || !windows.len().is_multiple_of(need) {
        return Err(ExportError::Windows {
            need,
            have: windows.len(),
        });
    }
    let one = |window: &[f32]| match image.format() {
        Format::I8 => embed_i8(image, window),
        Format::F16 => {
            let mut scratch = vec![0.0; image.scratch_len()];
            image
                .embed_f16(window, &mut scratch)
                .map(<[f32]>::to_vec)
                .unwrap_or_default()
        }
    };
    Ok(windows.par_chunks(need).flat_map_iter(one).collect())
}

fn embed_i8(image: &ModelImage<'_>, window: &[f32]) -> Vec<f32> {
    let (input, output) = (image.input_quant(), image.embedding_quant());
    let window: Vec<i8> = window.iter().map(|&x| input.quantize(x)).collect();
    let mut scratch = vec![0; image.scratch_len()];
    // Format, input and scratch are right by construction.
    let embedding = image.embed(&window, &mut scratch).unwrap_or_default();
    embedding.iter().map(|&q| output.dequantize(q)).collect()
}
