//! Matrix times vector over packed weights.

use super::PAIR_WORDS;
use crate::arch::dsp;
use crate::kernel::Output;

/// Matrix product over the flattened input, with packed weights.
#[derive(Clone, Copy, Debug)]
pub struct Dense<'a> {
    /// Values of the input, at least 1.
    pub inputs: usize,
    /// Blocks of eight outputs, then pairs for what is left. See `KERNELS.md`.
    pub stream: &'a [u32],
    /// Quantization and clamp of the result.
    pub output: Output,
}

impl Dense<'_> {
    /// Reads `inputs` values, writes the outputs; `work` holds [`Packing::work`](super::Packing::work) bytes.
    #[inline(never)]
    pub fn run(&self, input: &[i8], output: &mut [i8], work: &mut [u32]) {
        let words = 2 * self.inputs.div_ceil(4);
        let Some(pixel) = work.get_mut(..words) else {
            return;
        };
        dsp::widen_all(input, pixel);
        let (groups, rest) = input.as_chunks::<4>();
        if !rest.is_empty() {
            let mut last = [0; 4];
            for (to, &x) in last.iter_mut().zip(rest) {
                *to = x;
            }
            if let Some(pixel) = pixel.get_mut(2 * groups.len()..) {
                dsp::widen_all(&last, pixel);
            }
        }
        let (eights, twos) = output.as_chunks_mut::<8>();
        let split = eights.len() * 4 * (words + PAIR_WORDS);
        let Some((stream, rest)) = self.stream.split_at_checked(split) else {
            return;
        };
        dsp::eights(pixel, stream, eights.as_flattened_mut());
        for (two, stream) in twos.chunks_mut(2).zip(rest.chunks(words + PAIR_WORDS)) {
            for (out, value) in two.iter_mut().zip(dsp::two(pixel, stream)) {
                *out = value;
            }
        }
        self.output.clamp_all(output);
    }
}
