//! What takes the place of `mve.rs` on a machine without those vectors: nothing is done there, so the kernels are plain.

use super::i8::{Add, Conv2d, Dense, DepthwiseConv2d};
use crate::arch::Activations;

#[inline(always)]
pub(super) fn add(_: &Add, _: &[i8], _: &[i8], _: &mut [i8]) -> bool {
    false
}

#[inline(always)]
pub(super) fn add_in_place(_: &Add, _: &mut [i8], _: &[i8]) -> bool {
    false
}

#[inline(always)]
pub(super) fn conv2d(_: &Conv2d<'_>, _: &mut Activations<'_, i8>) -> bool {
    false
}

#[inline(always)]
pub(super) fn dense(_: &Dense<'_>, _: &[i8], _: &mut [i8]) -> bool {
    false
}

#[inline(always)]
pub(super) fn depthwise_conv2d(_: &DepthwiseConv2d<'_>, _: &mut Activations<'_, i8>) -> bool {
    false
}
