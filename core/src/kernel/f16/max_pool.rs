//! Maximum under a sliding kernel.

use crate::arch::Activations;
use crate::kernel::{Geometry, run_of};
use crate::spec::Activation;

/// Maximum over the taps inside the input; 0 where there is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MaxPool {
    /// How the kernel slides; as many output as input channels.
    pub geometry: Geometry,
    /// The fused non-linearity.
    pub activation: Activation,
}

impl MaxPool {
    /// Reads `geometry.input`, writes `geometry.output`.
    pub fn run(&self, input: &[f32], output: &mut [f32]) {
        self.run_in(&mut Activations::Apart { input, output });
    }

    /// The same, perhaps over its input.
    #[inline(never)]
    pub(crate) fn run_in(&self, activations: &mut Activations<'_, f32>) {
        self.geometry
            .slide(activations, |window, input, before, channels| {
                let width = channels.len();
                channels.fill(if window.len() == 0 {
                    0.0
                } else {
                    f32::NEG_INFINITY
                });
                for tap in self.geometry.inside(window) {
                    for (out, &x) in channels.iter_mut().zip(run_of(
                        input,
                        tap.input.wrapping_add(before),
                        width,
                    )) {
                        *out = if x > *out { x } else { *out };
                    }
                }
                for out in channels {
                    *out = self.activation.apply(*out);
                }
            });
    }
}
