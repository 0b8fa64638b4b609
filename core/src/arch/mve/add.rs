//! Sum of two tensors, four values at a time.

use super::{architecture, shift};
use core::arch::naked_asm;

/// How two tensors are added whose one summand is halved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Halved {
    /// Zero points of the scaled summand, the halved one and the sum.
    pub zero_points: [i8; 3],
    /// Multipliers of the scaled summand and of the sum.
    pub multipliers: [i32; 2],
    /// Their shifts, at most 0.
    pub shifts: [i8; 2],
}

/// A summand.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Summand<'a> {
    Apart(&'a [i8]),
    /// In the place of the sum.
    Sum,
}

#[repr(C)]
struct Args {
    scaled: *const i8,
    halved: *const i8,
    output: *mut i8,
    len: usize,
    scaled_zero: i32,
    /// Of the halved summand, shifted to where it is added.
    halved_zero: i32,
    multiplier: i32,
    sum_multiplier: i32,
    shift: i32,
    sum_shift: i32,
    zero_point: i32,
}

/// Writes the sums of the scaled and the halved summand, as many as the shortest slice holds.
pub(crate) fn add(halved: &Halved, summands: [Summand<'_>; 2], output: &mut [i8]) {
    let mut len = output.len();
    let start = output.as_mut_ptr();
    let [scaled, other] = summands.map(|summand| match summand {
        Summand::Apart(values) => {
            len = len.min(values.len());
            values.as_ptr()
        }
        Summand::Sum => start.cast_const(),
    });
    if len == 0 {
        return;
    }
    let [scaled_zero, halved_zero, zero_point] = halved.zero_points.map(i32::from);
    let [multiplier, sum_multiplier] = halved.multipliers;
    let [shift, sum_shift] = halved.shifts.map(|shift| i32::from(shift.min(0)));
    let args = Args {
        scaled,
        halved: other,
        output: start,
        len,
        scaled_zero,
        halved_zero: halved_zero << 19,
        multiplier,
        sum_multiplier,
        shift,
        sum_shift,
        zero_point,
    };
    // SAFETY: `len` bytes, at least 1, can be read from both summands and written to the output, which may be one of them:
    // four bytes are read before they are written.
    unsafe { sums(&args) };
}

/// # Safety
/// As `add` says.
#[unsafe(naked)]
unsafe extern "C" fn sums(args: *const Args) {
    naked_asm!(
        architecture!(),
        "push {{r4-r11, lr}}",
        "vpush {{d8-d15}}",
        "ldm.w r0, {{r0-r10}}",
        "vdup.32 q6, r8",
        "vdup.32 q7, r9",
        "dlstp.32 lr, r3",
        "2:",
        "vldrb.s32 q0, [r0], #4",
        "vldrb.s32 q1, [r1], #4",
        "vsub.i32 q0, q0, r4",
        "vshl.i32 q0, q0, #20",
        "vqrdmulh.s32 q0, q0, r6",
        shift!("q0", "q6", "q2", signed),
        // Half of the value shifted by 20.
        "vshl.i32 q1, q1, #19",
        "vsub.i32 q1, q1, r5",
        "vadd.i32 q0, q0, q1",
        "vqrdmulh.s32 q0, q0, r7",
        shift!("q0", "q7", "q2", signed),
        "vqadd.s32 q0, q0, r10",
        "vqmovnb.s32 q0, q0",
        "vqmovnb.s16 q0, q0",
        "vstrb.32 q0, [r2], #4",
        "letp lr, 2b",
        "vpop {{d8-d15}}",
        "pop {{r4-r11, pc}}",
    )
}
