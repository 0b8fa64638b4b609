//! Matrix times vector.

use super::dot::{Filters, Runs};
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
    #[inline(never)]
    pub fn run(&self, input: &[f32], output: &mut [f32]) {
        let runs = Runs {
            start: 0,
            first: 0,
            count: 1,
            len: self.inputs,
            pitch: 0,
            filter_pitch: 0,
        };
        let filters = Filters {
            weights: self.weights,
            filter: self.inputs,
        };
        for (out, &bias) in output.iter_mut().zip(self.bias) {
            *out = f32::from_le_bytes(bias);
        }
        add_runs(input, &filters, &runs, output);
        for out in output {
            *out = self.activation.apply(*out);
        }
    }
}
