//! One pixel times one pair of channels: what eights leave over.

use super::ops::{smlad, smmulr, sxtb16};

/// As in the twin.
pub(crate) fn two(pixel: &[u32], stream: &[u32]) -> [i8; 2] {
    let Some((&[first, second], rest)) = stream.split_first_chunk::<2>() else {
        return [0; 2];
    };
    let Some((weights, rest)) = rest.split_at_checked(pixel.len()) else {
        return [0; 2];
    };
    let Some(numbers) = rest.first_chunk::<6>() else {
        return [0; 2];
    };
    let (mut both, mut second) = (first as i32, second as i32);
    let mut step = |word: u32, x: u32| {
        both = smlad(x, word, both);
        second = smlad(x, sxtb16(word), second);
    };
    // Four words a turn.
    let (quads, rest) = weights.as_chunks::<4>();
    let (pixels, last) = pixel.as_chunks::<4>();
    for (words, xs) in quads.iter().zip(pixels) {
        for (&word, &x) in words.iter().zip(xs) {
            step(word, x);
        }
    }
    for (&word, &x) in rest.iter().zip(last) {
        step(word, x);
    }
    let first = both.wrapping_sub(second) >> 7;
    let &[m0, r0, s0, m1, r1, s1] = numbers;
    [
        requantize(first, [m0, r0, s0]),
        requantize(second.wrapping_shl(1), [m1, r1, s1]),
    ]
}

fn requantize(doubled: i32, [multiplier, round, shift]: [u32; 3]) -> i8 {
    let high = smmulr(doubled, multiplier as i32);
    let sum = high.wrapping_add(high >> 31).wrapping_add(round as i32);
    (sum >> (shift & 31)).clamp(-128, 127) as i8
}
