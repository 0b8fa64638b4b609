//! One pixel times four filters at a time: dense layers.

use super::filters::Pointers;
use super::{Filters, architecture, shift};
use core::arch::naked_asm;

#[repr(C)]
struct Args {
    filters: Pointers,
    input: *const i8,
    /// Groups of four filters.
    groups: usize,
    /// Turns of the loop, and where its first one starts, in bytes before its end.
    turns: usize,
    skip: usize,
    output: *mut i8,
}

/// Vectors in one turn of the loop, and bytes of instructions for each.
const TURN: usize = 16;
const STEP: usize = 36;

/// Writes the output of every filter; nothing where input or output are too short.
pub(crate) fn one(input: &[i8], filters: &Filters<'_>, output: &mut [i8]) {
    let count = filters.count();
    if input.len() < filters.len() || output.len() < count {
        return;
    }
    // A last group of fewer than four filters starts earlier.
    for (first, groups) in [
        (0, count / 4),
        (count - 4, usize::from(!count.is_multiple_of(4))),
    ] {
        if groups == 0 {
            continue;
        }
        // The first vector has a step of its own.
        let steps = filters.vectors() - 1;
        let args = Args {
            filters: filters.from(first),
            input: input.as_ptr().wrapping_sub(filters.lead()),
            groups,
            turns: steps / TURN + 1,
            skip: STEP * (steps % TURN),
            output: output.as_mut_ptr().wrapping_add(first),
        };
        // SAFETY: `Filters` holds whole filters, `input` a run; the loop reads them from `lead` bytes before, where the mask
        // makes the first reads begin at the run itself. It writes four bytes for each group, inside `output`.
        unsafe {
            if filters.zero_point() == i8::MIN {
                positive_one(&args);
            } else {
                signed_one(&args);
            }
        }
    }
}

/// Registers: r0, r2, r4, r6 sums; r1, r3, r5, r7 weights; r9 input; r8 bias, r10 multipliers, r11 groups, r12 zero point;
/// lr turns. Stack: weights, length of a filter, mask, input, turns, entry, shifts, output.
macro_rules! one {
    ($name:ident, $sign:ident) => {
        /// # Safety
        /// As `one` checks.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(args: *const Args) {
            naked_asm!(
                architecture!(),
                "push {{r4-r11, lr}}",
                "vpush {{d8-d9}}",
                "sub sp, #32",
                "ldm.w r0, {{r1-r11, r12}}",
                // r1 weights, r2 length, r3 mask, r4 bias, r5 multiplier, r6 shift, r7 zero point, r8 input, r9 groups,
                // r10 turns, r11 skip, r12 output
                "strd r1, r2, [sp]",
                "strd r3, r8, [sp, #8]",
                "adr.w lr, 5f",
                "sub lr, lr, r11",
                "orr lr, lr, #1",
                "strd r10, lr, [sp, #16]",
                "mov r8, r4",
                "mov r10, r5",
                "mov r11, r9",
                "strd r6, r12, [sp, #24]",
                "mov r12, r7",
                "2:",
                "ldrd r1, r0, [sp]",
                "ldrd r2, r9, [sp, #8]",
                "add r3, r1, r0",
                "add r5, r3, r0",
                "add r7, r5, r0",
                "add r0, r7",
                "str r0, [sp]",
                "vmsr p0, r2",
                "vpstttt",
                "vldrbt.u8 q0, [r9], #16",
                "vldrbt.u8 q1, [r1], #16",
                "vldrbt.u8 q2, [r3], #16",
                "vldrbt.u8 q3, [r5], #16",
                "vpst",
                "vldrbt.u8 q4, [r7], #16",
                "vmladav.s8 r0, q0, q1",
                "vmladav.s8 r2, q0, q2",
                "vmladav.s8 r4, q0, q3",
                "vmladav.s8 r6, q0, q4",
                "ldr.w lr, [sp, #16]",
                "ldr pc, [sp, #20]",
                ".p2align 2",
                "3:",
                ".rept 16",
                "vldrb.u8 q0, [r9], #16",
                "vldrb.u8 q1, [r1], #16",
                "vmladava.s8 r0, q0, q1",
                "vldrb.u8 q2, [r3], #16",
                "vmladava.s8 r2, q0, q2",
                "vldrb.u8 q3, [r5], #16",
                "vmladava.s8 r4, q0, q3",
                "vldrb.u8 q4, [r7], #16",
                "vmladava.s8 r6, q0, q4",
                ".endr",
                ".p2align 2",
                "5:",
                "subs.w lr, lr, #1",
                "bne.w 3b",
                "vmov q0[2], q0[0], r0, r4",
                "vmov q0[3], q0[1], r2, r6",
                "vldrw.u32 q1, [r8], #16",
                "vldrw.u32 q2, [r10], #16",
                "ldrd r0, r4, [sp, #24]",
                "vldrb.s32 q3, [r0], #4",
                "vadd.i32 q0, q0, q1",
                "vqrdmulh.s32 q0, q0, q2",
                shift!("q0", "q3", "q1", $sign),
                "vqadd.s32 q0, q0, r12",
                "vqmovnb.s32 q0, q0",
                "vqmovnb.s16 q0, q0",
                "vstrb.32 q0, [r4], #4",
                "strd r0, r4, [sp, #24]",
                "subs.w r11, r11, #1",
                "bne.w 2b",
                "add sp, #32",
                "vpop {{d8-d9}}",
                "pop {{r4-r11, pc}}",
            )
        }
    };
}
one!(positive_one, positive);
one!(signed_one, signed);
