//! Sum of two tensors, one of them through a table.

use super::{architecture, requantize};
use core::arch::naked_asm;

#[repr(C)]
struct Args {
    looked_up: *const i8,
    other: *const i8,
    multiplier: u32,
    round: u32,
    table: *const u32,
    output: *mut i8,
    end: *mut i8,
    shift: u32,
}

/// As in the twin.
pub(crate) fn add(
    table: &[u32; 256],
    looked_up: &[i8],
    other: &[i8],
    output: &mut [i8],
    numbers: [u32; 3],
    positive: bool,
) {
    let len = output.len().min(looked_up.len()).min(other.len());
    // SAFETY: `len` bytes can be read from both inputs and written to the output.
    unsafe {
        sum(
            table,
            [looked_up.as_ptr(), other.as_ptr()],
            output.as_mut_ptr(),
            len,
            numbers,
            positive,
        )
    };
}

/// As in the twin.
pub(crate) fn add_over_table(
    table: &[u32; 256],
    looked_up: &mut [i8],
    other: &[i8],
    numbers: [u32; 3],
    positive: bool,
) {
    let len = looked_up.len().min(other.len());
    let output = looked_up.as_mut_ptr();
    // SAFETY: as above; each byte of the output is read before it is written.
    unsafe {
        sum(
            table,
            [output, other.as_ptr()],
            output,
            len,
            numbers,
            positive,
        )
    };
}

/// As in the twin.
pub(crate) fn add_over_other(
    table: &[u32; 256],
    looked_up: &[i8],
    other: &mut [i8],
    numbers: [u32; 3],
    positive: bool,
) {
    let len = looked_up.len().min(other.len());
    let output = other.as_mut_ptr();
    // SAFETY: as above.
    unsafe {
        sum(
            table,
            [looked_up.as_ptr(), output],
            output,
            len,
            numbers,
            positive,
        )
    };
}

/// # Safety
/// `len` bytes can be read from both inputs and written to the output, which may be one of them.
unsafe fn sum(
    table: &[u32; 256],
    inputs: [*const i8; 2],
    output: *mut i8,
    len: usize,
    numbers: [u32; 3],
    positive: bool,
) {
    if len == 0 {
        return;
    }
    let [multiplier, round, shift] = numbers;
    let args = Args {
        looked_up: inputs[0],
        other: inputs[1],
        multiplier,
        round,
        table: table.as_ptr(),
        output,
        end: output.wrapping_add(len),
        shift,
    };
    // SAFETY: the caller's promise; the loops end at `end`, which is at least one byte away.
    unsafe {
        if positive {
            positive_sum(&args);
        } else {
            signed_sum(&args);
        }
    }
}

/// One element: r0 and r1 inputs, r4 table, r5 output; r2, r3, r12 numbers.
macro_rules! element {
    ($sign:ident) => {
        concat!(
            "ldrb r8, [r0], #1\n",
            "ldrsb r9, [r1], #1\n",
            "ldr r8, [r4, r8, lsl #2]\n",
            "add r8, r8, r9, lsl #20\n",
            requantize!("r8", "r9", $sign),
            "strb r8, [r5], #1\n",
        )
    };
}

/// The second summand's byte at `$bit` of lr, added to what the table gives; r6 to spare.
macro_rules! part_of_four {
    ($acc:literal, $bit:literal, $sign:ident) => {
        concat!(
            "sbfx r6, lr, #",
            $bit,
            ", #8\n",
            "add ",
            $acc,
            ", ",
            $acc,
            ", r6, lsl #20\n",
            requantize!($acc, "r6", $sign),
        )
    };
}

macro_rules! sums {
    ($name:ident, $sign:ident) => {
        /// Four elements at a time, their bytes in words.
        ///
        /// # Safety
        /// `args` describes inputs and output as `sum` promises, with at least one byte between `output` and `end`.
        /// Unaligned words are allowed by `ldr` and `str`.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(args: *const Args) {
            naked_asm!(
                architecture!(),
                "push {{r4-r11, lr}}",
                "mov lr, r0",
                "ldr.w r12, [lr, #28]",
                "ldm.w lr, {{r0-r6}}",
                "push {{r6}}",
                // Whole quads first: r7 is their end.
                "sub r7, r6, r5",
                "bic r7, r7, #3",
                "add r7, r7, r5",
                "cmp r5, r7",
                "beq 3f",
                "2:",
                "ldr lr, [r0], #4",
                "uxtb.w r8, lr",
                "ubfx r9, lr, #8, #8",
                "ubfx r10, lr, #16, #8",
                "lsr.w r11, lr, #24",
                "ldr.w r8, [r4, r8, lsl #2]",
                "ldr.w r9, [r4, r9, lsl #2]",
                "ldr.w r10, [r4, r10, lsl #2]",
                "ldr.w r11, [r4, r11, lsl #2]",
                "ldr lr, [r1], #4",
                part_of_four!("r8", "0", $sign),
                part_of_four!("r9", "8", $sign),
                part_of_four!("r10", "16", $sign),
                part_of_four!("r11", "24", $sign),
                "bfi r8, r9, #8, #8",
                "bfi r10, r11, #8, #8",
                "pkhbt r8, r8, r10, lsl #16",
                "str r8, [r5], #4",
                "cmp r5, r7",
                "bne.w 2b",
                "3:",
                "pop {{r6}}",
                "cmp r5, r6",
                "beq 5f",
                "4:",
                element!($sign),
                "cmp r5, r6",
                "bne 4b",
                "5:",
                "pop {{r4-r11, pc}}",
            )
        }
    };
}
sums!(positive_sum, positive);
sums!(signed_sum, signed);
