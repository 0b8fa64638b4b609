//! Flash in memory, kept in a file if it is to outlast the program.

use super::B;
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};
use mote_firmware::device::HEAD_LEN;
use mote_firmware::flash::Mapped;
use std::cell::RefCell;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::rc::Rc;

const BLOCK: u32 = 4096;
/// A record with its header, in whole blocks.
const BANK: u32 = (B as u32 + 2 * HEAD_LEN as u32).next_multiple_of(BLOCK);
const SLOT: u32 = 1 << 20;
/// Where learned states lie.
pub(super) const STATES: Range<u32> = 0..3 * BANK;
/// Where uploaded images lie.
pub(super) const SLOTS: [Range<u32>; 2] = [
    STATES.end..STATES.end + SLOT,
    STATES.end + SLOT..STATES.end + 2 * SLOT,
];
const LEN: usize = SLOTS[1].end as usize;

/// Flash of a simulated device.
#[derive(Debug)]
pub struct MemoryFlash {
    cells: Vec<u8>,
    file: Option<PathBuf>,
}

impl MemoryFlash {
    /// Blank flash that is gone with the program.
    pub fn blank() -> Self {
        Self {
            cells: vec![0xFF; LEN],
            file: None,
        }
    }

    /// Flash whose content lies in a file, which is made when there is none.
    ///
    /// # Errors
    /// The file cannot be read, or it is no such flash.
    pub fn in_file(path: PathBuf) -> io::Result<Self> {
        let cells = match std::fs::read(&path) {
            Ok(cells) if cells.len() == LEN => cells,
            Ok(cells) => {
                return Err(io::Error::other(format!(
                    "expected the {LEN} bytes of a simulated device's flash, found {}",
                    cells.len()
                )));
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => vec![0xFF; LEN],
            Err(e) => return Err(e),
        };
        Ok(Self {
            cells,
            file: Some(path),
        })
    }
}

impl Drop for MemoryFlash {
    /// Writes the file; the command has said by then what it had to say, so a failure is told but changes nothing.
    fn drop(&mut self) {
        if let Some(path) = &self.file
            && let Err(e) = crate::run::atomic::write(path, &self.cells)
        {
            eprintln!("mote: {}: {e}", path.display());
        }
    }
}

/// The same flash before and after a reboot.
#[derive(Clone, Debug)]
pub(super) struct SharedFlash(Rc<RefCell<MemoryFlash>>);

impl SharedFlash {
    pub(super) fn new(flash: MemoryFlash) -> Self {
        Self(Rc::new(RefCell::new(flash)))
    }
}

impl Mapped for SharedFlash {
    fn look<R>(&self, range: Range<u32>, look: impl FnOnce(&[u8]) -> R) -> R {
        let range = range.start as usize..range.end as usize;
        look(self.0.borrow().cells.get(range).unwrap_or_default())
    }
}

impl ErrorType for SharedFlash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for SharedFlash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        check_read(self, offset, bytes.len())?;
        let from = offset as usize;
        bytes.copy_from_slice(&self.0.borrow().cells[from..from + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        LEN
    }
}

impl NorFlash for SharedFlash {
    const WRITE_SIZE: usize = 8;
    const ERASE_SIZE: usize = BLOCK as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        check_erase(self, from, to)?;
        self.0.borrow_mut().cells[from as usize..to as usize].fill(0xFF);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        check_write(self, offset, bytes.len())?;
        let mut flash = self.0.borrow_mut();
        let cells = flash.cells.iter_mut().skip(offset as usize);
        cells.zip(bytes).for_each(|(cell, byte)| *cell &= byte);
        Ok(())
    }
}
