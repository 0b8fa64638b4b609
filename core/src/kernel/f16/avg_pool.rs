//! Mean under a sliding kernel.

use crate::arch::Activations;
use crate::kernel::{Geometry, run_of};
use crate::spec::Activation;

/// Mean over the taps inside the input: summed row by row from 0, then divided by their number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AvgPool {
    /// How the kernel slides; as many output as input channels.
    pub geometry: Geometry,
    /// The fused non-linearity.
    pub activation: Activation,
}

impl AvgPool {
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
                channels.fill(0.0);
                for tap in self.geometry.inside(window) {
                    for (out, &x) in channels.iter_mut().zip(run_of(
                        input,
                        tap.input.wrapping_add(before),
                        width,
                    )) {
                        *out += x;
                    }
                }
                let count = window.len().max(1) as f32;
                for out in channels {
                    *out = self.activation.apply(*out / count);
                }
            });
    }
}
