//! The layers' arithmetic: one plain function a layer, over slices that the caller owns.
//!
//! [`mod@i8`] computes TFLite's int8 to the bit; [`mod@f16`] reads half-precision weights and keeps activations in f32.
//! Activations are NHWC with `N = 1`; one-dimensional data has `H = 1`.
//!
//! No kernel panics: a slice of the wrong length, or a geometry that leaves the input, gives an unspecified
//! result. What is true of a parsed image is not checked again here.

mod constants;
pub mod dsp;
pub mod f16;
mod geometry;
pub mod i8;
#[cfg(mote_mve)]
mod mve;
#[cfg(not(mote_mve))]
#[path = "no_mve.rs"]
mod mve;
mod output;
mod over;

pub use constants::Constants;
pub use geometry::Geometry;
pub(crate) use geometry::Window;
pub use output::Output;
pub use over::Over;

/// `len` values from `start` on; nothing where they leave the slice.
#[inline]
pub(crate) fn run_of<T>(values: &[T], start: usize, len: usize) -> &[T] {
    values
        .get(start..)
        .and_then(|rest| rest.get(..len))
        .unwrap_or(&[])
}
