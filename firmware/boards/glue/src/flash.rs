//! Flash as the application wants it: writable by a driver, readable in place.

use core::ops::Range;
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use mote_board_base::in_place;
use mote_firmware::flash::Mapped;

/// A driver's flash, which the processor sees at `base`.
pub struct InPlace<F> {
    pub flash: F,
    pub base: usize,
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
