//! Table look-up for symbols.

use super::half::widen;
use crate::kernel::run_of;
use crate::spec::Activation;

/// One row of the table for each input symbol. Input `x` stands for symbol `trunc(x)`; NaN and negative
/// numbers read the first row, a symbol beyond the vocabulary reads the last.
#[derive(Clone, Copy, Debug)]
pub struct Embedding<'a> {
    /// Rows of the table, `1..=256`.
    pub vocabulary: usize,
    /// Values of one row.
    pub channels: usize,
    /// `vocabulary * channels` IEEE halves, little-endian.
    pub table: &'a [[u8; 2]],
    /// The fused non-linearity.
    pub activation: Activation,
}

impl Embedding<'_> {
    /// Reads one symbol a pixel, writes `channels` values for each.
    #[inline(never)]
    pub fn run(&self, input: &[f32], mut output: &mut [f32]) {
        let last = self.vocabulary.saturating_sub(1);
        for &x in input {
            let Some(pixel) = output.split_off_mut(..self.channels) else {
                return;
            };
            let symbol = (x as usize).min(last);
            let row = run_of(
                self.table,
                symbol.wrapping_mul(self.channels),
                self.channels,
            );
            for (out, &value) in pixel.iter_mut().zip(row) {
                *out = self.activation.apply(widen(value));
            }
        }
    }
}
