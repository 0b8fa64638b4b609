//! Counts instructions of the Cortex-M0 build on QEMU's mps2-an385: reads `bench.images` by semihosting, prints a line a layer.
#![no_std]
#![no_main]

/// Under `-icount shift=0` an instruction takes a nanosecond.
const INSTRUCTIONS_PER_4_TICKS: u32 = 160;

include!("../../../bench-board.rs");
