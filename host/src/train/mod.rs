//! Training of small encoders on a CPU: layers over flat NHWC `f32` buffers, optimizers and the loop.

mod simd;
pub mod trained;

pub use simd::Level;
