//! Flash as the application wants it: writable by a driver, readable in place.

use core::ops::Range;
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use mote_firmware::device::Program;
use mote_firmware::flash::Mapped;

/// A driver's flash, which the processor sees at `base`.
pub struct InPlace<F> {
    pub flash: F,
    pub base: usize,
}

/// The bytes in `range` of flash that starts at `base`.
pub fn in_place(base: usize, range: Range<u32>) -> &'static [u8] {
    let start = (base + range.start as usize) as *const u8;
    // SAFETY: a board's layout names flash that is there, and the application never writes the slot that runs.
    unsafe { core::slice::from_raw_parts(start, range.len()) }
}

impl<F: NorFlash> Mapped for InPlace<F> {
    fn look<R>(&self, range: Range<u32>, look: impl FnOnce(&[u8]) -> R) -> R {
        let inside = range.start <= range.end && range.end as usize <= self.flash.capacity();
        look(if inside {
            in_place(self.base, range)
        } else {
            &[]
        })
    }
}

impl<F: ErrorType> ErrorType for InPlace<F> {
    type Error = F::Error;
}

impl<F: ReadNorFlash> ReadNorFlash for InPlace<F> {
    const READ_SIZE: usize = F::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.flash.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.flash.capacity()
    }
}

impl<F: NorFlash> NorFlash for InPlace<F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        self.flash.erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        self.flash.write(offset, bytes)
    }
}

/// What the linker says of this program; `image` bytes of it are the encoder.
pub fn program(name: &str, image: usize) -> Program {
    unsafe extern "C" {
        static __vector_table: u8;
        static __sidata: u8;
        static __sdata: u8;
        static __edata: u8;
        static __sbss: u8;
        static __ebss: u8;
    }
    // Only addresses are taken, of symbols that cortex-m-rt's linker script gives.
    let [start, load, data, data_end, bss, bss_end] = [
        &raw const __vector_table,
        &raw const __sidata,
        &raw const __sdata,
        &raw const __edata,
        &raw const __sbss,
        &raw const __ebss,
    ]
    .map(<*const u8>::addr);
    let data = data_end.saturating_sub(data);
    Program {
        build: name.parse().unwrap_or_default(),
        flash: (load + data).saturating_sub(start + image) as u32,
        ram: (data + bss_end.saturating_sub(bss)) as u32,
    }
}
