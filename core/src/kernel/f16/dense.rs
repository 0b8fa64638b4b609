//! Matrix times vector.

use super::dot::Runs;
use crate::arch::add_runs;
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
        let runs = Runs {
            start: 0,
            first: 0,
            count: 1,
            len: self.inputs,
            pitch: 0,
            filter_pitch: 0,
        };
        // Two outputs at a time; a last single one comes with itself.
        for (outputs, biases) in output.chunks_mut(2).zip(self.bias.chunks(2)) {
            let mut next = || weights.split_off(..self.inputs).unwrap_or(&[]);
            let one = next();
            let other = if outputs.len() == 2 { next() } else { one };
            let mut biases = biases.iter().map(|&bias| f32::from_le_bytes(bias));
            let bias = [biases.next(), biases.next()].map(Option::unwrap_or_default);
            let acc = add_runs(input, [one, other], &runs, bias);
            for (out, acc) in outputs.iter_mut().zip(acc) {
                *out = self.activation.apply(acc);
            }
        }
    }
}
