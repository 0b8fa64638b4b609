//! Widening neighbouring pixels to the words of a strip.

use super::architecture;
use crate::arch::patch::Strip;
use core::arch::naked_asm;

#[repr(C)]
pub(super) struct Args {
    pub start: *const i8,
    step: usize,
    patch: *mut u32,
    groups: usize,
    rows: usize,
    /// From the end of a row's first pixel to the start of the next row's.
    skip: isize,
}

impl Args {
    /// For a strip that is known to lie in an input from `input` on; `None` where the patch is too short for it.
    #[inline]
    pub fn new(input: *const i8, strip: &Strip, patch: &mut [u32]) -> Option<Self> {
        let Strip {
            start,
            pixels: _,
            rows,
            groups,
            step,
            pitch,
        } = *strip;
        let words = rows.checked_mul(strip.row_words())?;
        if rows == 0 || groups == 0 || patch.len() < words {
            return None;
        }
        Some(Self {
            start: input.wrapping_add(start),
            step,
            patch: patch.as_mut_ptr(),
            groups,
            rows,
            skip: pitch.wrapping_sub(4 * groups) as isize,
        })
    }

    /// # Safety
    /// `rows` rows of `pixels` pixels (4 or 5) of `4 * groups` bytes can be read from the start, and twice as many words
    /// as groups of four bytes be written to the patch. Unaligned words are allowed by `ldr`.
    #[inline]
    pub unsafe fn run(&self, pixels: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            match pixels {
                5 => five(self),
                _ => four(self),
            }
        }
    }
}

/// As in the twin.
pub(crate) fn strip(input: &[i8], strip: &Strip, patch: &mut [u32]) -> bool {
    if !matches!(strip.pixels, 4 | 5) || !strip.fits(0, input.len()) {
        return false;
    }
    let Some(args) = Args::new(input.as_ptr(), strip, patch) else {
        return false;
    };
    // SAFETY: `fits` puts all of the strip inside `input`, and `Args::new` has checked the room in the patch.
    unsafe { args.run(strip.pixels) };
    true
}

/// Registers: r0 first pixel, r1 step, r2 three steps, r3 patch, r4 groups to come. Stack: groups, rows to come.
macro_rules! strip {
    ($name:ident, $($group:literal),* $(,)?) => {
        /// # Safety
        /// As `Args::run`.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(args: *const Args) {
            naked_asm!(
                architecture!(),
                "push {{r4-r11, lr}}",
                "sub sp, #12",
                "ldm r0, {{r0, r1, r3-r6}}",
                "stm sp, {{r4-r6}}",
                "add r2, r1, r1, lsl #1",
                "b 3f",
                "2:",
                "str r5, [sp, #4]",
                "ldr r6, [sp, #8]",
                "ldr r4, [sp]",
                "add r0, r0, r6",
                "3:",
                $($group,)*
                "subs r4, #1",
                "bne 3b",
                "ldr r5, [sp, #4]",
                "subs r5, #1",
                "bne 2b",
                "add sp, #12",
                "pop {{r4-r11, pc}}",
            )
        }
    };
}
strip!(
    five,
    "ldr r6, [r0, r1]",
    "ldr r7, [r0, r1, lsl #1]",
    "ldr r8, [r0, r2]",
    "ldr r9, [r0, r1, lsl #2]",
    "ldr r5, [r0], #4",
    "sxtb16 r10, r5",
    "sxtb16 r11, r6",
    "sxtb16 r12, r7",
    "sxtb16 lr, r8",
    "stm r3!, {{r10-r12, lr}}",
    "sxtb16 r10, r9",
    "str r10, [r3], #4",
    "sxtb16 r5, r5, ror #8",
    "sxtb16 r6, r6, ror #8",
    "sxtb16 r7, r7, ror #8",
    "sxtb16 r8, r8, ror #8",
    "sxtb16 r9, r9, ror #8",
    "stm r3!, {{r5-r9}}",
);
strip!(
    four,
    "ldr r6, [r0, r1]",
    "ldr r7, [r0, r1, lsl #1]",
    "ldr r8, [r0, r2]",
    "ldr r5, [r0], #4",
    "sxtb16 r10, r5",
    "sxtb16 r11, r6",
    "sxtb16 r12, r7",
    "sxtb16 lr, r8",
    "stm r3!, {{r10-r12, lr}}",
    "sxtb16 r5, r5, ror #8",
    "sxtb16 r6, r6, ror #8",
    "sxtb16 r7, r7, ror #8",
    "sxtb16 r8, r8, ror #8",
    "stm r3!, {{r5-r8}}",
);
