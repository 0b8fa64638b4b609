//! The device application on QEMU's mps3-an547 (Cortex-M55).
#![no_std]
#![no_main]

const NAME: &str = concat!("qemu-m55 ", env!("CARGO_PKG_VERSION"));
/// The machine's first UART, and SysTick's counts in a second.
const UART: usize = 0x5930_3000;
const HZ: u32 = 32_000_000;

include!("../../qemu-board.rs");
