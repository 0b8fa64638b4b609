//! Training of small encoders on a CPU: layers over flat NHWC `f32` buffers, optimizers and the loop.

mod layer;
mod network;
mod pass;
mod random;
mod signal;
mod simd;
mod sliding;
pub mod trained;

pub use network::{LoadError, Mode, Network, Parameter, ParameterKind};
pub use simd::Level;

#[cfg(test)]
mod tests;
