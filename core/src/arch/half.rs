//! Inner products of f32 activations and half-precision weights, with the conversions of an FPU.

use crate::kernel::f16::dot::{Filters, Runs, sums as plain};
use core::arch::naked_asm;

/// What the assembler must hear first, as in `cortex.rs`.
#[cfg(not(mote_armv8m))]
macro_rules! architecture {
    () => {
        ".fpu fpv4-sp-d16"
    };
}
#[cfg(mote_armv8m)]
macro_rules! architecture {
    () => {
        ".cpu cortex-m33"
    };
}

#[repr(C)]
struct Args {
    input: *const f32,
    filters: [*const u8; 2],
    /// Bytes from the end of a run to the next, of the input and of the filters.
    skips: [isize; 2],
    runs: usize,
    /// Turns of the loop, and where its first one starts, in bytes before its end.
    turns: usize,
    skip: usize,
    /// Values behind the last group of four.
    rest: usize,
    sums: *mut f32,
    /// Bytes from a pair of filters to the next.
    advance: usize,
    /// Pairs of filters, at least 1.
    pairs: usize,
    /// What the FPU's mode was.
    mode: u32,
}

/// Groups in one turn of the loop.
const TURN: usize = 8;

/// As [`plain`], which it equals to the bit.
#[inline]
pub(crate) fn add_runs(input: &[f32], filters: &Filters<'_>, runs: &Runs, sums: &mut [f32]) {
    let Runs {
        start,
        first,
        count,
        len,
        pitch,
        filter_pitch,
    } = *runs;
    let Filters { weights, filter } = *filters;
    let reach = |pitch: usize| {
        (count.wrapping_sub(1))
            .saturating_mul(pitch)
            .saturating_add(len)
    };
    let behind = first
        .saturating_add(reach(filter_pitch))
        .saturating_add(sums.len().wrapping_sub(1).saturating_mul(filter));
    if count == 0
        || len == 0
        || sums.is_empty()
        || start > input.len()
        || reach(pitch) > input.len() - start
        || behind > weights.len()
    {
        return plain(input, filters, runs, sums);
    }
    let aligned = (weights.as_ptr().addr() + 2 * first).is_multiple_of(4)
        && filter_pitch.is_multiple_of(2)
        && filter.is_multiple_of(2);
    let step = if aligned { 76 } else { 92 };
    let groups = len / 4;
    let mut args = Args {
        input: input.as_ptr().wrapping_add(start),
        filters: [0, filter].map(|at| weights.as_ptr().wrapping_add(first + at).cast()),
        skips: [
            (pitch.wrapping_sub(len) as isize).wrapping_mul(4),
            (filter_pitch.wrapping_sub(len) as isize).wrapping_mul(2),
        ],
        runs: count,
        turns: groups / TURN + 1,
        skip: step * (groups % TURN),
        rest: len % 4,
        sums: sums.as_mut_ptr(),
        advance: 4 * filter,
        pairs: sums.len() / 2,
        mode: 0,
    };
    let run = |args: &mut Args| {
        // SAFETY: what has been checked puts `count` runs, at least 1, of `len` values inside the input and every filter, of
        // which there is one for each sum. Words of two weights lie at multiples of 4 where `vldm` reads them: a run of odd
        // length is not followed by another but where the pitch is even.
        unsafe {
            if aligned {
                aligned_runs(args);
            } else {
                any_runs(args);
            }
        }
    };
    if args.pairs > 0 {
        run(&mut args);
    }
    // A last single filter comes with itself.
    if let (_, [last]) = sums.as_chunks_mut::<2>() {
        let mut both = [*last; 2];
        let one = args.filters[0];
        (args.filters, args.sums, args.pairs) = ([one; 2], both.as_mut_ptr(), 1);
        run(&mut args);
        [*last, _] = both;
    }
}

/// Four weights in s8 and s9.
macro_rules! load {
    ($from:literal, aligned) => {
        concat!("vldm ", $from, "!, {{s8, s9}}\n")
    };
    ($from:literal, any) => {
        concat!(
            "ldr r4, [",
            $from,
            "], #4\n",
            "ldr r5, [",
            $from,
            "], #4\n",
            "vmov s8, s9, r4, r5\n",
        )
    };
}

/// Four weights times the values in s0 to s3, added to four lanes.
macro_rules! group {
    ($from:literal, $how:ident, $a:literal, $b:literal, $c:literal, $d:literal) => {
        concat!(
            load!($from, $how),
            "vcvtb.f32.f16 s4, s8\n",
            "vcvtt.f32.f16 s5, s8\n",
            "vcvtb.f32.f16 s6, s9\n",
            "vcvtt.f32.f16 s7, s9\n",
            "vmla.f32 ",
            $a,
            ", s0, s4\n",
            "vmla.f32 ",
            $b,
            ", s1, s5\n",
            "vmla.f32 ",
            $c,
            ", s2, s6\n",
            "vmla.f32 ",
            $d,
            ", s3, s7\n",
        )
    };
}

/// One value behind the groups, for a lane of both filters.
macro_rules! single {
    ($a:literal, $b:literal) => {
        concat!(
            "vldm r0!, {{s0}}\n",
            "ldrh r4, [r1], #2\n",
            "ldrh r5, [r2], #2\n",
            "vmov s8, s9, r4, r5\n",
            "vcvtb.f32.f16 s8, s8\n",
            "vcvtb.f32.f16 s9, s9\n",
            "vmla.f32 ",
            $a,
            ", s0, s8\n",
            "vmla.f32 ",
            $b,
            ", s0, s9\n",
        )
    };
}

/// `VMLA` rounds the product before it adds, as two instructions do. Halves are read as the alternative format, in which
/// what IEEE calls infinite is a large number, as in `half.rs`.
///
/// Registers: r0 values, r1 and r2 weights, r3 turns, r6 values behind the groups, r7 runs, r8 and r11 bytes to the next
/// run, r9 entry, r10 zero, r12 turns of a run, lr arguments; s16 to s19 and s20 to s23 lanes, s10 and s11 sums.
macro_rules! runs {
    ($name:ident, $how:ident) => {
        /// # Safety
        /// As `add_runs` checks.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(args: *mut Args) {
            naked_asm!(
                architecture!(),
                "push {{r4-r11, lr}}",
                "vpush {{s16-s23}}",
                "mov lr, r0",
                "vmrs r4, fpscr",
                "str.w r4, [lr, #48]",
                "orr r4, r4, #0x4000000",
                "vmsr fpscr, r4",
                "ldr.w r6, [lr, #32]",
                "ldrd r12, r9, [lr, #24]",
                "ldrd r8, r11, [lr, #12]",
                "adr.w r3, 5f",
                "sub r9, r3, r9",
                "orr r9, r9, #1",
                "mov.w r10, #0",
                "7:",
                "ldm.w lr, {{r0, r1, r2}}",
                "ldr.w r7, [lr, #20]",
                "ldr.w r4, [lr, #36]",
                "vldm r4, {{s10, s11}}",
                "2:",
                "vmov s16, s17, r10, r10",
                "vmov s18, s19, r10, r10",
                "vmov s20, s21, r10, r10",
                "vmov s22, s23, r10, r10",
                "mov r3, r12",
                "bx r9",
                ".p2align 2",
                "3:",
                ".rept 8",
                "vldm r0!, {{s0-s3}}",
                group!("r1", $how, "s16", "s17", "s18", "s19"),
                group!("r2", $how, "s20", "s21", "s22", "s23"),
                ".endr",
                ".p2align 2",
                "5:",
                "subs r3, r3, #1",
                "bne.w 3b",
                "cbz r6, 6f",
                single!("s16", "s20"),
                "cmp r6, #1",
                "beq 6f",
                single!("s17", "s21"),
                "cmp r6, #2",
                "beq 6f",
                single!("s18", "s22"),
                "6:",
                "vadd.f32 s16, s16, s17",
                "vadd.f32 s18, s18, s19",
                "vadd.f32 s20, s20, s21",
                "vadd.f32 s22, s22, s23",
                "vadd.f32 s16, s16, s18",
                "vadd.f32 s20, s20, s22",
                "vadd.f32 s10, s10, s16",
                "vadd.f32 s11, s11, s20",
                "add r0, r0, r8",
                "add r1, r1, r11",
                "add r2, r2, r11",
                "subs r7, r7, #1",
                "bne.w 2b",
                "ldr.w r4, [lr, #36]",
                "ldrd r1, r2, [lr, #4]",
                "ldrd r3, r5, [lr, #40]", // advance, pairs
                "vstm r4!, {{s10, s11}}",
                "add r1, r1, r3",
                "add r2, r2, r3",
                "str.w r4, [lr, #36]",
                "strd r1, r2, [lr, #4]",
                "subs r5, r5, #1",
                "str.w r5, [lr, #44]",
                "bne.w 7b",
                "ldr.w r4, [lr, #48]",
                "vmsr fpscr, r4",
                "vpop {{s16-s23}}",
                "pop {{r4-r11, pc}}",
            )
        }
    };
}
runs!(aligned_runs, aligned);
runs!(any_runs, any);
