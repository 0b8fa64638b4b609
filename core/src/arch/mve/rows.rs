//! Runs of values, copied sixteen at a time.

use super::architecture;
use core::arch::naked_asm;

/// Runs that are copied: from where in a slice, where to in another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    pub from: usize,
    pub to: usize,
    /// Number of runs.
    pub count: usize,
    /// Values of a run.
    pub len: usize,
    /// From a run to the next where they are read, and where they are written.
    pub pitch: [usize; 2],
}

#[repr(C)]
struct Args {
    from: *const i8,
    to: *mut i8,
    count: usize,
    len: usize,
    pitch: [usize; 2],
}

/// Copies `rows`; nothing where one leaves its slice.
#[inline]
pub(crate) fn copy(input: &[i8], patch: &mut [i8], rows: &Rows) {
    let Rows {
        from,
        to,
        count,
        len,
        pitch,
    } = *rows;
    let reach = |pitch: usize| {
        (count.wrapping_sub(1))
            .saturating_mul(pitch)
            .saturating_add(len)
    };
    let fits = |at: usize, pitch: usize, room: usize| at <= room && reach(pitch) <= room - at;
    if count == 0
        || len == 0
        || !fits(from, pitch[0], input.len())
        || !fits(to, pitch[1], patch.len())
    {
        return;
    }
    let args = Args {
        from: input.as_ptr().wrapping_add(from),
        to: patch.as_mut_ptr().wrapping_add(to),
        count,
        len,
        pitch,
    };
    // SAFETY: every run, of which there is one at least, lies in its slice, and the slices are apart.
    unsafe { runs(&args) };
}

/// # Safety
/// `count` runs, at least 1, of `len` bytes, at least 1, can be read and written as far apart as `args` says.
#[unsafe(naked)]
unsafe extern "C" fn runs(args: *const Args) {
    naked_asm!(
        architecture!(),
        "push {{r4-r6, lr}}",
        "ldm.w r0, {{r0, r1, r2, r3, r4, r5}}",
        "2:",
        "mov r6, r0",
        "mov r12, r1",
        "dlstp.8 lr, r3",
        "3:",
        "vldrb.u8 q0, [r6], #16",
        "vstrb.8 q0, [r12], #16",
        "letp lr, 3b",
        "add r0, r0, r4",
        "add r1, r1, r5",
        "subs r2, #1",
        "bne 2b",
        "pop {{r4-r6, pc}}",
    )
}
