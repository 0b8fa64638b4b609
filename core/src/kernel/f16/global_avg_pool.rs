//! Mean over all pixels.

use crate::shape::Shape;
use crate::spec::Activation;

/// Mean of each channel over all pixels: summed in order from 0, then divided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GlobalAvgPool {
    /// Shape of the input.
    pub input: Shape,
    /// The fused non-linearity.
    pub activation: Activation,
}

impl GlobalAvgPool {
    /// Reads `input`, writes one value a channel.
    #[inline(never)]
    pub fn run(&self, input: &[f32], output: &mut [f32]) {
        let channels = usize::from(self.input.c).max(1);
        let count = self.input.pixels().max(1) as f32;
        for (channel, out) in output.iter_mut().take(channels).enumerate() {
            let values = input.iter().skip(channel).step_by(channels);
            let sum = values.fold(0.0, |sum, &x| sum + x);
            *out = self.activation.apply(sum / count);
        }
    }
}
