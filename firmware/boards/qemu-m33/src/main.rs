//! The device application on QEMU's mps2-an505 (Cortex-M33).
#![no_std]
#![no_main]

const NAME: &str = concat!("qemu-m33 ", env!("CARGO_PKG_VERSION"));
/// The machine's first UART, and SysTick's counts in a second.
const UART: usize = 0x5020_0000;
const HZ: u32 = 20_000_000;

include!("../../qemu-board.rs");
