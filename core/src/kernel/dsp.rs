//! int8 kernels over weights that the host packed for the DSP instructions (`Target::Dsp`).
//!
//! Same bits as [`kernel::i8`](super::i8), in fewer instructions; `core/KERNELS.md` says how. The loops themselves
//! are in `crate::arch`; what is here is safe code that feeds them.

mod add;
mod conv2d;
mod dense;
mod depthwise_conv2d;
mod packing;
mod places;
mod slide;

pub use add::Add;
pub use conv2d::Conv2d;
pub use dense::Dense;
pub use depthwise_conv2d::DepthwiseConv2d;
pub use packing::{
    DEPTHWISE_WORDS, DepthwisePlane, Order, PAIR_WORDS, Packing, Row, conv2d_size, lines, slides,
    tap_rows,
};
