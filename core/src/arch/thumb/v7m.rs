//! Thumb-2: every Cortex-M from M3 on.

use super::{Dots, Taps};
use core::arch::naked_asm;

/// How far before its first value a pointer starts, and how far it moves in a row: pointers stand on the value before the
/// next, so that the fourth load of a turn moves them.
pub fn bias(len: usize) -> [isize; 2] {
    [-1, len as isize]
}

/// Turns of four values, and single values behind them.
pub fn split(len: usize) -> [isize; 2] {
    [(len / 4) as isize, (len % 4) as isize]
}

/// One value times four weights: 9 instructions.
macro_rules! value {
    ($at:literal) => {
        concat!(
            "ldrsb.w r9, [r0, ",
            $at,
            "\n",
            "ldrsb.w r10, [r1, ",
            $at,
            "\n",
            "ldrsb.w r11, [r2, ",
            $at,
            "\n",
            "mla r5, r9, r10, r5\n",
            "mla r6, r9, r11, r6\n",
            "ldrsb.w r10, [r3, ",
            $at,
            "\n",
            "ldrsb.w r11, [r4, ",
            $at,
            "\n",
            "mla r7, r9, r10, r7\n",
            "mla r8, r9, r11, r8\n",
        )
    };
}

/// Registers: r0 input, r1 to r4 weights, r5 to r8 sums, r9 to r11 operands, r12 turns, lr arguments.
///
/// # Safety
/// At least one row of at least one value can be read from the input and from every filter, of which there are four at
/// least; `sums` has room for all.
#[unsafe(naked)]
pub unsafe extern "C" fn dots(args: *mut Dots) {
    naked_asm!(
        "push {{r4-r11, lr}}",
        "mov lr, r0",
        "2:",
        "ldm.w lr, {{r0-r2}}",
        "mov r5, r2",
        "add r2, r1, r5",
        "add r3, r2, r5",
        "add r4, r3, r5",
        "add r5, r4, r5",
        "str.w r5, [lr, #4]",
        "ldr.w r12, [lr, #36]",
        "ldr.w r9, [lr, #28]",
        "ldm.w r12, {{r5-r8}}",
        "3:",
        "str.w r9, [lr, #32]",
        "ldr.w r12, [lr, #12]",
        "cmp.w r12, #0",
        "beq.w 5f",
        "4:",
        value!("#1]"),
        value!("#2]"),
        value!("#3]"),
        value!("#4]!"),
        "subs.w r12, r12, #1",
        "bne.w 4b",
        "5:",
        "ldr.w r12, [lr, #16]",
        "cmp.w r12, #0",
        "beq.w 7f",
        "6:",
        value!("#1]!"),
        "subs.w r12, r12, #1",
        "bne.w 6b",
        "7:",
        "ldrd r10, r11, [lr, #20]",
        "ldr.w r9, [lr, #32]",
        "add r0, r0, r10",
        "add r1, r1, r11",
        "add r2, r2, r11",
        "add r3, r3, r11",
        "add r4, r4, r11",
        "subs.w r9, r9, #1",
        "bne.w 3b",
        "ldrd r12, r9, [lr, #36]",
        "stm.w r12!, {{r5-r8}}",
        "subs.w r9, r9, #1",
        "strd r12, r9, [lr, #36]",
        "bne.w 2b",
        "pop {{r4-r11, pc}}",
    )
}

/// Registers: r0 input, r1 weights, r2 and r3 their steps, r4 taps, r5 to r8 sums, r9 to r12 operands, lr arguments.
///
/// # Safety
/// At least one row of at least one tap, of four values each, can be read from both pointers, `fours` times, at least once;
/// `sums` has room for all.
#[unsafe(naked)]
pub unsafe extern "C" fn taps(args: *mut Taps) {
    naked_asm!(
        "push {{r4-r11, lr}}",
        "mov lr, r0",
        "2:",
        "ldm.w lr, {{r0-r4}}",
        "ldr.w r12, [lr, #36]",
        "ldr.w r9, [lr, #28]",
        "ldm.w r12, {{r5-r8}}",
        "3:",
        "str.w r9, [lr, #32]",
        "4:",
        "ldrsb.w r9, [r0]",
        "ldrsb.w r10, [r1]",
        "ldrsb.w r11, [r0, #1]",
        "ldrsb.w r12, [r1, #1]",
        "mla r5, r9, r10, r5",
        "mla r6, r11, r12, r6",
        "ldrsb.w r9, [r0, #2]",
        "ldrsb.w r10, [r1, #2]",
        "ldrsb.w r11, [r0, #3]",
        "ldrsb.w r12, [r1, #3]",
        "mla r7, r9, r10, r7",
        "mla r8, r11, r12, r8",
        "add r0, r0, r2",
        "add r1, r1, r3",
        "subs r4, r4, #1",
        "bne.w 4b",
        "ldrd r10, r11, [lr, #20]",
        "ldr.w r9, [lr, #32]",
        "ldr.w r4, [lr, #16]",
        "add r0, r0, r10",
        "add r1, r1, r11",
        "subs.w r9, r9, #1",
        "bne.w 3b",
        "ldrd r12, r9, [lr, #36]",
        "stm.w r12!, {{r5-r8}}",
        "ldr.w r10, [lr, #44]",
        "ldrd r0, r1, [lr]",
        "add r0, r0, r10",
        "add r1, r1, #4",
        "strd r0, r1, [lr]",
        "subs.w r9, r9, #1",
        "strd r12, r9, [lr, #36]",
        "bne.w 2b",
        "pop {{r4-r11, pc}}",
    )
}
