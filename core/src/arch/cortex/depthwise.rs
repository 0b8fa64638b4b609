//! Depthwise convolution with 3 x 3 taps, one channel at a time over planes of 16-bit pairs.

use super::ops::{sadd16, sxtb16, sxtb16_odd};
use super::{architecture, requantize};
use crate::arch::patch::{Lines, Plane, Splits};
use core::arch::naked_asm;

#[repr(C)]
struct Split {
    lines: [*const i8; 2],
    steps: [usize; 2],
    to: *mut u32,
    /// Bytes from a plane to the second, third and fourth behind it.
    planes: [usize; 3],
    count: usize,
    /// Lines left, and how far apart they lie.
    left: usize,
    pitches: [usize; 2],
    /// Bytes from a line to the next in a plane.
    row: usize,
}

/// As in the twin.
#[inline]
pub(crate) fn split(lines: [Lines<'_>; 2], splits: &Splits, planes: &mut [u32]) {
    let Splits {
        lines: left,
        count,
        plane,
        row,
    } = *splits;
    let fits = |line: Lines<'_>| {
        let along = count.saturating_sub(1).saturating_mul(line.step);
        let across = left.saturating_sub(1).saturating_mul(line.pitch);
        along.saturating_add(across).saturating_add(4) <= line.values.len()
    };
    let last = left.saturating_sub(1).saturating_mul(row);
    let room = plane
        .saturating_mul(3)
        .saturating_add(last)
        .saturating_add(count);
    if count == 0 || left == 0 || !lines.into_iter().all(fits) || planes.len() < room {
        return;
    }
    let mut args = Split {
        lines: lines.map(|line| line.values.as_ptr()),
        steps: lines.map(|line| line.step),
        to: planes.as_mut_ptr(),
        planes: [4 * plane, 8 * plane, 12 * plane],
        count,
        left,
        pitches: lines.map(|line| line.pitch),
        row: 4 * row,
    };
    // SAFETY: `fits` puts the four bytes of each of `count` groups of every line inside its slice; there is room for
    // `count` words of each line in each of four planes.
    unsafe { split_lines(&mut args) };
}

/// 18 instructions for eight values.
///
/// # Safety
/// `left` lines, at least 1, of `count` words, at least 1, can be read from both slices and written to each of four
/// planes, as far apart as `args` says. Unaligned words are allowed by `ldr`.
#[unsafe(naked)]
unsafe extern "C" fn split_lines(args: *mut Split) {
    naked_asm!(
        architecture!(),
        "push {{r0, r4-r11, lr}}",
        "2:",
        "ldr.w r12, [sp]",
        "ldm.w r12, {{r0-r8}}",
        "3:",
        "ldr.w r9, [r0]",
        "ldr.w r10, [r1]",
        "add r0, r0, r2",
        "add r1, r1, r3",
        "sxtb16 r11, r9",
        "sxtb16 r12, r10",
        "sxtb16 r9, r9, ror #8",
        "sxtb16 r10, r10, ror #8",
        "pkhtb lr, r12, r11, asr #16",
        "str.w lr, [r4, r6]",
        "pkhbt lr, r9, r10, lsl #16",
        "str.w lr, [r4, r5]",
        "pkhtb lr, r10, r9, asr #16",
        "str.w lr, [r4, r7]",
        "pkhbt lr, r11, r12, lsl #16",
        "str lr, [r4], #4",
        "subs.w r8, r8, #1",
        "bne 3b",
        "ldr.w r12, [sp]",
        "ldrd r0, r1, [r12]",
        "ldrd r6, r7, [r12, #40]", // pitches
        "ldr.w r4, [r12, #16]",    // to
        "ldr.w r8, [r12, #48]",    // row
        "ldr.w r5, [r12, #36]",    // left
        "add r0, r0, r6",
        "add r1, r1, r7",
        "add r4, r4, r8",
        "strd r0, r1, [r12]",
        "str.w r4, [r12, #16]",
        "subs r5, r5, #1",
        "str.w r5, [r12, #36]",
        "bne 2b",
        "pop {{r0, r4-r11, pc}}",
    )
}

#[repr(C)]
struct Args {
    multiplier: u32,
    round: u32,
    shift: u32,
    /// Of two sums.
    starts: [u32; 2],
    pair_stride: usize,
    /// Where a line's last whole pair ends.
    end: usize,
    line_stride: usize,
    lines: usize,
    odd: usize,
    /// Bytes from the first step of a line to the one behind its last whole pair.
    span: usize,
    plane: *const u32,
    output: *mut i8,
    /// Bytes from a step to the next.
    step: usize,
    weights: [u32; 6],
}

/// As in the twin.
pub(crate) fn three(
    planes: &[u32],
    plane: &Plane,
    channels: &[[u32; 7]],
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
    let last = (count.max(1) - 1) * pair_stride + (lines.max(1) - 1) * line_stride;
    if lines == 0
        || count == 0
        || planes.len() < channels.len().saturating_mul(plane.words())
        || output.len() < last.saturating_add(channels.len())
    {
        return;
    }
    let mut args = Args {
        multiplier: 0,
        round: 0,
        shift: 0,
        starts: [0; 2],
        pair_stride,
        end: 0,
        span: count / 2 * step * 4,
        line_stride,
        lines,
        odd: count % 2,
        step: step * 4,
        plane: planes.as_ptr(),
        output: output.as_mut_ptr(),
        weights: [0; 6],
    };
    for numbers in channels {
        let &[start, multiplier, round, shift, ..] = numbers;
        (args.multiplier, args.round, args.shift) = (multiplier, round, shift);
        args.starts = [start; 2];
        args.weights = taps(numbers);
        // SAFETY: for each of `lines` lines the loop reads three neighbouring words at every step up to the one behind
        // the last output, all of one plane; it writes one byte for each of `count` outputs of each line, the farthest
        // at `last`. There are as many planes as channels, and as many neighbouring outputs.
        unsafe {
            if positive {
                positive_lines(&args);
            } else {
                signed_lines(&args);
            }
        }
        args.plane = args.plane.wrapping_add(plane.words());
        args.output = args.output.wrapping_add(1);
    }
}

/// As [`patch::taps`](crate::arch::patch::taps).
#[inline]
fn taps(numbers: &[u32; 7]) -> [u32; 6] {
    let &[.., a, b, c] = numbers;
    let words = [
        sxtb16(a),
        sxtb16_odd(a),
        sxtb16(b),
        sxtb16_odd(b),
        sxtb16(c),
        sxtb16_odd(c),
    ];
    words.map(|word| sadd16(word, word))
}

/// As `requantize`, without a register to spare.
macro_rules! crowded {
    ($acc:literal, positive) => {
        requantize!($acc, $acc, positive)
    };
    ($acc:literal, signed) => {
        concat!(
            "smmulr ",
            $acc,
            ", ",
            $acc,
            ", r2\n",
            "add ",
            $acc,
            ", ",
            $acc,
            ", ",
            $acc,
            ", asr #31\n",
            "add ",
            $acc,
            ", ",
            $acc,
            ", r3\n",
            "asr ",
            $acc,
            ", ",
            $acc,
            ", r12\n",
            "ssat ",
            $acc,
            ", #8, ",
            $acc,
            "\n",
        )
    };
}

/// Registers: r0 step, r1 bytes from a step to the next, r4 to r9 weights (even: taps 0 and 1, odd: taps 1 and 2 of
/// a row), r10 and r11 sums, r2, r3, r12 two values of three lines, lr output.
/// Stack: `Args` up to `output`; plane and output are those of the line.
macro_rules! lines {
    ($name:ident, $sign:ident) => {
        /// # Safety
        /// As `three` checks.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(args: *const Args) {
            naked_asm!(
                architecture!(),
                "push {{r4-r11, lr}}",
                "ldm.w r0!, {{r1-r12, lr}}",
                "push.w {{r1-r12, lr}}",
                "ldr r1, [r0], #4",
                "ldm.w r0, {{r4-r9}}",
                "ldr r0, [sp, #44]",
                "2:",
                "ldr r2, [sp, #40]",
                "add r2, r2, r0",
                "str r2, [sp, #24]",
                "cmp r0, r2",
                "beq 4f",
                "3:",
                "ldrd r10, r11, [sp, #12]",
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
                crowded!("r10", $sign),
                "strb.w r10, [lr]",
                requantize!("r11", "r10", $sign),
                "ldrd r2, r3, [sp, #20]", // pair stride, end
                "strb.w r11, [lr, r2]",
                "add lr, lr, r2, lsl #1",
                "cmp r0, r3",
                "bne 3b",
                "4:",
                "ldr r2, [sp, #36]", // odd
                "cbz r2, 5f",
                "ldr.w r10, [sp, #12]",
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
                requantize!("r10", "r11", $sign),
                "strb.w r10, [lr]",
                "5:",
                "ldrd r0, lr, [sp, #44]",
                "ldrd r2, r3, [sp, #28]", // line stride, lines left
                "add r0, r0, #4",
                "add lr, lr, r2",
                "strd r0, lr, [sp, #44]",
                "subs r3, #1",
                "str r3, [sp, #32]",
                "bne.w 2b",
                "add sp, #52",
                "pop {{r4-r11, pc}}",
            )
        }
    };
}
lines!(positive_lines, positive);
lines!(signed_lines, signed);
