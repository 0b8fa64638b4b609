//! Runs the suite on QEMU's mps2-an500 (Cortex-M7) and prints its text by semihosting.
#![no_std]
#![no_main]

include!("../../../suite-board.rs");
