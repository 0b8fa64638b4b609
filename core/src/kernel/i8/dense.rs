//! Matrix times vector.

use super::channels::each_sum_of;
use crate::arch::{Rows, add_dots};
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
        let rows = Rows::one(self.inputs);
        each_sum_of(output, self.constants, self.output, |before, sums| {
            let first = before.wrapping_mul(self.inputs);
            let weights = self.weights.get(first..).unwrap_or(&[]);
            add_dots(input, weights, self.inputs, &rows, sums);
        });
    }
}
