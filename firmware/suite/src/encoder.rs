//! Golden images on pseudo-random windows: every embedding to the bit, int8 and f16.

use core::fmt::{Result, Write};
use mote_core::crc::Crc32;
use mote_core::image::ModelImage;
use mote_core::include_image;
use mote_core::scratch::Scratch;

const WINDOWS: u32 = 3;

/// The motion preset at a quarter of its width.
const CONV1D: ModelImage<'static> = include_image!("../../../core/tests/golden/conv1d.image");
/// One of every layer, but `embedding`.
const LAYERS: ModelImage<'static> = include_image!("../../../core/tests/golden/layers.image");
/// The same with f16 weights.
const LAYERS_F16: ModelImage<'static> =
    include_image!("../../../core/tests/golden/layers_f16.image");
/// Symbols through an embedding layer.
const SYMBOLS: ModelImage<'static> = include_image!("../../../core/tests/golden/symbols.image");

pub fn run(out: &mut impl Write) -> Result {
    let mut scratch = Scratch::<{ CONV1D.scratch_len() }>::new();
    int8(out, "conv1d", &CONV1D, scratch.as_mut())?;
    let mut scratch = Scratch::<{ LAYERS.scratch_len() }>::new();
    int8(out, "layers", &LAYERS, scratch.as_mut())?;
    let mut scratch = Scratch::<{ SYMBOLS.scratch_len() }>::new();
    int8(out, "symbols", &SYMBOLS, scratch.as_mut())?;
    let mut scratch = Scratch::<{ LAYERS_F16.scratch_len() }, f32>::new();
    f16(out, "layers f16", &LAYERS_F16, scratch.as_mut())
}

fn int8(out: &mut impl Write, name: &str, image: &ModelImage<'_>, scratch: &mut [i8]) -> Result {
    let (mut sum, mut failures, mut random) = (Crc32::new(), 0, 0x1234_5678);
    for _ in 0..WINDOWS {
        match image.input_mut(scratch) {
            Ok(input) => input.fill_with(|| next(&mut random) as i8),
            Err(_) => failures += 1,
        }
        match image.embed_in_place(scratch) {
            Ok(embedding) => {
                for q in embedding {
                    sum = sum.update(&q.to_le_bytes());
                }
            }
            Err(_) => failures += 1,
        }
    }
    line(out, name, image, sum, failures)
}

fn f16(out: &mut impl Write, name: &str, image: &ModelImage<'_>, scratch: &mut [f32]) -> Result {
    let (mut sum, mut failures, mut random) = (Crc32::new(), 0, 0x1234_5678);
    for _ in 0..WINDOWS {
        match image.input_f16_mut(scratch) {
            Ok(input) => input.fill_with(|| f32::from(next(&mut random) as i8) / 64.0),
            Err(_) => failures += 1,
        }
        match image.embed_f16_in_place(scratch) {
            Ok(embedding) => {
                for x in embedding {
                    sum = sum.update(&x.to_bits().to_le_bytes());
                }
            }
            Err(_) => failures += 1,
        }
    }
    line(out, name, image, sum, failures)
}

fn line(
    out: &mut impl Write,
    name: &str,
    image: &ModelImage<'_>,
    sum: Crc32,
    failures: u32,
) -> Result {
    writeln!(
        out,
        "encoder {name}: image {:08x}, {WINDOWS} embeddings of {}: {:08x}, {failures} failures",
        image.crc(),
        image.embedding_len(),
        sum.finish()
    )
}

/// Xorshift, 32 bits (Marsaglia, 2003); the low bits are the weakest, so the high ones are used.
pub fn next(state: &mut u32) -> u32 {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    *state >> 24
}
