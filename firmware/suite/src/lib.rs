//! What a device must compute to the bit like the desktop.
//!
//! [`run`] writes lines of text. The boards in `firmware/boards` run it in QEMU or on metal, the test
//! `device_parity` runs it on the desktop, and the two texts must be equal. A line names what it
//! checks and gives bits in hexadecimal: nothing in it depends on how floats are printed.
//!
//! To add a check, add a module with a `run` and call it below: no board changes.
#![no_std]

mod encoder;
mod mel;
mod probe;

use core::fmt::{Result, Write};

/// Runs every check. Needs 8 KB of stack.
///
/// # Errors
/// Only when `out` fails.
pub fn run(out: &mut impl Write) -> Result {
    encoder::run(out)?;
    mel::run(out)?;
    probe::run(out)?;
    writeln!(out, "end")
}
