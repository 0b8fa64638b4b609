//! Single DSP instructions.

use core::arch::asm;

macro_rules! instruction {
    ($(#[$doc:meta])* $name:ident ( $($arg:ident : $type:ty),* ) -> $result:ty = $text:literal) => {
        $(#[$doc])*
        #[inline(always)]
        pub(super) fn $name($($arg: $type),*) -> $result {
            let result: $result;
            // SAFETY: one arithmetic instruction on registers; it touches no memory and, apart from the sticky
            // overflow flag that nobody reads, no state.
            unsafe {
                asm!($text, r = lateout(reg) result, $($arg = in(reg) $arg,)*
                    options(pure, nomem, nostack, preserves_flags));
            }
            result
        }
    };
}

instruction!(
    /// Bytes 0 and 2, sign-extended to halves.
    sxtb16(a: u32) -> u32 = "sxtb16 {r}, {a}");
instruction!(
    /// Bytes 1 and 3, sign-extended to halves.
    sxtb16_odd(a: u32) -> u32 = "sxtb16 {r}, {a}, ror #8");
instruction!(
    /// Two products of halves, added to `acc`.
    smlad(a: u32, b: u32, acc: i32) -> i32 = "smlad {r}, {a}, {b}, {acc}");
instruction!(
    /// Bytes 0 and 2 of `x`, sign-extended, added to the halves of `a`.
    sxtab16(a: u32, x: u32) -> u32 = "sxtab16 {r}, {a}, {x}");
instruction!(
    /// Bytes 1 and 3 of `x`, sign-extended, added to the halves of `a`.
    sxtab16_odd(a: u32, x: u32) -> u32 = "sxtab16 {r}, {a}, {x}, ror #8");
instruction!(
    /// Sums of halves.
    sadd16(a: u32, b: u32) -> u32 = "sadd16 {r}, {a}, {b}");
instruction!(
    /// High word of the product, rounded.
    smmulr(a: i32, b: i32) -> i32 = "smmulr {r}, {a}, {b}");
