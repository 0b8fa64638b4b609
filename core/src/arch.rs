//! What depends on the processor, and the only room of this crate with `unsafe` code.
//!
//! Everything outside calls plain functions over slices: `dsp` is either written for the DSP instructions of
//! Cortex-M4, M7 and M33, or their portable twin, which computes the same bits from the same packed bytes
//! on any other machine. Tests run the twin on the desktop and the instructions in QEMU.
//!
//! A function here checks the lengths that its instructions rely on once, at its door; a call with other lengths
//! does nothing.
#![allow(unsafe_code, reason = "each block says why it is sound")]

#[cfg(mote_dsp)]
#[path = "arch/cortex.rs"]
pub(crate) mod dsp;
#[cfg(not(mote_dsp))]
#[path = "arch/twin.rs"]
pub(crate) mod dsp;

#[cfg(mote_mve)]
pub(crate) mod mve;

#[cfg(mote_vfp)]
mod half;
#[cfg(not(mote_vfp))]
pub(crate) use crate::kernel::f16::dot::sums as add_runs;
#[cfg(mote_vfp)]
pub(crate) use half::add_runs;

/// Whether this build runs images packed for the DSP instructions: with them, or with their twin on a machine
/// that is no microcontroller.
pub(crate) const RUNS_DSP: bool = cfg!(any(
    mote_dsp,
    not(all(target_arch = "arm", target_os = "none"))
));

mod activations;
mod patch;
pub(crate) mod pool;
mod rows;
pub(crate) use activations::Activations;
pub(crate) use patch::{Band, Copies, Fill, Lines, Plane, Splits, Strip, Sweep};
pub(crate) use rows::{Rows, TapRows, add_dots, add_taps};
