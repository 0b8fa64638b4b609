//! Depthwise convolution with 3 x 3 taps, one channel at a time over planes of 16-bit pairs.

use super::ops::{pkhbt, pkhtb, sxtb16, sxtb16_odd};
use super::{architecture, requantize};
use crate::arch::patch::{Line, Plane};
use core::arch::naked_asm;

/// As in the twin.
#[inline(never)]
pub(crate) fn split(
    input: &[i8],
    [first, second]: [Line; 2],
    count: usize,
    planes: &mut [u32],
    plane: usize,
) {
    let fits = |line: Line| {
        count == 0
            || line
                .start
                .wrapping_add((count - 1).wrapping_mul(line.step))
                .wrapping_add(4)
                <= input.len()
    };
    if !fits(first) || !fits(second) || planes.len() < 3 * plane + count {
        return;
    }
    let (mut a, mut b) = (
        input.as_ptr().wrapping_add(first.start),
        input.as_ptr().wrapping_add(second.start),
    );
    let mut to = planes.as_mut_ptr();
    for _ in 0..count {
        // SAFETY: `fits` puts the four bytes of each of `count` steps inside `input`; `planes` has room for `count`
        // words at the start of each of four planes.
        unsafe {
            let (x, y) = (
                a.cast::<u32>().read_unaligned(),
                b.cast::<u32>().read_unaligned(),
            );
            let (even, odd) = ([sxtb16(x), sxtb16(y)], [sxtb16_odd(x), sxtb16_odd(y)]);
            to.write(pkhbt(even[0], even[1]));
            to.add(plane).write(pkhbt(odd[0], odd[1]));
            to.add(2 * plane).write(pkhtb(even[1], even[0]));
            to.add(3 * plane).write(pkhtb(odd[1], odd[0]));
            to = to.add(1);
        }
        a = a.wrapping_add(first.step);
        b = b.wrapping_add(second.step);
    }
}

#[repr(C)]
struct Args {
    multiplier: u32,
    round: u32,
    shift: u32,
    start: u32,
    pair_stride: usize,
    /// Bytes from the first step of a line to the one behind its last whole pair.
    span: usize,
    line_stride: usize,
    lines: usize,
    odd: usize,
    /// Bytes from a step to the next.
    step: usize,
    plane: *const u32,
    output: *mut i8,
    weights: [u32; 6],
}

/// As in the twin.
pub(crate) fn three(
    words: &[u32],
    plane: &Plane,
    numbers: &[u32; 7],
    output: &mut [i8],
    positive: bool,
) {
    let Plane {
        lines,
        count,
        pair_stride,
        line_stride,
    } = *plane;
    let step = lines + 2;
    let steps = count.div_ceil(2) + 1;
    let last = (count.max(1) - 1) * pair_stride + (lines.max(1) - 1) * line_stride;
    if lines == 0 || count == 0 || words.len() < steps * step || output.len() <= last {
        return;
    }
    let &[start, multiplier, round, shift, ..] = numbers;
    let args = Args {
        multiplier,
        round,
        shift,
        start,
        pair_stride,
        span: count / 2 * step * 4,
        line_stride,
        lines,
        odd: count % 2,
        step: step * 4,
        plane: words.as_ptr(),
        output: output.as_mut_ptr(),
        weights: crate::arch::patch::taps(numbers),
    };
    // SAFETY: for each of `lines` lines the loop reads three neighbouring words at every step up to the one behind
    // the last output, `steps` of them, all inside `words`; it writes one byte for each of `count` outputs of each
    // line, the farthest at `last`, inside `output`.
    unsafe {
        if positive {
            positive_lines(&args);
        } else {
            signed_lines(&args);
        }
    }
}

/// Registers: r0 step, r1 bytes from a step to the next, r4 to r9 weights (even: taps 0 and 1, odd: taps 1 and 2 of
/// a row), r10 and r11 sums, r2, r3, r12 two values of three lines, lr output.
/// Stack: numbers, start, strides and counts as in `Args` up to `odd`, line, its output, its end.
macro_rules! lines {
    ($name:ident, $sign:ident) => {
        #[unsafe(naked)]
        unsafe extern "C" fn $name(args: *const Args) {
            naked_asm!(
                architecture!(),
                "push {{r4-r11, lr}}",
                "sub sp, #12",
                "ldm r0!, {{r1-r9}}",
                "push {{r1-r9}}",
                "ldm.w r0!, {{r1, r2, lr}}",
                "ldm.w r0, {{r4-r9}}",
                "mov r0, r2",
                "strd r2, lr, [sp, #36]",
                "2:",
                "ldr r2, [sp, #20]",
                "add r2, r2, r0",
                "str r2, [sp, #44]",
                "cmp r0, r2",
                "beq 4f",
                "3:",
                "ldr r10, [sp, #12]",
                "mov r11, r10",
                "ldm.w r0, {{r2, r3, r12}}",
                "smlad r10, r4, r2, r10",
                "smlabt r11, r4, r2, r11",
                "smlad r10, r6, r3, r10",
                "smlabt r11, r6, r3, r11",
                "smlad r10, r8, r12, r10",
                "smlabt r11, r8, r12, r11",
                "add r0, r0, r1",
                "ldm.w r0, {{r2, r3, r12}}",
                "smlatb r10, r5, r2, r10",
                "smlad r11, r5, r2, r11",
                "smlatb r10, r7, r3, r10",
                "smlad r11, r7, r3, r11",
                "smlatb r10, r9, r12, r10",
                "smlad r11, r9, r12, r11",
                "ldm.w sp, {{r2, r3, r12}}",
                requantize!("r10", $sign),
                requantize!("r11", $sign),
                "ldr r2, [sp, #16]",
                "strb.w r10, [lr]",
                "strb.w r11, [lr, r2]",
                "add lr, lr, r2, lsl #1",
                "ldr r2, [sp, #44]",
                "cmp r0, r2",
                "bne 3b",
                "4:",
                "ldr r2, [sp, #32]",
                "cbz r2, 5f",
                "ldr r10, [sp, #12]",
                "ldm.w r0, {{r2, r3, r12}}",
                "smlad r10, r4, r2, r10",
                "smlad r10, r6, r3, r10",
                "smlad r10, r8, r12, r10",
                "add r0, r0, r1",
                "ldm.w r0, {{r2, r3, r12}}",
                "smlatb r10, r5, r2, r10",
                "smlatb r10, r7, r3, r10",
                "smlatb r10, r9, r12, r10",
                "ldm.w sp, {{r2, r3, r12}}",
                requantize!("r10", $sign),
                "strb.w r10, [lr]",
                "5:",
                "ldrd r0, lr, [sp, #36]",
                "ldrd r2, r3, [sp, #24]", // line stride, lines left
                "add r0, r0, #4",
                "add lr, lr, r2",
                "strd r0, lr, [sp, #36]",
                "subs r3, #1",
                "str r3, [sp, #28]",
                "bne.w 2b",
                "add sp, #48",
                "pop {{r4-r11, pc}}",
            )
        }
    };
}
lines!(positive_lines, positive);
lines!(signed_lines, signed);
