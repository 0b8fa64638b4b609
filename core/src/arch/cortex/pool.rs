//! Pools, four channels in a word.

use super::architecture;
use super::ops::{sxtab16, sxtab16_odd};
use crate::arch::Activations;
use crate::arch::pool::{self, Under};
use core::arch::naked_asm;

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

#[repr(C)]
struct Most {
    start: *const i8,
    rows: usize,
    pitch: usize,
    columns: usize,
    step: usize,
    output: *mut i8,
    end: *mut i8,
}

/// As in the twin.
#[inline]
pub(crate) fn most(
    activations: &mut Activations<'_, i8>,
    under: &Under,
    at: usize,
    channels: usize,
) {
    let [(input, len), (output, room)] = activations.raw();
    if !under.fit(channels, len) || at > room || channels > room - at {
        return;
    }
    let eights = channels / 8 * 8;
    if eights > 0 && under.rows > 0 && under.columns > 0 {
        let output = output.wrapping_add(at);
        let args = Most {
            start: input.wrapping_add(under.start).cast_const(),
            rows: under.rows,
            pitch: under.pitch,
            columns: under.columns,
            step: under.step,
            output,
            end: output.wrapping_add(eights),
        };
        // SAFETY: `fit` has checked all channels of every pixel, of which there is one at least; the output has room. Where it
        // lies over the input, it lies ahead of all that is still to be read.
        unsafe { most8(&args) };
    }
    if eights < channels {
        let under = under.at_channel(eights);
        pool::most(activations, &under, at + eights, channels - eights);
    }
}

/// # Safety
/// Whole groups of eight channels, at least one, can be read from every pixel, of which there is one at least, and be
/// written from `output` to `end`. Unaligned words are allowed by `ldr` and `str`.
#[unsafe(naked)]
unsafe extern "C" fn most8(args: *const Most) {
    naked_asm!(
        architecture!(),
        "push {{r4-r11, lr}}",
        "sub sp, #8",
        "ldm.w r0, {{r0-r6}}",
        "strd r5, r6, [sp]",
        "2:",
        "mov r7, r0",
        "mov r8, r1",
        "mov.w r9, #0x80808080",
        "mov r10, r9",
        "3:",
        "mov r11, r7",
        "mov r12, r3",
        "4:",
        "ldr.w r6, [r11]",
        "ldr.w lr, [r11, #4]",
        "add r11, r11, r4",
        "ssub8 r5, r9, r6",
        "sel r9, r9, r6",
        "ssub8 r5, r10, lr",
        "sel r10, r10, lr",
        "subs.w r12, r12, #1",
        "bne 4b",
        "add r7, r7, r2",
        "subs.w r8, r8, #1",
        "bne 3b",
        "ldrd r5, r6, [sp]",
        "str r9, [r5], #4",
        "str r10, [r5], #4",
        "str r5, [sp]",
        "add.w r0, r0, #8",
        "cmp r5, r6",
        "bne 2b",
        "add sp, #8",
        "pop {{r4-r11, pc}}",
    )
}
