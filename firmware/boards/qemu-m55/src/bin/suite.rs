//! Runs the suite on QEMU's mps3-an547 (Cortex-M55 with MVE) and prints its text by semihosting.
#![no_std]
#![no_main]

include!("../../../suite-board.rs");
