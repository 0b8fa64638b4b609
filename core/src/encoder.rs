//! Runs a model image: input in, embedding out, in scratch that the caller owns.

mod dsp;
mod f16;
mod i8;
pub(crate) mod kernels;

use crate::arch::Activations;
use crate::image::{Format, LayerInfo, ModelImage, Target, TensorInfo};
use core::fmt;

/// Why an encoder did not run. Nothing was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum EmbedError {
    /// An int8 image was asked for f16, or the reverse.
    Format {
        /// What the image is.
        image: Format,
    },
    /// The input has the wrong number of values.
    Input {
        /// Values needed.
        need: usize,
        /// Values given.
        have: usize,
    },
    /// Packed weights and their scratch must start at a multiple of 4 in memory.
    Alignment {
        /// Where the image starts.
        image: usize,
        /// Where scratch starts.
        scratch: usize,
    },
    /// Scratch is too small.
    Scratch {
        /// Values needed.
        need: usize,
        /// Values given.
        have: usize,
    },
}

impl fmt::Display for EmbedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format { image: Format::I8 } => {
                write!(f, "this image computes in int8: call embed, not embed_f16")
            }
            Self::Format { image: Format::F16 } => {
                write!(
                    f,
                    "this image computes in f32 with f16 weights: call embed_f16, not embed"
                )
            }
            Self::Input { need, have } => {
                write!(f, "the encoder reads {need} values, but {have} were given")
            }
            Self::Alignment { image, scratch } => {
                write!(
                    f,
                    "packed weights need image and scratch at multiples of 4, but they lie at {image:#x} and \
                     {scratch:#x}: use include_image! and Scratch"
                )
            }
            Self::Scratch { need, have } => {
                write!(
                    f,
                    "the encoder needs {need} values of scratch, but has {have}"
                )
            }
        }
    }
}

impl core::error::Error for EmbedError {}

impl<'a> ModelImage<'a> {
    /// Embeds one quantized window; the embedding lies in `scratch` until it is used again.
    ///
    /// `input` has [`input_shape`](Self::input_shape) values, `scratch` at least [`scratch_len`](Self::scratch_len).
    /// [`normalisation`](Self::normalisation) makes the input from raw samples; symbols go in as `symbol - 128`.
    pub fn embed<'s>(&self, input: &[i8], scratch: &'s mut [i8]) -> Result<&'s [i8], EmbedError> {
        let slot = self.input_mut(scratch)?;
        if slot.len() != input.len() {
            return Err(EmbedError::Input {
                need: slot.len(),
                have: input.len(),
            });
        }
        slot.copy_from_slice(input);
        self.embed_in_place(scratch)
    }

    /// The place of the input in `scratch`, to be filled before [`embed_in_place`](Self::embed_in_place).
    pub fn input_mut<'s>(&self, scratch: &'s mut [i8]) -> Result<&'s mut [i8], EmbedError> {
        self.slot(Format::I8, 0, scratch)
    }

    /// As [`embed`](Self::embed), with the input already in [its place](Self::input_mut): saves its memory twice.
    pub fn embed_in_place<'s>(&self, scratch: &'s mut [i8]) -> Result<&'s [i8], EmbedError> {
        for layer in 0..self.layer_count() {
            self.run_layer(layer, scratch)?;
        }
        self.slot(Format::I8, self.layer_count(), scratch)
            .map(|slot| &*slot)
    }

    /// Runs layer `index` alone, on what the layers before it left in `scratch`; nothing beyond the last layer.
    pub fn run_layer(&self, index: usize, scratch: &mut [i8]) -> Result<(), EmbedError> {
        self.fits(Format::I8, scratch.len())?;
        if self.target() != Target::Portable {
            let (image, scratch) = (self.bytes().as_ptr().addr(), scratch.as_ptr().addr());
            if !(image | scratch).is_multiple_of(4) {
                return Err(EmbedError::Alignment { image, scratch });
            }
        }
        if let Some(layer) = &self.layer(index) {
            self.run(layer, scratch);
        }
        Ok(())
    }

    /// Runs an int8 layer, of this image or like one of it.
    pub(crate) fn run(&self, layer: &LayerInfo<'_>, scratch: &mut [i8]) {
        (self.linked.run_i8)(layer, scratch);
    }

    /// Embeds one normalised window with f16 weights and f32 activations; see [`embed`](Self::embed).
    ///
    /// `scratch` holds f32, as many as [`scratch_len`](Self::scratch_len). Symbols go in as their number.
    pub fn embed_f16<'s>(
        &self,
        input: &[f32],
        scratch: &'s mut [f32],
    ) -> Result<&'s [f32], EmbedError> {
        let slot = self.input_f16_mut(scratch)?;
        if slot.len() != input.len() {
            return Err(EmbedError::Input {
                need: slot.len(),
                have: input.len(),
            });
        }
        slot.copy_from_slice(input);
        self.embed_f16_in_place(scratch)
    }

    /// The place of the input in `scratch`, to be filled before [`embed_f16_in_place`](Self::embed_f16_in_place).
    pub fn input_f16_mut<'s>(&self, scratch: &'s mut [f32]) -> Result<&'s mut [f32], EmbedError> {
        self.slot(Format::F16, 0, scratch)
    }

    /// As [`embed_f16`](Self::embed_f16), with the input already in [its place](Self::input_f16_mut).
    pub fn embed_f16_in_place<'s>(&self, scratch: &'s mut [f32]) -> Result<&'s [f32], EmbedError> {
        for layer in 0..self.layer_count() {
            self.run_layer_f16(layer, scratch)?;
        }
        self.slot(Format::F16, self.layer_count(), scratch)
            .map(|slot| &*slot)
    }

    /// Runs layer `index` of an f16 image alone; see [`run_layer`](Self::run_layer).
    pub fn run_layer_f16(&self, index: usize, scratch: &mut [f32]) -> Result<(), EmbedError> {
        self.fits(Format::F16, scratch.len())?;
        if let Some(layer) = &self.layer(index) {
            (self.linked.run_f16)(layer, scratch);
        }
        Ok(())
    }

    /// Where `tensor` lies, after checking that `scratch` is the right one.
    fn slot<'s, T>(
        &self,
        format: Format,
        tensor: usize,
        scratch: &'s mut [T],
    ) -> Result<&'s mut [T], EmbedError> {
        self.fits(format, scratch.len())?;
        let range = self.tensor(tensor).range();
        let (need, have) = (self.scratch_len(), scratch.len());
        scratch
            .get_mut(range)
            .ok_or(EmbedError::Scratch { need, have })
    }

    /// Whether scratch of `have` values is the right one.
    fn fits(&self, format: Format, have: usize) -> Result<(), EmbedError> {
        if self.format() != format {
            return Err(EmbedError::Format {
                image: self.format(),
            });
        }
        let need = self.scratch_len();
        if have < need {
            return Err(EmbedError::Scratch { need, have });
        }
        Ok(())
    }
}

/// Calls `run` with input and output. Parsing has proved that they are apart; else nothing happens.
fn unary<T>(layer: &LayerInfo<'_>, scratch: &mut [T], run: impl FnOnce(&[T], &mut [T])) {
    let ranges = [layer.input.range(), layer.output.range()];
    if let Ok([input, output]) = scratch.get_disjoint_mut(ranges) {
        run(input, output);
    }
}

/// Calls `run` with input and output, which may lie over each other.
fn sliding<T: Copy + Default>(
    layer: &LayerInfo<'_>,
    scratch: &mut [T],
    run: impl FnOnce(&mut Activations<'_, T>),
) {
    let [input, output] = [layer.input.range(), layer.output.range()];
    if !layer.over {
        unary(layer, scratch, |input, output| {
            run(&mut Activations::Apart { input, output });
        });
    } else {
        run(&mut Activations::Over {
            memory: scratch,
            input,
            output,
        });
    }
}

/// Calls `run` with both inputs and the output, or `replace` where the output lies on one of them:
/// with that one, the other, and whether they are swapped.
fn binary<T>(
    layer: &LayerInfo<'_>,
    scratch: &mut [T],
    run: impl FnOnce(&[T], &[T], &mut [T]),
    replace: impl FnOnce(&mut [T], &[T], bool),
) {
    let other = layer.other.unwrap_or(layer.input);
    if layer.in_place {
        let swapped = other.offset == layer.output.offset;
        let kept: TensorInfo = if swapped { layer.input } else { other };
        if let Ok([sum, kept]) = scratch.get_disjoint_mut([layer.output.range(), kept.range()]) {
            replace(sum, kept, swapped);
        }
    } else if other.offset == layer.input.offset {
        unary(layer, scratch, |input, output| run(input, input, output));
    } else {
        let ranges = [layer.input.range(), other.range(), layer.output.range()];
        if let Ok([input, other, output]) = scratch.get_disjoint_mut(ranges) {
            run(input, other, output);
        }
    }
}
