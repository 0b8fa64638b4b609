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
    pub fn run<'a>(&self, mut a: &'a [f32], mut b: &'a [f32], mut output: &mut [f32]) {
        while !output.is_empty() && self.channels != [0, 0] {
            for (input, channels) in [(&mut a, self.channels[0]), (&mut b, self.channels[1])] {
                let (Some(input), Some(output)) = (
                    input.split_off(..channels),
                    output.split_off_mut(..channels),
                ) else {
                    return;
                };
                for (out, &x) in output.iter_mut().zip(input) {
                    *out = self.activation.apply(x);
                }
            }
        }
    }
}
