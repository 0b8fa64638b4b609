//! Counts instructions on QEMU's mps2-an386 (Cortex-M4F): reads `bench.images` by semihosting, prints a line a layer.
#![no_std]
#![no_main]

include!("../../../bench-board.rs");
