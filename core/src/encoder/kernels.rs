//! Which kernels a program links: those of every kind of layer, or those that its image needs.
//!
//! Which layers an image has is known when it runs, so a program that runs any image links every kernel. An image that
//! is part of the program tells the compiler instead: see [`ModelImage::only`](crate::image::ModelImage::only). A set
//! has a bit for each kernel; the functions here have it as a constant, so that what is not in it is not called.

use super::{dsp, f16, i8};
use crate::arch::RUNS_DSP;
use crate::image::{Format, LayerInfo, codes};

/// Every kernel.
pub(crate) const ALL: u32 = u32::MAX;

/// The kernel over plain int8 weights of the layer whose [code](codes) is `op`.
pub(crate) const fn plain(op: u8) -> u32 {
    1 << op
}

/// Over weights packed for the DSP instructions, in runs.
pub(crate) const fn packed(op: u8) -> u32 {
    1 << (10 + op)
}
/// Over those of a convolution packed tap by tap.
pub(crate) const SLIDING: u32 = 1 << 15;
const PACKED: u32 = packed(codes::CONV2D)
    | packed(codes::DEPTHWISE_CONV2D)
    | packed(codes::DENSE)
    | packed(codes::ADD)
    | SLIDING;

/// Over half-precision weights.
pub(crate) const fn half(op: u8) -> u32 {
    1 << (15 + op)
}

/// The kernel of a layer, by its code and its packing's.
pub(crate) const fn kernel(format: Format, op: u8, packing: u8) -> u32 {
    match (format, packing) {
        (Format::F16, _) => half(op),
        (Format::I8, 0) => plain(op),
        (Format::I8, 1) => packed(op),
        (Format::I8, _) => SLIDING,
    }
}

/// The kernels that a program links, behind two calls.
#[derive(Clone, Copy)]
pub(crate) struct Linked {
    pub set: u32,
    /// Runs a layer in scratch that is as long as the image asks for.
    pub run_i8: fn(&LayerInfo<'_>, &mut [i8]),
    pub run_f16: fn(&LayerInfo<'_>, &mut [f32]),
}

impl Linked {
    pub const fn of<const SET: u32>() -> Self {
        Self {
            set: SET,
            run_i8: run_i8::<SET>,
            run_f16: f16::run::<SET>,
        }
    }
}

fn run_i8<const SET: u32>(layer: &LayerInfo<'_>, scratch: &mut [i8]) {
    match layer.work {
        // Where parsing refuses packed images, their kernels need not be linked.
        Some(work) if RUNS_DSP && SET & PACKED != 0 => dsp::run::<SET>(layer, work, scratch),
        _ => i8::run::<SET>(layer, scratch),
    }
}
