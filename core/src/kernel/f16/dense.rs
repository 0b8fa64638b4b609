//! Matrix times vector.

use super::dot::dot;
use crate::spec::Activation;

/// Matrix product over the flattened input: bias plus one inner product.
#[derive(Clone, Copy, Debug)]
pub struct Dense<'a> {
    /// Values of the input, at least 1.
    pub inputs: usize,
    /// `OI`: one row of `inputs` IEEE halves for each output, little-endian.
    pub weights: &'a [[u8; 2]],
    /// One f32 an output, little-endian.
    pub bias: &'a [[u8; 4]],
    /// The fused non-linearity.
    pub activation: Activation,
}

impl Dense<'_> {
    /// Reads `inputs` values, writes one value for each row of weights.
    pub fn run(&self, input: &[f32], output: &mut [f32]) {
        let mut weights = self.weights;
        for (out, &bias) in output.iter_mut().zip(self.bias) {
            let row = weights.split_off(..self.inputs).unwrap_or(&[]);
            *out = self
                .activation
                .apply(f32::from_le_bytes(bias) + dot(input, row));
        }
    }
}
