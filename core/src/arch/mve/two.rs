//! Two pixels times four filters at a time: the loop under every convolution.

use super::filters::Pointers;
use super::{Filters, architecture, shift};
use crate::arch::Activations;
use core::arch::naked_asm;

/// Most values of a pixel: the loop is unrolled for all of them.
pub(crate) const MOST_VALUES: usize = 640;
/// Bytes of instructions for one vector of both pixels.
const STEP: usize = 56;

/// Where the values of two pixels start.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source<'a> {
    /// In a patch.
    Patch(&'a [i8], [usize; 2]),
    /// In the input.
    Input([usize; 2]),
}

#[repr(C)]
struct Args {
    filters: Pointers,
    input: [*const i8; 2],
    output: [*mut i8; 2],
    /// Groups of four filters.
    groups: usize,
    /// Where the loop starts, in bytes before its end.
    skip: usize,
    signed: u32,
}

/// Writes the outputs of every filter for two pixels, which start `at` these places; nothing where something does not fit.
#[inline]
pub(crate) fn two(
    activations: &mut Activations<'_, i8>,
    source: Source<'_>,
    filters: &Filters<'_>,
    at: [usize; 2],
) {
    let [(input, input_len), (output, output_len)] = activations.raw();
    let (from, from_len, starts) = match source {
        Source::Patch(patch, starts) => (patch.as_ptr(), patch.len(), starts),
        Source::Input(starts) => (input.cast_const(), input_len, starts),
    };
    let (len, count) = (filters.len(), filters.count());
    let inside = |start: usize, len: usize, all: usize| start <= all && len <= all - start;
    if len > MOST_VALUES
        || !starts.into_iter().all(|start| inside(start, len, from_len))
        || !at.into_iter().all(|start| inside(start, count, output_len))
    {
        return;
    }
    let mut args = Args {
        filters: filters.from(0),
        input: starts.map(|start| from.wrapping_add(start).wrapping_sub(filters.lead())),
        output: at.map(|at| output.wrapping_add(at)),
        groups: count / 4,
        // The first vector has a step of its own.
        skip: STEP * (filters.vectors() - 1),
        signed: u32::from(filters.zero_point() != i8::MIN),
    };
    // SAFETY: `Filters` holds whole filters, at least four; both pixels have a run of values. The loop reads from `lead`
    // bytes before, where the mask makes the first reads begin at the run itself. It writes four bytes of each pixel for
    // each group, inside the output. Where the output lies over the input, it lies ahead of all that is still to be read.
    unsafe { pixels(&args) };
    if !count.is_multiple_of(4) {
        // A last group of fewer than four filters starts earlier.
        args.filters = filters.from(count - 4);
        args.output = at.map(|at| output.wrapping_add(at + count - 4));
        args.groups = 1;
        // SAFETY: as above, with the last four filters.
        unsafe { pixels(&args) };
    }
}

/// From sums to outputs: even registers hold the sums of four filters for one pixel, then for the other.
macro_rules! finish {
    ($sign:ident) => {
        concat!(
            "vmov q0[2], q0[0], r0, r4\n",
            "vmov q0[3], q0[1], r2, r6\n",
            "vmov q1[2], q1[0], r8, r12\n",
            "vmov q1[3], q1[1], r10, lr\n",
            "ldrd r0, r1, [sp, #16]\n", // bias, multipliers
            "ldrd r2, r3, [sp, #24]\n", // shifts, zero point
            "vldrw.u32 q2, [r0], #16\n",
            "vldrw.u32 q3, [r1], #16\n",
            "vldrb.s32 q4, [r2], #4\n",
            "strd r0, r1, [sp, #16]\n",
            "str r2, [sp, #24]\n",
            "vadd.i32 q0, q0, q2\n",
            "vadd.i32 q1, q1, q2\n",
            "vqrdmulh.s32 q0, q0, q3\n",
            "vqrdmulh.s32 q1, q1, q3\n",
            shift!("q0", "q4", "q2", $sign),
            shift!("q1", "q4", "q2", $sign),
            "vqadd.s32 q0, q0, r3\n",
            "vqadd.s32 q1, q1, r3\n",
            // Bytes 0 and 2 of each word are one filter's outputs.
            "vqmovnb.s32 q0, q0\n",
            "vqmovnt.s32 q0, q1\n",
            "vqmovnb.s16 q0, q0\n",
            "ldrd r0, r1, [sp, #44]\n",
            "vshr.u32 q1, q0, #16\n",
            "vstrb.32 q0, [r0], #4\n",
            "vstrb.32 q1, [r1], #4\n",
            "ldr r2, [sp, #52]\n",
            "strd r0, r1, [sp, #44]\n",
            "subs r2, #1\n",
            "str r2, [sp, #52]\n",
            "bne.w 2b\n",
            "b.w 7f\n",
        )
    };
}

/// Registers: r0, r2, r4, r6 sums of the first pixel, r8, r10, r12, lr of the second; r1, r3, r5, r7 weights; r9, r11
/// pixels. Stack: weights, length of a filter, mask, entry, bias, multipliers, shifts, zero point, where the loop ends,
/// pixels, outputs, groups.
///
/// # Safety
/// As `two` checks.
#[unsafe(naked)]
unsafe extern "C" fn pixels(args: *const Args) {
    naked_asm!(
        architecture!(),
        "push {{r4-r11, lr}}",
        "vpush {{d8-d11}}",
        "sub sp, #56",
        "ldm.w r0!, {{r1-r11}}",
        // r1 weights, r2 length, r3 mask, r4 bias, r5 multipliers, r6 shifts, r7 zero point, r8 and r9 pixels, r10 and r11
        // outputs
        "ldm.w r0, {{r0, r12, lr}}", // groups, skip, signed
        "strd r1, r2, [sp]",
        "strd r4, r5, [sp, #16]",
        "strd r6, r7, [sp, #24]",
        "strd r8, r9, [sp, #36]",
        "strd r10, r11, [sp, #44]",
        "str r0, [sp, #52]",
        "adr.w r0, 4f",
        "sub r0, r0, r12",
        "orr r0, r0, #1",
        "strd r3, r0, [sp, #8]",
        "adr.w r0, 5f",
        "adr.w r1, 6f",
        "cmp lr, #0",
        "it ne",
        "movne r0, r1",
        "orr r0, r0, #1",
        "str r0, [sp, #32]",
        "2:",
        "ldrd r1, r0, [sp]",
        "ldrd r9, r11, [sp, #36]",
        "ldr r2, [sp, #8]",
        "add r3, r1, r0",
        "add r5, r3, r0",
        "add r7, r5, r0",
        "add r0, r7",
        "str r0, [sp]",
        "vmsr p0, r2",
        "vpstttt",
        "vldrbt.u8 q0, [r9], #16",
        "vldrbt.u8 q1, [r11], #16",
        "vldrbt.u8 q2, [r1], #16",
        "vldrbt.u8 q3, [r3], #16",
        "vpstt",
        "vldrbt.u8 q4, [r5], #16",
        "vldrbt.u8 q5, [r7], #16",
        "vmladav.s8 r0, q0, q2",
        "vmladav.s8 r8, q1, q2",
        "vmladav.s8 r2, q0, q3",
        "vmladav.s8 r10, q1, q3",
        "vmladav.s8 r4, q0, q4",
        "vmladav.s8 r12, q1, q4",
        "vmladav.s8 r6, q0, q5",
        "vmladav.s8 lr, q1, q5",
        "ldr pc, [sp, #12]",
        ".p2align 2",
        ".rept 39",
        "vldrb.u8 q0, [r9], #16",
        "vldrb.u8 q2, [r1], #16",
        "vmladava.s8 r0, q0, q2",
        "vldrb.u8 q1, [r11], #16",
        "vmladava.s8 r8, q1, q2",
        "vldrb.u8 q3, [r3], #16",
        "vmladava.s8 r2, q0, q3",
        "vmladava.s8 r10, q1, q3",
        "vldrb.u8 q4, [r5], #16",
        "vmladava.s8 r4, q0, q4",
        "vmladava.s8 r12, q1, q4",
        "vldrb.u8 q5, [r7], #16",
        "vmladava.s8 r6, q0, q5",
        "vmladava.s8 lr, q1, q5",
        ".endr",
        ".p2align 2",
        "4:",
        "ldr pc, [sp, #32]",
        ".p2align 2",
        "5:",
        finish!(positive),
        ".p2align 2",
        "6:",
        finish!(signed),
        "7:",
        "add sp, #56",
        "vpop {{d8-d11}}",
        "pop {{r4-r11, pc}}",
    )
}
