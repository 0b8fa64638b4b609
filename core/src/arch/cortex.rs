//! The inner loops with the DSP instructions of Armv7E-M and Armv8-M, hand-scheduled where it pays.
//!
//! Each function equals its namesake in `twin.rs` to the bit. `KERNELS.md` explains the tricks. The loops are naked
//! functions: `asm!` cannot name r6 and r7, and every register holds a sum or an operand.

#[path = "cortex/add.rs"]
mod add;
#[path = "cortex/block.rs"]
mod block;
#[path = "cortex/depthwise.rs"]
mod depthwise;
#[path = "cortex/eights.rs"]
mod eights;
#[path = "cortex/gather.rs"]
mod gather;
#[path = "cortex/ops.rs"]
mod ops;
#[path = "cortex/pool.rs"]
mod pool;
#[path = "cortex/slide.rs"]
mod slide;
#[path = "cortex/strip.rs"]
mod strip;
#[path = "cortex/two.rs"]
mod two;

pub(crate) use add::{add, add_over_other, add_over_table};
pub(crate) use block::{block, sweep};
pub(crate) use depthwise::{split, three};
pub(crate) use eights::eights;
pub(crate) use gather::{gather, widen_all, widen_pixel};
pub(crate) use pool::{most, sums8};
pub(crate) use slide::{slide, slide_sweep};
pub(crate) use strip::strip;
pub(crate) use two::two;

/// What the assembler must hear first. It knows Armv7E-M by the target's name, but where it lists the symbols of a
/// module for link-time optimisation it does not see the flags that give an Armv8-M core its DSP instructions.
#[cfg(not(mote_armv8m))]
macro_rules! architecture {
    () => {
        ""
    };
}
#[cfg(mote_armv8m)]
macro_rules! architecture {
    () => {
        ".cpu cortex-m33"
    };
}
/// Instructions that split a pair's sums `256 * first + second` and `second`; `first` comes out doubled.
macro_rules! part {
    ($first:literal, $second:literal) => {
        concat!(
            "sub ", $first, ", ", $first, ", ", $second, "\n", "asr ", $first, ", ", $first,
            ", #7\n",
        )
    };
}
/// Instructions that turn a doubled sum into an output: multiplier in r2, rounding term in r3, shift in r12, a register
/// to spare, which only `signed` uses. `SMMLAR` multiplies as TFLite does and adds the rounding term.
macro_rules! requantize {
    ($acc:literal, $spare:literal, positive) => {
        concat!(
            "smmlar ", $acc, ", ", $acc, ", r2, r3\n", "asr ", $acc, ", ", $acc, ", r12\n", "ssat ",
            $acc, ", #8, ", $acc, "\n",
        )
    };
    ($acc:literal, $spare:literal, signed) => {
        concat!(
            "smmlar ", $spare, ", ", $acc, ", r2, r3\n",
            // Ties away from zero: one less below zero. Where a sum below zero becomes 0, one less rounds to the same.
            "add ", $acc, ", ", $spare, ", ", $acc, ", asr #31\n", "asr ", $acc, ", ", $acc,
            ", r12\n", "ssat ", $acc, ", #8, ", $acc, "\n",
        )
    };
}
use {architecture, part, requantize};
