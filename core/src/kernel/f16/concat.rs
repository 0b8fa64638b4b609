//! Channels of two tensors behind each other.

use crate::spec::Activation;

/// Appends the channels of `b` to those of `a`, pixel by pixel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Concat {
    /// Channels of `a` and of `b`.
    pub channels: [usize; 2],
    /// The fused non-linearity.
    pub activation: Activation,
}

impl Concat {
    /// Writes `channels[0] + channels[1]` values for each pixel.
    pub fn run(&self, a: &[f32], b: &[f32], output: &mut [f32]) {
        let total = self.channels[0].saturating_add(self.channels[1]).max(1);
        let (mut a, mut b) = (a.iter(), b.iter());
        for pixel in output.chunks_exact_mut(total) {
            let (first, second) = pixel.split_at_mut(self.channels[0].min(total));
            for (out, &x) in first.iter_mut().zip(&mut a) {
                *out = self.activation.apply(x);
            }
            for (out, &x) in second.iter_mut().zip(&mut b) {
                *out = self.activation.apply(x);
            }
        }
    }
}
