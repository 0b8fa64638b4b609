//! Two or three neighbouring outputs times two channels: rows of three taps, one step apart.

use super::strip;
use super::{architecture, part, requantize};
use crate::arch::Activations;
use crate::arch::patch::{Band, Strip, Sweep};
use core::arch::naked_asm;

#[derive(Clone, Copy)]
#[repr(C)]
struct Args {
    patch: *const u32,
    patch_end: *const u32,
    stream: *const u32,
    stream_end: *const u32,
    output: *mut i8,
    stride: usize,
    /// Bytes of the first turn's steps.
    first: usize,
}

/// Steps of a turn with three outputs, and with two, which are rarer.
const TURN: usize = 24;
const SHORT_TURN: usize = 8;

/// As in the twin.
pub(crate) fn slide(
    patch: &[u32],
    band: &Band,
    outputs: usize,
    stream: &[u32],
    output: &mut [i8],
    stride: usize,
) {
    let room = (output.as_mut_ptr(), output.len());
    let Some(args) = Args::new(patch, band, outputs, stream, room, stride, 1) else {
        return;
    };
    // SAFETY: `Args::new` has checked what the loop touches.
    unsafe { args.run(band, outputs) };
}

impl Args {
    /// For `groups` groups of outputs one after the other; `None` where something does not fit.
    #[inline(never)]
    fn new(
        patch: &[u32],
        band: &Band,
        outputs: usize,
        stream: &[u32],
        (output, room): (*mut i8, usize),
        stride: usize,
        groups: usize,
    ) -> Option<Self> {
        // Instructions of a step, of four bytes each.
        let (words, step, turn) = match outputs {
            2 => (band.words / 4, 17, SHORT_TURN),
            3 => (band.words / 5, 24, TURN),
            _ => return None,
        };
        let pairs = stream.len() / (3 * words + 8);
        let stream = stream.get(..pairs * (3 * words + 8))?;
        let last = groups.checked_mul(outputs)?.checked_sub(1)?;
        let last = last.checked_mul(stride)?;
        let last = last.checked_add(band.lines.checked_sub(1)?.checked_mul(band.pitch)?)?;
        if words == 0
            || pairs == 0
            || patch.len() < band.patch()
            || room < last.checked_add(2 * pairs)?
        {
            return None;
        }
        let patch = patch.get(..words * (outputs + 2))?.as_ptr_range();
        let stream = stream.as_ptr_range();
        Some(Self {
            patch: patch.start,
            patch_end: patch.end,
            stream: stream.start,
            stream_end: stream.end,
            output,
            stride,
            first: ((words - 1) % turn + 1) * 4 * step,
        })
    }

    /// # Safety
    /// `outputs` is 2 or 3, and the patch of each of the band's lines has whole words of two pixels more, `step` words
    /// behind the one before. The loop reads it (at least one word) once for every pair of the stream (whole pairs, at
    /// least one), and writes two bytes at `p * stride + 2 * j` for p in 0..outputs and j in 0..pairs, `pitch` behind
    /// those of the line before, which must lie in the output. Slices of u32 are aligned, as `ldm` needs.
    #[inline(never)]
    unsafe fn run(&self, band: &Band, outputs: usize) {
        let mut line = *self;
        for _ in 0..band.lines {
            // SAFETY: the caller's promise.
            unsafe {
                match outputs {
                    3 => three(&line),
                    _ => two(&line),
                }
            }
            line.patch = line.patch.wrapping_add(band.step);
            line.patch_end = line.patch_end.wrapping_add(band.step);
            line.output = line.output.wrapping_add(band.pitch);
        }
    }
}

/// As in the twin.
pub(crate) fn slide_sweep(
    activations: &mut Activations<'_, i8>,
    strip: &Strip,
    patch: &mut [u32],
    band: &Band,
    stream: &[u32],
    sweep: &Sweep,
) {
    let Sweep {
        at,
        groups,
        advance,
        above,
        stride,
        positive: _,
    } = *sweep;
    let outputs = strip.pixels.wrapping_sub(2);
    let [(input, input_len), (output, output_len)] = activations.raw();
    let Some(room) = output_len.checked_sub(at) else {
        return;
    };
    let output = (output.wrapping_add(at), room);
    // The last group lies farthest; what fits it fits all before.
    if !strip.fits(groups.saturating_sub(1).saturating_mul(advance), input_len) {
        return;
    }
    let Some(mut block) = Args::new(patch, band, outputs, stream, output, stride, groups) else {
        return;
    };
    let Some(inside) = patch.get_mut(above..) else {
        return;
    };
    let Some(mut gather) = strip::Args::new(input, strip, inside) else {
        return;
    };
    for _ in 0..groups {
        // SAFETY: both have been checked for the first group and for the last one, above; those between lie between.
        // `Args::new` lets only 4 and 5 pixels pass. Patch and activations are borrowed mutably here, so only these two
        // touch them; where the output lies over the input, the first has read what a group needs before the second
        // writes it.
        unsafe {
            gather.run(strip.pixels);
            block.run(band, outputs);
        }
        gather.start = gather.start.wrapping_add(advance);
        block.output = block.output.wrapping_add(outputs * stride);
    }
}

/// The addition of the sign stays in, also where it changes nothing: a second copy of the loops is not worth its bytes.
///
/// Registers: r0 patch, r1 stream, r4 to r9 sums (even: `256 * first + second`, odd: `second`). The loop is entered so
/// that it ends with its last step. Stack: patch, its end, entry, stride, output, end of the stream.
macro_rules! slide {
    (
        $name:ident, $turn:ident,
        starts: [$($start:literal),*],
        step: [$($step:literal),* $(,)?],
        parts: [$($first:literal $second:literal),*],
        store: [$($store:literal),* $(,)?],
    ) => {
        /// # Safety
        /// As `Args::run`.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(args: *const Args) {
            naked_asm!(
                architecture!(),
                "push {{r4-r11, lr}}",
                "sub sp, #24",
                "ldm r0, {{r2-r8}}",
                "mov r1, r4",
                "strd r2, r3, [sp]",
                "strd r7, r6, [sp, #12]",
                "str r5, [sp, #20]",
                "adr.w r3, 4f",
                "sub r3, r3, r8",
                "orr r3, r3, #1",
                "str r3, [sp, #8]",
                "2:",
                "ldr r0, [sp]",
                "ldm.w r1!, {{r4, r5}}",
                $($start,)*
                "ldr pc, [sp, #8]",
                ".p2align 2",
                "3:",
                ".rept {turn}",
                $($step,)*
                ".endr",
                ".p2align 2",
                "4:",
                "ldr r2, [sp, #4]",
                "cmp r0, r2",
                "bne.w 3b",
                $(part!($first, $second),)*
                "ldm.w r1!, {{r2, r3, r12}}",
                $(requantize!($first, "r0", signed),)*
                "ldm.w r1!, {{r2, r3, r12}}",
                $(concat!("lsl ", $second, ", ", $second, ", #1"),)*
                $(requantize!($second, "r0", signed),)*
                $(concat!("bfi ", $first, ", ", $second, ", #8, #8"),)*
                "ldrd r2, r3, [sp, #12]", // stride, output
                $($store,)*
                "ldr r2, [sp, #20]",
                "str r3, [sp, #16]",
                "cmp r1, r2",
                "bne.w 2b",
                "add sp, #24",
                "pop {{r4-r11, pc}}",
                turn = const $turn,
            )
        }
    };
}

// Pixels in r2, r3, r10, then r3, r10, r2, then r10, r2, r11; weights in r11, r12, lr, as they are and then their low bytes.
slide!(
    three, TURN,
    starts: ["mov r6, r4", "mov r7, r5", "mov r8, r4", "mov r9, r5"],
    step: [
        "ldm.w r1!, {{r11, r12, lr}}",
        "ldm.w r0!, {{r2, r3, r10}}",
        "smlad r4, r2, r11, r4",
        "smlad r6, r3, r11, r6",
        "smlad r8, r10, r11, r8",
        "sxtb16 r11, r11",
        "smlad r5, r2, r11, r5",
        "smlad r7, r3, r11, r7",
        "smlad r9, r10, r11, r9",
        "ldm.w r0!, {{r2, r11}}",
        "smlad r4, r3, r12, r4",
        "smlad r6, r10, r12, r6",
        "smlad r8, r2, r12, r8",
        "sxtb16 r12, r12",
        "smlad r5, r3, r12, r5",
        "smlad r7, r10, r12, r7",
        "smlad r9, r2, r12, r9",
        "smlad r4, r10, lr, r4",
        "smlad r6, r2, lr, r6",
        "smlad r8, r11, lr, r8",
        "sxtb16 lr, lr",
        "smlad r5, r10, lr, r5",
        "smlad r7, r2, lr, r7",
        "smlad r9, r11, lr, r9",
    ],
    parts: ["r4" "r5", "r6" "r7", "r8" "r9"],
    store: ["strh.w r6, [r3, r2]", "strh.w r8, [r3, r2, lsl #1]", "strh r4, [r3], #2"],
);
// Pixels in r2, r3, r8, r9; weights in r10, r11, r12, their low bytes in lr.
slide!(
    two, SHORT_TURN,
    starts: ["mov r6, r4", "mov r7, r5"],
    step: [
        "ldm.w r1!, {{r10-r12}}",
        "ldm.w r0!, {{r2, r3, r8, r9}}",
        "smlad r4, r2, r10, r4",
        "smlad r6, r3, r10, r6",
        "sxtb16 lr, r10",
        "smlad r5, r2, lr, r5",
        "smlad r7, r3, lr, r7",
        "smlad r4, r3, r11, r4",
        "smlad r6, r8, r11, r6",
        "sxtb16 lr, r11",
        "smlad r5, r3, lr, r5",
        "smlad r7, r8, lr, r7",
        "smlad r4, r8, r12, r4",
        "smlad r6, r9, r12, r6",
        "sxtb16 lr, r12",
        "smlad r5, r8, lr, r5",
        "smlad r7, r9, lr, r7",
    ],
    parts: ["r4" "r5", "r6" "r7"],
    store: ["strh.w r6, [r3, r2]", "strh r4, [r3], #2"],
);
