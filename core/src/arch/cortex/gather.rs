//! Widening int8 activations to the words of a patch.

use super::architecture;
use super::ops::{sxtb16, sxtb16_odd};
use crate::arch::patch::Copies;
use core::arch::naked_asm;

#[repr(C)]
pub(super) struct Args {
    pub starts: [*const i8; 4],
    patch: *mut u32,
    groups: usize,
    rows: usize,
    /// From the end of a run to the start of the next.
    skip: isize,
    /// 1 where the last group of a run gives its first words only.
    half: usize,
}

impl Args {
    /// For copies that are known to fit; `None` where they do not fill the patch.
    #[inline]
    pub fn new(input: *const i8, copies: &Copies, patch: &mut [u32]) -> Option<Self> {
        let Copies {
            starts,
            rows,
            groups,
            half,
            pitch,
        } = *copies;
        let half = usize::from(half);
        if rows == 0 || groups <= half || patch.len() < copies.words() {
            return None;
        }
        Some(Self {
            starts: starts.map(|start| input.wrapping_add(start)),
            patch: patch.as_mut_ptr(),
            groups: groups - half,
            rows,
            skip: pitch.wrapping_sub(4 * groups) as isize,
            half,
        })
    }
}

/// As in the twin.
#[inline]
pub(crate) fn gather(input: &[i8], copies: &Copies, patch: &mut [u32]) -> bool {
    if !copies.fit(input.len()) {
        return false;
    }
    let Some(args) = Args::new(input.as_ptr(), copies, patch) else {
        return false;
    };
    // SAFETY: `fit` puts `rows` runs of `4 * groups` bytes from each start inside `input`; the patch has room for
    // the `copies.words()` words that are written, which `Args::new` has checked.
    unsafe { runs(&args) };
    true
}

/// 14 instructions for each group of four pixels, 3 for the loop.
///
/// # Safety
/// `rows` runs of `4 * (groups + half)` bytes can be read from each start, runs `skip` bytes apart, and
/// `rows * (8 * groups + 4 * half)` words written to the patch. Unaligned words are allowed by `ldr`.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn runs(args: *const Args) {
    naked_asm!(
        architecture!(),
        "push {{r4-r11, lr}}",
        "sub sp, #12",
        "mov r12, r0",
        "ldrd r4, r5, [r12, #20]", // groups, rows
        "str r4, [sp]",
        "strd r5, r12, [sp, #4]",
        "ldm r12, {{r0-r3, r4}}", // four starts, patch
        "ldr r5, [sp]",
        "2:",
        "ldr r6, [r0], #4",
        "ldr r7, [r1], #4",
        "ldr r8, [r2], #4",
        "ldr r9, [r3], #4",
        "sxtb16 r10, r6",
        "sxtb16 r11, r7",
        "sxtb16 r12, r8",
        "sxtb16 lr, r9",
        "stm r4!, {{r10-r12, lr}}",
        "sxtb16 r6, r6, ror #8",
        "sxtb16 r7, r7, ror #8",
        "sxtb16 r8, r8, ror #8",
        "sxtb16 r9, r9, ror #8",
        "stm r4!, {{r6-r9}}",
        "subs r5, #1",
        "bne 2b",
        "ldr r12, [sp, #8]",
        "ldr r5, [r12, #32]", // half
        "cbz r5, 4f",
        "ldr r6, [r0], #4",
        "ldr r7, [r1], #4",
        "ldr r8, [r2], #4",
        "ldr r9, [r3], #4",
        "sxtb16 r6, r6",
        "sxtb16 r7, r7",
        "sxtb16 r8, r8",
        "sxtb16 r9, r9",
        "stm r4!, {{r6-r9}}",
        "4:",
        "ldr r5, [sp, #4]",
        "subs r5, #1",
        "beq 3f",
        "str r5, [sp, #4]",
        "ldr r5, [r12, #28]", // skip
        "add r0, r0, r5",
        "add r1, r1, r5",
        "add r2, r2, r5",
        "add r3, r3, r5",
        "ldr r5, [sp]",
        "b 2b",
        "3:",
        "add sp, #12",
        "pop {{r4-r11, pc}}",
    )
}

/// As in the twin.
pub(crate) fn widen_pixel(values: &[i8], half: bool, pixel: usize, patch: &mut [u32]) {
    let (groups, _) = values.as_chunks::<4>();
    let (octets, rest) = patch.as_chunks_mut::<8>();
    if pixel < 4 {
        for (&group, octet) in groups.iter().zip(octets) {
            let word = u32::from_le_bytes(group.map(|x| x as u8));
            octet[pixel] = sxtb16(word);
            octet[pixel + 4] = sxtb16_odd(word);
        }
        if let (true, Some(&group), Some(quad)) = (half, groups.last(), rest.first_chunk_mut::<4>())
        {
            quad[pixel] = sxtb16(u32::from_le_bytes(group.map(|x| x as u8)));
        }
    }
}

/// As in the twin.
pub(crate) fn widen_all(values: &[i8], words: &mut [u32]) {
    let (groups, _) = values.as_chunks::<4>();
    let (pairs, _) = words.as_chunks_mut::<2>();
    for (&group, pair) in groups.iter().zip(pairs) {
        let word = u32::from_le_bytes(group.map(|x| x as u8));
        *pair = [sxtb16(word), sxtb16_odd(word)];
    }
}
