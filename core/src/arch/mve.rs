//! The inner loops with the vector instructions of Armv8.1-M (MVE, "Helium"), over plain weights.
//!
//! They compute what the plain kernels compute, to the bit; `KERNELS.md` says how. The loops are naked functions:
//! sums live in the even registers and pointers in the odd ones, r7 among them, which `asm!` cannot name.

#[path = "mve/add.rs"]
mod add;
#[path = "mve/depthwise.rs"]
mod depthwise;
#[path = "mve/filters.rs"]
mod filters;
#[path = "mve/one.rs"]
mod one;
#[path = "mve/rows.rs"]
mod rows;
#[path = "mve/two.rs"]
mod two;

pub(crate) use add::{Halved, Summand, add};
pub(crate) use depthwise::{LANES, Lanes, MOST_TAPS};
pub(crate) use filters::Filters;
pub(crate) use one::one;
pub(crate) use rows::{Rows, copy};
pub(crate) use two::{MOST_VALUES, Source, two};

/// What the assembler must hear first: where it lists the symbols of a module for link-time optimisation it does not
/// see the flags that give the core its vectors.
macro_rules! architecture {
    () => {
        ".cpu cortex-m55"
    };
}

/// Instructions that shift products right: their shifts, of at most 0, lie in a vector.
///
/// `VRSHL` rounds ties up, TFLite away from zero: so one is taken from what is negative, except where the shift is 0.
/// Where the zero point is -128, negative values saturate anyway, and that is left out.
macro_rules! shift {
    ($acc:literal, $shift:literal, $free:literal, positive) => {
        concat!("vrshl.s32 ", $acc, ", ", $acc, ", ", $shift, "\n")
    };
    ($acc:literal, $shift:literal, $free:literal, signed) => {
        concat!(
            "vand ",
            $free,
            ", ",
            $acc,
            ", ",
            $shift,
            "\n",
            "vshr.s32 ",
            $free,
            ", ",
            $free,
            ", #31\n",
            "vqadd.s32 ",
            $acc,
            ", ",
            $acc,
            ", ",
            $free,
            "\n",
            "vrshl.s32 ",
            $acc,
            ", ",
            $acc,
            ", ",
            $shift,
            "\n",
        )
    };
}
use {architecture, shift};
