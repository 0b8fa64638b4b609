//! Matrix times vector.

use super::dot::{dot, dot4};
use crate::kernel::{Constants, Output, mve};

/// Matrix product over the flattened input.
#[derive(Clone, Copy, Debug)]
pub struct Dense<'a> {
    /// Values of the input, at least 1.
    pub inputs: usize,
    /// `OI`: one row of `inputs` weights for each output.
    pub weights: &'a [i8],
    /// One entry an output.
    pub constants: Constants<'a>,
    /// Quantization and clamp of the result.
    pub output: Output,
}

impl Dense<'_> {
    /// Reads `inputs` values, writes one value for each row of weights.
    #[inline(never)]
    pub fn run(&self, input: &[i8], output: &mut [i8]) {
        if mve::dense(self, input, output) {
            return;
        }
        let mut constants = self.constants.iter();
        let mut weights = self.weights;
        let mut next = || weights.split_off(..self.inputs).unwrap_or(&[]);
        let (fours, rest) = output.as_chunks_mut::<4>();
        for four in fours {
            let acc = dot4(input, [next(), next(), next(), next()]);
            for ((out, acc), (bias, by)) in four.iter_mut().zip(acc).zip(&mut constants) {
                *out = self.output.finish(bias.wrapping_add(acc), by);
            }
        }
        for (out, (bias, by)) in rest.iter_mut().zip(constants) {
            *out = self
                .output
                .finish(bias.wrapping_add(dot(input, next())), by);
        }
    }
}
