//! Pools, four channels in a word.

use super::ops::{greater, sxtab16, sxtab16_odd};
use crate::arch::pool::{Under, most_from};

/// Values of int8 whose sum fits 16 bits for certain.
const MOST_SUMMED: usize = 255;

/// Calls `words` with both words of eight channels of every pixel, row by row in turns of at most `most` pixels;
/// `turn` follows each turn.
///
/// # Safety
/// Eight values of every pixel lie inside `input`.
#[inline(always)]
unsafe fn visit<A>(
    input: &[i8],
    under: &Under,
    most: usize,
    mut acc: A,
    words: impl Fn(A, [u32; 2]) -> A,
    mut turn: impl FnMut(A) -> A,
) -> A {
    for row in 0..under.rows {
        let start = under.start + row * under.pitch;
        let mut at = input.as_ptr().wrapping_add(start).cast::<u32>();
        let mut left = under.columns;
        while left > 0 {
            let pixels = left.min(most);
            for _ in 0..pixels {
                // SAFETY: the caller's promise; `ldr` allows words that are not aligned.
                let pair = unsafe { [at.read_unaligned(), at.wrapping_add(1).read_unaligned()] };
                acc = words(acc, pair);
                at = at.wrapping_byte_add(under.step);
            }
            left -= pixels;
            acc = turn(acc);
        }
    }
    acc
}

/// As in the twin.
pub(crate) fn sums8(input: &[i8], under: &Under) -> [i32; 8] {
    let mut sums = [0_i32; 8];
    if !under.fit(8, input.len()) {
        return sums;
    }
    // SAFETY: `fit` has checked the eight values of every pixel.
    unsafe {
        visit(
            input,
            under,
            MOST_SUMMED,
            [0_u32; 4],
            |[a, b, c, d], [x, y]| {
                [
                    sxtab16(a, x),
                    sxtab16_odd(b, x),
                    sxtab16(c, y),
                    sxtab16_odd(d, y),
                ]
            },
            |halves| {
                let order = [halves[0], halves[1], halves[2], halves[3]];
                for (four, pair) in sums.chunks_exact_mut(4).zip(order.chunks_exact(2)) {
                    if let ([a, b, c, d], [even, odd]) = (four, pair) {
                        *a += i32::from(*even as i16);
                        *b += i32::from(*odd as i16);
                        *c += i32::from((*even >> 16) as i16);
                        *d += i32::from((*odd >> 16) as i16);
                    }
                }
                [0; 4]
            },
        )
    };
    sums
}

/// As in the twin.
pub(crate) fn most_of(input: &[i8], under: &Under, channels: &mut [i8]) {
    if !under.fit(channels.len(), input.len()) {
        return;
    }
    let (eights, rest) = channels.as_chunks_mut::<8>();
    let first = 8 * eights.len();
    for (block, eight) in eights.iter_mut().enumerate() {
        // SAFETY: all channels of every pixel lie inside `input`, these eight among them.
        let words = unsafe {
            visit(
                input,
                &under.at_channel(8 * block),
                usize::MAX,
                [0x8080_8080_u32; 2],
                |[a, b], [x, y]| [greater(a, x), greater(b, y)],
                |words| words,
            )
        };
        let [[a, b, c, d], [e, f, g, h]] = words.map(u32::to_le_bytes);
        *eight = [a, b, c, d, e, f, g, h].map(|byte| byte as i8);
    }
    if !rest.is_empty() {
        most_from(input, under, channels, first);
    }
}
