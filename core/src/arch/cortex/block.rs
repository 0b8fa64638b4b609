//! Four pixels times two channels: the loop under every convolution.

use super::gather::{self, runs};
use super::{architecture, part, requantize};
use crate::arch::Activations;
use crate::arch::patch::{Copies, Sweep};
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
#[inline(never)]
pub(crate) fn block(
    patch: &[u32],
    stream: &[u32],
    output: &mut [i8],
    stride: usize,
    positive: bool,
) {
    let Some(args) = Args::new(
        patch,
        stream,
        (output.as_mut_ptr(), output.len()),
        stride,
        1,
    ) else {
        return;
    };
    // SAFETY: `Args::new` has checked what the loop touches.
    unsafe { args.run(positive) };
}

impl Args {
    /// For `groups` groups of four pixels one after the other; `None` where something does not fit.
    #[inline]
    fn new(
        patch: &[u32],
        stream: &[u32],
        (output, room): (*mut i8, usize),
        stride: usize,
        groups: usize,
    ) -> Option<Self> {
        let words = patch.len() / 4;
        let pairs = stream.len() / (words + 8);
        let patch = patch.get(..4 * words)?;
        let stream = stream.get(..pairs * (words + 8))?;
        let pixels = groups.checked_mul(4)?;
        let last = pixels.checked_sub(1)?.checked_mul(stride)?;
        if words < 2 || pairs == 0 || room < last.checked_add(2 * pairs)? {
            return None;
        }
        let patch = patch.as_ptr_range();
        let stream = stream.as_ptr_range();
        Some(Self {
            patch: patch.start,
            patch_end: patch.end,
            stream: stream.start,
            stream_end: stream.end,
            output,
            stride,
        })
    }

    /// # Safety
    /// The loop reads the patch (whole quads, at least two) once for every pair of the stream (whole pairs, at least
    /// one), and writes two bytes at `p * stride + 2 * j` for p in 0..4 and j in 0..pairs, which must lie in the output.
    /// Slices of u32 are aligned, as `ldm` needs.
    #[inline]
    unsafe fn run(&self, positive: bool) {
        // SAFETY: the caller's promise.
        unsafe {
            if positive {
                positive_pairs(self);
            } else {
                signed_pairs(self);
            }
        }
    }
}

/// As in the twin.
#[inline(never)]
pub(crate) fn sweep(
    activations: &mut Activations<'_, i8>,
    copies: &Copies,
    patch: &mut [u32],
    stream: &[u32],
    sweep: &Sweep,
) {
    let Sweep {
        at,
        groups,
        advance,
        above,
        stride,
        positive,
    } = *sweep;
    let [(input, input_len), (output, output_len)] = activations.raw();
    let Some(room) = output_len.checked_sub(at) else {
        return;
    };
    let output = (output.wrapping_add(at), room);
    // The last group's copies lie farthest; what fits them fits all before.
    let ahead = groups.saturating_sub(1).saturating_mul(advance);
    let last = Copies {
        starts: copies.starts.map(|start| start.saturating_add(ahead)),
        ..*copies
    };
    if !last.fit(input_len) {
        return;
    }
    let Some(mut block) = Args::new(patch, stream, output, stride, groups) else {
        return;
    };
    let Some(inside) = patch.get_mut(above..) else {
        return;
    };
    let Some(mut gather) = gather::Args::new(input, copies, inside) else {
        return;
    };
    for _ in 0..groups {
        // SAFETY: both have been checked for the first group and for the last one, above; those between lie between.
        // Patch and activations are borrowed mutably here, so only these two touch them; where the output lies over the
        // input, `runs` has read what a group needs before `run` writes it.
        unsafe {
            runs(&gather);
            block.run(positive);
        }
        gather.starts = gather.starts.map(|start| start.wrapping_add(advance));
        block.output = block.output.wrapping_add(4 * stride);
    }
}

/// Registers: r0 patch, r1 stream, r4 to r11 sums (even: `256 * first + second`, odd: `second`), r2 weights as they
/// are, r3 their low bytes, r12 and lr two pixels; r6 is the first pixel, r4 the last. The first step stands before the
/// loop, where it adds to the starts. The loop is entered so that it ends with its last step.
/// Stack: patch, its end, entry, stride, output, end of the stream.
macro_rules! pairs {
    ($name:ident, $sign:ident) => {
        /// # Safety
        /// As `Args::run`.
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
                // Steps of the first turn: those behind the first modulo 16, but 16 for 0; a step has 48 bytes.
                "sub r2, r3, r2",
                "lsr r2, r2, #4",
                "subs r2, r2, #1",
                "ands r2, r2, #15",
                "it eq",
                "moveq r2, #16",
                "add r2, r2, r2, lsl #1",
                "adr.w r3, 4f",
                "sub r3, r3, r2, lsl #4",
                "orr r3, r3, #1",
                "str r3, [sp, #8]",
                "2:",
                "ldr r0, [sp]",
                "ldm.w r1!, {{r4, r5}}",
                "ldr r2, [r1], #4",
                "ldm.w r0!, {{r6, r8, r10, r12}}",
                "sxtb16 r3, r2",
                "smlad r7, r6, r3, r5",
                "smlad r6, r6, r2, r4",
                "smlad r9, r8, r3, r5",
                "smlad r8, r8, r2, r4",
                "smlad r11, r10, r3, r5",
                "smlad r10, r10, r2, r4",
                "smlad r5, r12, r3, r5",
                "smlad r4, r12, r2, r4",
                "ldr pc, [sp, #8]",
                ".p2align 2",
                "3:",
                ".rept 16",
                "ldr r2, [r1], #4",
                "ldm.w r0!, {{r12, lr}}",
                "sxtb16 r3, r2",
                "smlad r6, r12, r2, r6",
                "smlad r7, r12, r3, r7",
                "smlad r8, lr, r2, r8",
                "smlad r9, lr, r3, r9",
                "ldm.w r0!, {{r12, lr}}",
                "smlad r10, r12, r2, r10",
                "smlad r11, r12, r3, r11",
                "smlad r4, lr, r2, r4",
                "smlad r5, lr, r3, r5",
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
                requantize!("r4", "lr", $sign),
                requantize!("r6", "lr", $sign),
                requantize!("r8", "lr", $sign),
                requantize!("r10", "lr", $sign),
                "ldm.w r1!, {{r2, r3, r12}}",
                "lsl r5, r5, #1",
                "lsl r7, r7, #1",
                "lsl r9, r9, #1",
                "lsl r11, r11, #1",
                requantize!("r5", "lr", $sign),
                requantize!("r7", "lr", $sign),
                requantize!("r9", "lr", $sign),
                requantize!("r11", "lr", $sign),
                "bfi r4, r5, #8, #8",
                "bfi r6, r7, #8, #8",
                "bfi r8, r9, #8, #8",
                "bfi r10, r11, #8, #8",
                "ldrd r2, r3, [sp, #12]", // stride, output
                "strh.w r8, [r3, r2]",
                "strh.w r10, [r3, r2, lsl #1]",
                "add r2, r2, r2, lsl #1",
                "strh.w r4, [r3, r2]",
                "strh r6, [r3], #2",
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
