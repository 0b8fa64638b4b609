//! Maximum under a sliding kernel.

use crate::arch::Activations;
use crate::arch::dsp::most;
use crate::kernel::{Geometry, Output};

/// Maximum over the taps inside the input; input and output have one scale and one zero point. The zero point where no
/// tap is inside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MaxPool {
    /// How the kernel slides; as many output as input channels.
    pub geometry: Geometry,
    /// Clamp of the result.
    pub output: Output,
}

impl MaxPool {
    /// Reads `geometry.input`, writes `geometry.output`.
    pub fn run(&self, input: &[i8], output: &mut [i8]) {
        self.run_in(&mut Activations::Apart { input, output });
    }

    /// The same, perhaps over its input.
    #[inline(never)]
    pub(crate) fn run_in(&self, activations: &mut Activations<'_, i8>) {
        let channels = usize::from(self.geometry.output.c);
        self.geometry.each(|window, at| {
            if window.len() > 0 {
                most(activations, &self.geometry.under(window), at, channels);
            } else if let Some(pixel) = activations.output().get_mut(at..at + channels) {
                pixel.fill(self.output.zero_point);
            }
        });
        self.output.clamp_all(activations.output());
    }
}
