//! Training of small encoders on a CPU: layers over flat NHWC `f32` buffers, optimizers and the loop.

mod accumulate;
mod ema;
mod health;
mod layer;
mod network;
mod optimizer;
mod partner;
mod pass;
pub mod pretrain;
mod projector;
pub(crate) mod random;
mod schedule;
mod share;
mod signal;
mod simd;
mod sliding;
pub mod state;
mod teacher;
mod thread;
pub mod trained;
pub mod world;

pub use ema::Ema;
pub use health::{LayerHealth, LayerTime};
pub use network::{LoadError, Mode, Network, Parameter, ParameterKind};
pub use optimizer::{Optimizer, Rule};
pub use partner::Partner;
pub use projector::{dense, head, projector};
pub use schedule::Schedule;
pub use simd::Level;
pub use teacher::Teacher;

/// Floating-point operations a second that one core reaches with `level`, measured now, in about 50 ms.
pub fn peak_flops(level: Level) -> f64 {
    level.peak_flops()
}

/// The vector kernels, for objectives.
pub(crate) mod kernel {
    pub(crate) use super::simd::{
        Ahead, Convolve, ConvolveGradient, ExpRow, Level, Run, Start, padded,
    };

    /// The sum of `values`, in sixteen interleaved parts.
    pub(crate) fn sum(values: &[f32]) -> f64 {
        let mut parts = [0.0; 16];
        for values in values.chunks(16) {
            parts
                .iter_mut()
                .zip(values)
                .for_each(|(part, value)| *part += value);
        }
        parts.into_iter().map(f64::from).sum()
    }
}

#[cfg(test)]
mod tests;
