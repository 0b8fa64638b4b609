//! How the values of a window lie in memory: a byte each for an int8 image, four (an f32) for an f16 one.

use crate::board::MAX_CHANNELS;
use mote_core::image::{Format, ModelImage};
use mote_core::window::Normalisation;

/// Bytes of a value.
pub const fn value_len(format: Format) -> usize {
    match format {
        Format::I8 => 1,
        Format::F16 => 4,
    }
}

/// Values of a sample: `C` numbers of a sensor, or a frame of sound, which to an encoder of pictures is a row.
pub fn sample_len(image: &ModelImage<'_>) -> usize {
    let samples = image.window_len().max(1);
    image.input_shape().len() / samples
}

/// Hands the bytes of raw values, of which the first belongs at place `first` of a window, to `keep` as `image` takes
/// them. One function for whoever keeps them, since flash is dearer than a call.
pub fn store(image: &ModelImage<'_>, first: usize, values: &[f32], keep: &mut dyn FnMut(i8)) {
    let affine = image.normalisation();
    let channels = affine.gain.len().max(1);
    let (mut channel, mut rest) = (first % channels, values);
    while !rest.is_empty() {
        let count = (channels - channel).min(MAX_CHANNELS).min(rest.len());
        let Some((some, others)) = rest.split_at_checked(count) else {
            return;
        };
        let to = channel + count;
        let one = Normalisation {
            gain: affine.gain.get(channel..to).unwrap_or_default(),
            offset: affine.offset.get(channel..to).unwrap_or_default(),
        };
        convert(image, one, some, &mut *keep);
        (channel, rest) = (to % channels, others);
    }
}

/// Hands on the bytes of at most [`MAX_CHANNELS`] raw values, one of each of the affine's channels.
fn convert(
    image: &ModelImage<'_>,
    affine: Normalisation<'_>,
    values: &[f32],
    store: impl FnMut(i8),
) {
    match image.format() {
        Format::I8 => {
            let zero_point = image.input_quant().zero_point;
            let mut quantized = [zero_point; MAX_CHANNELS];
            affine.quantize(values, zero_point, &mut quantized);
            quantized.into_iter().take(values.len()).for_each(store);
        }
        Format::F16 => {
            let mut normalised = [0.0; MAX_CHANNELS];
            affine.normalise(values, &mut normalised);
            let used = normalised.into_iter().take(values.len());
            used.flat_map(f32::to_le_bytes)
                .map(|byte| byte as i8)
                .for_each(store);
        }
    }
}

/// The embedding of a window as the probe takes it. `scratch` lies at a multiple of 16 bytes; `None` if it is too small
/// or `window` has another length than the image's.
pub fn embed<const D: usize>(
    image: &ModelImage<'_>,
    window: &[i8],
    scratch: &mut [i8],
) -> Option<[f32; D]> {
    let mut embedding = [0.0; D];
    match image.format() {
        Format::I8 => {
            let values = image.embed(window, scratch).ok()?;
            for (to, from) in embedding.iter_mut().zip(values) {
                *to = image.embedding_quant().dequantize(*from);
            }
        }
        Format::F16 => {
            let scratch = floats(scratch);
            let input = image.input_f16_mut(scratch).ok()?;
            let (words, rest) = window.as_chunks::<4>();
            if words.len() != input.len() || !rest.is_empty() {
                return None;
            }
            for (to, word) in input.iter_mut().zip(words) {
                *to = f32::from_le_bytes(word.map(|byte| byte as u8));
            }
            let values = image.embed_f16_in_place(scratch).ok()?;
            for (to, from) in embedding.iter_mut().zip(values) {
                *to = *from;
            }
        }
    }
    Some(embedding)
}

/// Runs one layer on what lies in scratch.
pub fn run_layer(image: &ModelImage<'_>, layer: usize, scratch: &mut [i8]) {
    // Format and scratch were checked when the device was made.
    let _ = match image.format() {
        Format::I8 => image.run_layer(layer, scratch),
        Format::F16 => image.run_layer_f16(layer, floats(scratch)),
    };
}

/// The same memory as f32, in which an f16 image computes.
fn floats(scratch: &mut [i8]) -> &mut [f32] {
    let whole = scratch.len() / 4 * 4;
    let scratch = scratch.get_mut(..whole).unwrap_or_default();
    bytemuck::try_cast_slice_mut(scratch).unwrap_or_default()
}
