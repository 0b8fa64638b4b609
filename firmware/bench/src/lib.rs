//! Counts the instructions of every layer of the model images it is given.
//!
//! [`run`] takes images one after the other in one slice, each at a multiple of 16, runs every layer on made-up
//! input, and writes a line for each:
//!
//! ```text
//! NAME LAYER MACS COUNT CRC
//! ```
//!
//! Before a layer with weights of a portable int8 image runs, the straightforward loops compute it too ([`law`]); their
//! line says `NAME.law` and, as on every machine the two must agree, the same `CRC`.
//!
//! `CRC` is that of the layer's output: the desktop computes the same bits, which `tests/tests/budgets.rs` checks.
//! An image with a log-mel front end has a line `NAME.frame` first, of one frame: its samples, and the powers of its bands.
//! Shapes are known only at run time. [`run_learner`] does the same for the boards' probe. Counts are instructions in QEMU, never cycles.
#![no_std]

pub mod law;
mod learner;

pub use learner::{Probe, run as run_learner};

use core::fmt::Write;
use core::ops::Range;
use mote_core::crc::crc32;
use mote_core::image::{Format, ImageError, LayerInfo, ModelImage, Target};
use mote_core::mel::{FrontEnd, MAX_BANDS, MelStream};
use mote_core::spec::Op;

/// Counts instructions.
pub trait Counter {
    /// Starts at 0.
    fn start(&mut self);
    /// Instructions since the start.
    fn stop(&mut self) -> u32;
}

/// Bytes of scratch that suffice for the images of the budgets.
pub const SCRATCH_LEN: usize = 128 * 1024;

/// Runs every layer of every image in `images`.
///
/// # Errors
/// When `out` fails, or with a line that says which image does not run.
pub fn run(
    mut images: &[u8],
    scratch: &mut [i8],
    counter: &mut impl Counter,
    out: &mut impl Write,
) -> core::fmt::Result {
    while !images.is_empty() {
        let image = match ModelImage::parse(images) {
            Ok(image) => image,
            Err(error) => return refuse(error, out),
        };
        if fill(&image, scratch).is_err() {
            writeln!(
                out,
                "{} does not fit {} bytes of scratch",
                image.name(),
                scratch.len()
            )?;
            return Err(core::fmt::Error);
        }
        if let Some(front) = image.front_end() {
            run_front(image.name(), &front, counter, out)?;
        }
        for layer in image.layers() {
            run_law(&image, &layer, scratch, counter, out)?;
            counter.start();
            let ran = match image.format() {
                Format::I8 => image.run_layer(layer.index, scratch),
                Format::F16 => image.run_layer_f16(layer.index, floats(scratch)),
            };
            let count = counter.stop();
            if let Err(error) = ran {
                writeln!(out, "{}: {error}", image.name())?;
                return Err(core::fmt::Error);
            }
            let crc = output_crc(&image, layer.index, scratch);
            let (name, macs) = (image.name(), layer.macs());
            writeln!(out, "{name} {} {macs} {count} {crc:08x}", layer.index)?;
        }
        let next = image.len().next_multiple_of(16);
        images = images.get(next..).unwrap_or(&[]);
    }
    Ok(())
}

/// Points of an FFT for which the bench has room.
const POINTS: usize = 512;

/// Takes the samples of one frame after the first, and writes its line.
fn run_front(
    name: &str,
    front: &FrontEnd<'_>,
    counter: &mut impl Counter,
    out: &mut impl Write,
) -> core::fmt::Result {
    let mut stream = MelStream::<POINTS, { MAX_BANDS + 2 }>::new();
    if !MelStream::<POINTS, { MAX_BANDS + 2 }>::fits(front) {
        let points = front.points();
        writeln!(out, "{name}: an FFT of {points} points does not fit")?;
        return Err(core::fmt::Error);
    }
    let mut next = numbers();
    let mut sample = || f32::from(next()) / 128.0;
    for _ in 0..front.frame() {
        stream.push(front, sample());
    }
    for _ in 1..front.hop() {
        stream.push(front, sample());
    }
    let last = sample();
    counter.start();
    let frame = stream.push(front, last);
    let count = counter.stop();
    let sum = frame
        .unwrap_or_default()
        .iter()
        .fold(0, |sum: u32, value| sum.rotate_left(1) ^ value.to_bits());
    writeln!(out, "{name}.frame 0 {} {count} {sum:08x}", front.points())
}

/// Runs the straightforward loops, where there are any, and writes their line. Their output goes behind the image's scratch.
fn run_law(
    image: &ModelImage<'_>,
    layer: &LayerInfo<'_>,
    scratch: &mut [i8],
    counter: &mut impl Counter,
    out: &mut impl Write,
) -> core::fmt::Result {
    let portable = image.format() == Format::I8 && image.target() == Target::Portable;
    let (Op::Conv2d { .. } | Op::DepthwiseConv2d { .. } | Op::Dense { .. }) = layer.layer.op else {
        return Ok(());
    };
    if !portable {
        return Ok(());
    }
    let (used, free) = scratch.split_at_mut(image.scratch_len().min(scratch.len()));
    let (input, output) = (
        used.get(layer.input.range()).unwrap_or(&[]),
        free.get_mut(..layer.output.shape.len()).unwrap_or_default(),
    );
    counter.start();
    let ran = law::run(layer, input, output);
    let count = counter.stop();
    let (name, index, macs) = (image.name(), layer.index, layer.macs());
    match ran {
        Some(()) => writeln!(out, "{name}.law {index} {macs} {count} {:08x}", crc(output)),
        None => {
            writeln!(out, "{name}: no room for the output of layer {index}")?;
            Err(core::fmt::Error)
        }
    }
}

fn refuse(error: ImageError, out: &mut impl Write) -> core::fmt::Result {
    writeln!(out, "refused: {error}")?;
    Err(core::fmt::Error)
}

/// Fills the input of `image` with the numbers on which every machine runs it.
pub fn fill(
    image: &ModelImage<'_>,
    scratch: &mut [i8],
) -> Result<(), mote_core::encoder::EmbedError> {
    let mut next = numbers();
    match image.format() {
        Format::I8 => image.input_mut(scratch)?.fill_with(next),
        Format::F16 => {
            let input = image.input_f16_mut(floats(scratch))?;
            input.fill_with(|| f32::from(next()) / 37.0);
        }
    }
    Ok(())
}

/// Made-up numbers, the same everywhere.
fn numbers() -> impl FnMut() -> i8 {
    let mut state = 0x2545_F491_u32;
    move || {
        // Xorshift (Marsaglia, 2003).
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as i8
    }
}

/// The same memory as f32, in which an f16 image computes; it lies at a multiple of 16.
fn floats(scratch: &mut [i8]) -> &mut [f32] {
    let whole = scratch.len() / 4 * 4;
    let (scratch, _) = scratch.split_at_mut(whole);
    bytemuck::try_cast_slice_mut(scratch).unwrap_or_default()
}

/// What layer `index` wrote, as one number.
pub fn output_crc(image: &ModelImage<'_>, index: usize, scratch: &[i8]) -> u32 {
    let Range { start, end } = image.tensor(index + 1).range();
    let size = match image.format() {
        Format::I8 => 1,
        Format::F16 => 4,
    };
    crc(scratch.get(size * start..size * end).unwrap_or(&[]))
}

/// The CRC-32 of each 64 values, rotated together.
fn crc(output: &[i8]) -> u32 {
    output.chunks(64).fold(0, |crc: u32, chunk| {
        let mut bytes = [0; 64];
        for (byte, &x) in bytes.iter_mut().zip(chunk) {
            *byte = x as u8;
        }
        crc.rotate_left(1) ^ crc32(&bytes)
    })
}
