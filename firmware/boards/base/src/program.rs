//! What the linker says of the program, and what the stack has needed.

use cortex_m_rt::STACK_PAINT_VALUE;
use mote_firmware::device::Program;

unsafe extern "C" {
    static __vector_table: u32;
    static __sidata: u32;
    static __sdata: u32;
    static __edata: u32;
    static __sbss: u32;
    static __ebss: u32;
    static _stack_end: u32;
    static _stack_start: u32;
}

/// Flash and RAM of this program; `image` bytes of the flash are the encoder.
pub fn program(name: &str, image: usize) -> Program {
    // Only addresses are taken, of symbols that cortex-m-rt's linker script gives.
    let [start, load, data, data_end, bss, bss_end] = [
        &raw const __vector_table,
        &raw const __sidata,
        &raw const __sdata,
        &raw const __edata,
        &raw const __sbss,
        &raw const __ebss,
    ]
    .map(<*const u32>::addr);
    let data = data_end.saturating_sub(data);
    Program {
        build: name.parse().unwrap_or_default(),
        flash: (load + data).saturating_sub(start + image) as u32,
        ram: (data + bss_end.saturating_sub(bss)) as u32,
        stack: Some(stack),
    }
}

/// Most bytes of stack so far: cortex-m-rt has painted it before the start.
fn stack() -> u32 {
    let (mut deepest, top) = (&raw const _stack_end, &raw const _stack_start);
    // SAFETY: what lies between the symbols is RAM of the stack alone, at multiples of 4 bytes; nobody else has a
    // reference to it.
    while deepest < top && unsafe { deepest.read_volatile() } == STACK_PAINT_VALUE {
        deepest = deepest.wrapping_add(1);
    }
    top.addr().saturating_sub(deepest.addr()) as u32
}
