//! int8 kernels with the vector instructions of Armv8.1-M, over plain weights.
//!
//! Same bits as [`kernel::i8`](super::i8), which asks here first; `core/KERNELS.md` says how. The loops themselves are
//! in `crate::arch`; what is here is safe code that feeds them. A layer outside what they can do stays plain: `false`.

mod add;
mod conv2d;
mod depthwise_conv2d;

pub(super) use add::{add, add_in_place};
pub(super) use conv2d::conv2d;
pub(super) use depthwise_conv2d::depthwise_conv2d;

use super::i8::Dense;
use crate::arch::mve::{Filters, one};

/// A dense layer; whether it was done.
pub(super) fn dense(dense: &Dense<'_>, input: &[i8], output: &mut [i8]) -> bool {
    let (len, count) = (dense.inputs, output.len());
    let Some(filters) = Filters::new(dense.weights, len, count, dense.constants, dense.output)
    else {
        return false;
    };
    if input.len() < len {
        return false;
    }
    one(input, &filters, output);
    dense.output.clamp_all(output);
    true
}
