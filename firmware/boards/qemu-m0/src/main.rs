//! Runs the suite on QEMU's microbit (Cortex-M0) and prints its text by semihosting.
#![no_std]
#![no_main]

include!("../../suite-board.rs");
