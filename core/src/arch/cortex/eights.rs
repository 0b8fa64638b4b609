//! One pixel times eight channels: dense layers.

use super::{architecture, part, requantize};
use core::arch::naked_asm;

#[repr(C)]
struct Args {
    pixel: *const u32,
    pixel_end: *const u32,
    stream: *const u32,
    stream_end: *const u32,
    output: *mut i8,
}

/// As in the twin.
pub(crate) fn eights(pixel: &[u32], stream: &[u32], output: &mut [i8]) {
    let len = 4 * pixel.len() + 32;
    let blocks = (stream.len() / len).min(output.len() / 8);
    if pixel.is_empty() || blocks == 0 {
        return;
    }
    let stream = stream.get(..blocks * len).unwrap_or(&[]).as_ptr_range();
    let pixel = pixel.as_ptr_range();
    let args = Args {
        pixel: pixel.start,
        pixel_end: pixel.end,
        stream: stream.start,
        stream_end: stream.end,
        output: output.as_mut_ptr(),
    };
    // SAFETY: the loop reads `pixel` (not empty) once for every block of `stream` (whole blocks, at least one), and
    // writes eight bytes for each, for which `output` has room. Slices of u32 are aligned, as `ldm` needs.
    unsafe { all(&args) };
}

macro_rules! store {
    ($acc:literal) => {
        concat!(
            "ldm.w r1!, {{r2, r3, r12}}\n",
            requantize!($acc, "r0", signed),
            "strb ",
            $acc,
            ", [lr], #1\n",
        )
    };
}

/// The addition of the sign in rounding stays in, also where it changes nothing: a second copy of the loop is not worth
/// its bytes.
///
/// Registers: r0 pixel, r1 stream, r4 to r11 sums (even: `256 * first + second`, odd: `second`), lr two values,
/// r2, r3 weights as they are, r12 their low bytes. The loop is entered so that it ends with its last step.
/// Stack: pixel, its end, entry, output, end of the stream.
///
/// # Safety
/// `args` describes what `eights` has checked: whole blocks, a pixel of at least one word, and room for the output.
#[unsafe(naked)]
unsafe extern "C" fn all(args: *const Args) {
    naked_asm!(
        architecture!(),
        "push {{r4-r11, lr}}",
        "sub sp, #20",
        "ldm r0, {{r2-r6}}",
        "mov r1, r4",
        "strd r2, r3, [sp]",
        "strd r6, r5, [sp, #12]",
        // Steps of the first turn: the number of words modulo 8, but 8 for 0; a step has 60 bytes.
        "sub r2, r3, r2",
        "lsr r2, r2, #2",
        "ands r2, r2, #7",
        "it eq",
        "moveq r2, #8",
        "rsb r2, r2, r2, lsl #4",
        "adr.w r3, 4f",
        "sub r3, r3, r2, lsl #2",
        "orr r3, r3, #1",
        "str r3, [sp, #8]",
        "2:",
        "ldm r1!, {{r4-r11}}",
        "ldr r0, [sp]",
        "ldr pc, [sp, #8]",
        ".p2align 2",
        "3:",
        ".rept 8",
        "ldr lr, [r0], #4",
        "ldm.w r1!, {{r2, r3}}",
        "sxtb16 r12, r2",
        "smlad r4, lr, r2, r4",
        "smlad r5, lr, r12, r5",
        "sxtb16 r12, r3",
        "smlad r6, lr, r3, r6",
        "smlad r7, lr, r12, r7",
        "ldm.w r1!, {{r2, r3}}",
        "sxtb16 r12, r2",
        "smlad r8, lr, r2, r8",
        "smlad r9, lr, r12, r9",
        "sxtb16 r12, r3",
        "smlad r10, lr, r3, r10",
        "smlad r11, lr, r12, r11",
        ".endr",
        ".p2align 2",
        "4:",
        "ldr r2, [sp, #4]",
        "cmp r0, r2",
        "bne.w 3b",
        part!("r4", "r5"),
        part!("r6", "r7"),
        part!("r8", "r9"),
        part!("r10", "r11"),
        "lsl r5, r5, #1",
        "lsl r7, r7, #1",
        "lsl r9, r9, #1",
        "lsl r11, r11, #1",
        "ldr lr, [sp, #12]",
        store!("r4"),
        store!("r5"),
        store!("r6"),
        store!("r7"),
        store!("r8"),
        store!("r9"),
        store!("r10"),
        store!("r11"),
        "ldr r2, [sp, #16]",
        "str lr, [sp, #12]",
        "cmp r1, r2",
        "bne.w 2b",
        "add sp, #20",
        "pop {{r4-r11, pc}}",
    )
}
