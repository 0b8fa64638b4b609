//! Runs small encoders on a microcontroller and learns a probe there.
//!
//! No `std`, no heap, no panic: a model image is checked once when it is parsed, after which
//! nothing fails. See `FORMAT.md` for the image's bytes.
#![no_std]

#[cfg(test)]
extern crate std;

mod arch;
pub mod crc;
pub mod encoder;
pub mod image;
pub mod kernel;
pub mod mel;
pub mod preset;
pub mod probe;
pub mod quant;
pub mod scratch;
pub mod shape;
pub mod snapshot;
pub mod spec;
pub mod stream;
pub mod window;
pub mod wire;
