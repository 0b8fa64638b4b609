//! The device application on QEMU's mps2-an385 (Cortex-M3).
#![no_std]
#![no_main]

const NAME: &str = concat!("qemu-m3 ", env!("CARGO_PKG_VERSION"));
/// The machine's first UART, and SysTick's counts in a second.
const UART: usize = 0x4000_4000;
const HZ: u32 = 25_000_000;

include!("../../qemu-board.rs");
