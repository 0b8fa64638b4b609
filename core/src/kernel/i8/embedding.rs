//! Table look-up for symbols.

use crate::kernel::run_of;

/// One row of the table for each input symbol. Input `q` stands for symbol `q + 128`; a symbol beyond
/// the vocabulary reads the last row.
#[derive(Clone, Copy, Debug)]
pub struct Embedding<'a> {
    /// Rows of the table, `1..=256`.
    pub vocabulary: usize,
    /// Values of one row.
    pub channels: usize,
    /// `vocabulary * channels` values at the output's scale.
    pub table: &'a [i8],
}

impl Embedding<'_> {
    /// Reads one symbol a pixel, writes `channels` values for each.
    #[inline(never)]
    pub fn run(&self, input: &[i8], mut output: &mut [i8]) {
        let last = self.vocabulary.saturating_sub(1);
        for &q in input {
            let Some(pixel) = output.split_off_mut(..self.channels) else {
                return;
            };
            let symbol = ((i32::from(q) + 128) as usize).min(last);
            let row = run_of(
                self.table,
                symbol.wrapping_mul(self.channels),
                self.channels,
            );
            for (out, &value) in pixel.iter_mut().zip(row) {
                *out = value;
            }
        }
    }
}
