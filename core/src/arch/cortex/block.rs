//! Four pixels times two channels: the loop under every convolution.

use super::{architecture, part, requantize};
use core::arch::naked_asm;

#[repr(C)]
struct Args {
    patch: *const u32,
    patch_end: *const u32,
    stream: *const u32,
    stream_end: *const u32,
    output: *mut i8,
    stride: usize,
}

/// As in the twin.
#[inline]
pub(crate) fn block(
    patch: &[u32],
    stream: &[u32],
    output: &mut [i8],
    stride: usize,
    positive: bool,
) {
    let words = patch.len() / 4;
    let pairs = stream.len() / (words + 8);
    let (patch, _) = patch.split_at(patch.len() & !3);
    let (stream, _) = stream.split_at(pairs * (words + 8));
    if words == 0 || pairs == 0 || output.len() < 3 * stride + 2 * pairs {
        return;
    }
    let patch = patch.as_ptr_range();
    let stream = stream.as_ptr_range();
    let args = Args {
        patch: patch.start,
        patch_end: patch.end,
        stream: stream.start,
        stream_end: stream.end,
        output: output.as_mut_ptr(),
        stride,
    };
    // SAFETY: the loop reads `patch` (whole quads, at least one) once for every pair of `stream` (whole pairs, at
    // least one), and writes two bytes at `p * stride + 2 * j` for p in 0..4 and j in 0..pairs, inside `output`.
    // Slices of u32 are aligned, as `ldm` needs.
    unsafe {
        if positive {
            positive_pairs(&args);
        } else {
            signed_pairs(&args);
        }
    }
}

/// Registers: r0 patch, r1 stream, r4 to r11 sums (even: `256 * first + second`, odd: `second`), r2 weights as they
/// are, r3 their low bytes, r12 and lr two pixels. The loop is entered so that it ends with its last step.
/// Stack: patch, its end, entry, stride, output, end of the stream.
macro_rules! pairs {
    ($name:ident, $sign:ident) => {
        #[unsafe(naked)]
        unsafe extern "C" fn $name(args: *const Args) {
            naked_asm!(
                architecture!(),
                "push {{r4-r11, lr}}",
                "sub sp, #24",
                "ldm r0, {{r2-r7}}",
                "mov r1, r4",
                "strd r2, r3, [sp]",
                "strd r7, r6, [sp, #12]",
                "str r5, [sp, #20]",
                // Steps of the first turn: the number of words modulo 32, but 32 for 0; a step has 48 bytes.
                "sub r2, r3, r2",
                "lsr r2, r2, #4",
                "ands r2, r2, #31",
                "it eq",
                "moveq r2, #32",
                "add r2, r2, r2, lsl #1",
                "adr.w r3, 4f",
                "sub r3, r3, r2, lsl #4",
                "orr r3, r3, #1",
                "str r3, [sp, #8]",
                "2:",
                "ldm r1!, {{r4, r5}}",
                "mov r6, r4",
                "mov r7, r5",
                "mov r8, r4",
                "mov r9, r5",
                "mov r10, r4",
                "mov r11, r5",
                "ldr r0, [sp]",
                "ldr pc, [sp, #8]",
                ".p2align 2",
                "3:",
                ".rept 32",
                "ldr r2, [r1], #4",
                "ldm.w r0!, {{r12, lr}}",
                "sxtb16 r3, r2",
                "smlad r4, r12, r2, r4",
                "smlad r5, r12, r3, r5",
                "smlad r6, lr, r2, r6",
                "smlad r7, lr, r3, r7",
                "ldm.w r0!, {{r12, lr}}",
                "smlad r8, r12, r2, r8",
                "smlad r9, r12, r3, r9",
                "smlad r10, lr, r2, r10",
                "smlad r11, lr, r3, r11",
                ".endr",
                ".p2align 2",
                "4:",
                "ldr r2, [sp, #4]",
                "cmp r0, r2",
                "bne.w 3b",
                part!("r4", "r5"),
                part!("r6", "r7"),
                part!("r8", "r9"),
                part!("r10", "r11"),
                "ldm.w r1!, {{r2, r3, r12}}",
                requantize!("r4", $sign),
                requantize!("r6", $sign),
                requantize!("r8", $sign),
                requantize!("r10", $sign),
                "ldm.w r1!, {{r2, r3, r12}}",
                "lsl r5, r5, #1",
                "lsl r7, r7, #1",
                "lsl r9, r9, #1",
                "lsl r11, r11, #1",
                requantize!("r5", $sign),
                requantize!("r7", $sign),
                requantize!("r9", $sign),
                requantize!("r11", $sign),
                "bfi r4, r5, #8, #8",
                "bfi r6, r7, #8, #8",
                "bfi r8, r9, #8, #8",
                "bfi r10, r11, #8, #8",
                "ldrd r2, r3, [sp, #12]", // stride, output
                "strh.w r6, [r3, r2]",
                "strh.w r8, [r3, r2, lsl #1]",
                "add r2, r2, r2, lsl #1",
                "strh.w r10, [r3, r2]",
                "strh r4, [r3], #2",
                "ldr r2, [sp, #20]",
                "str r3, [sp, #16]",
                "cmp r1, r2",
                "bne.w 2b",
                "add sp, #24",
                "pop {{r4-r11, pc}}",
            )
        }
    };
}
pairs!(positive_pairs, positive);
pairs!(signed_pairs, signed);
