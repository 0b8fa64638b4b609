//! Runs the suite on QEMU's mps2-an386 (Cortex-M4F) and prints its text by semihosting.
#![no_std]
#![no_main]

include!("../../../suite-board.rs");
