//! Thumb-1: Cortex-M0, M0+ and M23. Eight registers take part in everything; the others only add.

use super::{Dots, Taps};
use core::arch::naked_asm;

/// How far before its first value a pointer starts, and how far it moves in a row: pointers stand behind the row, and one
/// index counts up to 0 for all of them.
pub fn bias(len: usize) -> [isize; 2] {
    [len as isize, 0]
}

/// The first index.
pub fn split(len: usize) -> [isize; 2] {
    [(len as isize).wrapping_neg(), 0]
}

/// What a function does first: keeps the registers, and the arguments in lr.
macro_rules! enter {
    () => {
        concat!(
            "push {{r4-r7, lr}}\n",
            "mov r4, r8\n",
            "mov r5, r9\n",
            "mov r6, r10\n",
            "mov r7, r11\n",
            "push {{r4-r7}}\n",
            "mov lr, r0\n",
        )
    };
}

/// What it does last.
macro_rules! leave {
    () => {
        concat!(
            "pop {{r4-r7}}\n",
            "mov r8, r4\n",
            "mov r9, r5\n",
            "mov r10, r6\n",
            "mov r11, r7\n",
            "pop {{r4-r7, pc}}\n",
        )
    };
}

/// Takes four sums from where they lie, and the number of rows; the arguments are in r7.
macro_rules! take {
    () => {
        concat!(
            "ldr r5, [r7, #28]\n",
            "str r5, [r7, #32]\n",
            "ldr r7, [r7, #36]\n",
            "ldm r7!, {{r3-r6}}\n",
            "mov r8, r3\n",
            "mov r9, r4\n",
            "mov r10, r5\n",
            "mov r11, r6\n",
        )
    };
}

/// Puts four sums back; whether they were the last. The arguments are in r7.
macro_rules! put {
    () => {
        concat!(
            "mov r0, r8\n",
            "mov r1, r9\n",
            "mov r2, r10\n",
            "mov r3, r11\n",
            "ldr r4, [r7, #36]\n",
            "stm r4!, {{r0-r3}}\n",
            "str r4, [r7, #36]\n",
            "ldr r4, [r7, #40]\n",
            "subs r4, r4, #1\n",
            "str r4, [r7, #40]\n",
        )
    };
}

/// Registers: r0 input, r1 to r4 weights, r5 index, r6 and r7 operands, r8 to r11 sums, lr arguments. 15 instructions for
/// four products.
///
/// # Safety
/// At least one row of at least one value can be read before the input and every filter, of which there are four at least;
/// `sums` has room for all.
#[unsafe(naked)]
pub unsafe extern "C" fn dots(args: *mut Dots) {
    naked_asm!(
        enter!(),
        "2:",
        "mov r7, lr",
        take!(),
        "mov r7, lr",
        "ldm r7!, {{r0-r2}}",
        "mov r5, r2",
        "adds r2, r1, r5",
        "adds r3, r2, r5",
        "adds r4, r3, r5",
        "adds r5, r4, r5",
        "mov r7, lr",
        "str r5, [r7, #4]",
        "3:",
        "ldr r5, [r7, #12]",
        "4:",
        "ldrsb r6, [r0, r5]",
        "ldrsb r7, [r1, r5]",
        "muls r7, r6, r7",
        "add r8, r7",
        "ldrsb r7, [r2, r5]",
        "muls r7, r6, r7",
        "add r9, r7",
        "ldrsb r7, [r3, r5]",
        "muls r7, r6, r7",
        "add r10, r7",
        "ldrsb r7, [r4, r5]",
        "muls r7, r6, r7",
        "add r11, r7",
        "adds r5, r5, #1",
        "bne 4b",
        "mov r7, lr",
        "ldr r6, [r7, #20]",
        "adds r0, r0, r6",
        "ldr r6, [r7, #24]",
        "adds r1, r1, r6",
        "adds r2, r2, r6",
        "adds r3, r3, r6",
        "adds r4, r4, r6",
        "ldr r6, [r7, #32]",
        "subs r6, r6, #1",
        "str r6, [r7, #32]",
        "bne 3b",
        put!(),
        "bne 2b",
        leave!(),
    )
}

/// One product: the index of the channel is in r2.
macro_rules! channel {
    ($index:literal, $sum:literal) => {
        concat!(
            "movs r2, ",
            $index,
            "\n",
            "ldrsb r3, [r0, r2]\n",
            "ldrsb r4, [r1, r2]\n",
            "muls r4, r3, r4\n",
            "add ",
            $sum,
            ", r4\n",
        )
    };
}

/// Registers: r0 input, r1 weights, r2 to r4 operands, r5 taps, r6 and r7 steps, r8 to r11 sums, lr arguments.
///
/// # Safety
/// At least one row of at least one tap, of four values each, can be read from both pointers, `fours` times, at least once;
/// `sums` has room for all.
#[unsafe(naked)]
pub unsafe extern "C" fn taps(args: *mut Taps) {
    naked_asm!(
        enter!(),
        "2:",
        "mov r7, lr",
        take!(),
        "mov r7, lr",
        "ldr r0, [r7]",
        "ldr r1, [r7, #4]",
        "ldr r6, [r7, #8]",
        "ldr r7, [r7, #12]",
        "3:",
        "mov r5, lr",
        "ldr r5, [r5, #16]",
        "4:",
        channel!("#0", "r8"),
        channel!("#1", "r9"),
        channel!("#2", "r10"),
        channel!("#3", "r11"),
        "adds r0, r0, r6",
        "adds r1, r1, r7",
        "subs r5, r5, #1",
        "bne 4b",
        "mov r5, lr",
        "ldr r2, [r5, #20]",
        "adds r0, r0, r2",
        "ldr r2, [r5, #24]",
        "adds r1, r1, r2",
        "ldr r2, [r5, #32]",
        "subs r2, r2, #1",
        "str r2, [r5, #32]",
        "bne 3b",
        "mov r7, lr",
        "ldr r0, [r7]",
        "ldr r1, [r7, #44]",
        "adds r0, r0, r1",
        "str r0, [r7]",
        "ldr r0, [r7, #4]",
        "adds r0, r0, #4",
        "str r0, [r7, #4]",
        put!(),
        "bne 2b",
        leave!(),
    )
}
