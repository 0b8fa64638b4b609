// What the QEMU boards share: the wire on the machine's first UART, flash in a file, a sensor in another, the log on
// the host's standard output.
//
// Files are the host's, by semihosting, in the folder where QEMU runs: `flash.bin` is made when it is missing, and
// `samples.f32` (little-endian values, one sample of all channels after the other) is played again and again; without
// it the sensor is silent.

use core::mem::MaybeUninit;
use core::ops::Range;
use core::sync::atomic::{AtomicU32, Ordering};
use cortex_m::peripheral::{SYST, syst::SystClkSource};
use defmt_semihosting as _;
use embedded_storage::nor_flash::{self, NorFlash, NorFlashErrorKind, ReadNorFlash};
use mote_board_base::{IMAGE, Layout, run};
use mote_core::image::Aligned;
use mote_firmware::board::{Board, Clock, Signal};
use mote_firmware::flash::Mapped;
use semihosting::fs::{File, OpenOptions};
use semihosting::io::{Read as _, Seek, SeekFrom, Write as _};

/// Three banks for what was learned, two slots for images.
const STATES: Range<u32> = 0..0xC000;
const SLOTS: [Range<u32>; 2] = [0x1_0000..0x3_0000, 0x3_0000..0x5_0000];
const FLASH_LEN: usize = 0x5_0000;
/// Cycles between two looks at a silent wire.
const PAUSE: u32 = 4000;

/// RAM that stands for flash, so it is none of the program's own. Only [`FileFlash`] touches it.
#[unsafe(link_section = ".uninit.flash")]
static mut CELLS: MaybeUninit<Aligned<[u8; FLASH_LEN]>> = MaybeUninit::uninit();

static MILLISECONDS: AtomicU32 = AtomicU32::new(0);

#[cortex_m_rt::exception]
fn SysTick() {
    // Only this handler writes, so that a core without atomic addition can do it too.
    MILLISECONDS.store(
        MILLISECONDS.load(Ordering::Relaxed).wrapping_add(1),
        Ordering::Relaxed,
    );
}

#[cortex_m_rt::entry]
fn main() -> ! {
    start_clock();
    let flash = FileFlash::new((&raw mut CELLS).cast()).expect("flash.bin can be made here");
    let layout = Layout::new(flash.cells.expose_provenance(), STATES, Some(SLOTS));
    let desk = Desk(File::open(c"samples.f32").ok(), 0);
    run(NAME, desk, Uart::new(), flash, layout)
}

fn start_clock() {
    if let Some(mut peripherals) = cortex_m::Peripherals::take() {
        let ticks = &mut peripherals.SYST;
        ticks.set_clock_source(SystClkSource::Core);
        ticks.set_reload(HZ / 1000 - 1);
        ticks.clear_current();
        ticks.enable_counter();
        ticks.enable_interrupt();
    }
}

/// A sensor that plays a file, neither button nor LED.
struct Desk(Option<File>, u32);

impl Clock for Desk {
    fn now_ms(&mut self) -> u32 {
        MILLISECONDS.load(Ordering::Relaxed)
    }

    fn ticks(&mut self) -> u32 {
        loop {
            let (before, count) = (self.now_ms(), SYST::get_current());
            if before == self.now_ms() {
                let into = (HZ / 1000 - 1).saturating_sub(count);
                return before.wrapping_mul(HZ / 1000).wrapping_add(into);
            }
        }
    }

    fn ticks_per_second(&self) -> u32 {
        HZ
    }
}

impl Board for Desk {
    type Error = semihosting::io::Error;

    fn signal(&self) -> Signal {
        Signal {
            channels: IMAGE.input_shape().c,
            rate_hz: IMAGE.rate_hz(),
        }
    }

    fn sample(&mut self, values: &mut [f32]) -> Result<bool, Self::Error> {
        let (now, period) = (self.now_ms(), (1e3 / IMAGE.rate_hz().max(1.0)) as u32);
        let due = now.wrapping_sub(self.1) >= period;
        let Some(file) = self.0.as_mut().filter(|_| due) else {
            return Ok(false);
        };
        self.1 = now;
        for value in values {
            let mut bytes = [0; 4];
            if file.read(&mut bytes)? < 4 {
                file.seek(SeekFrom::Start(0))?;
                return Ok(false);
            }
            *value = f32::from_le_bytes(bytes);
        }
        Ok(true)
    }

    fn button(&mut self) -> bool {
        false
    }

    fn led(&mut self, _: bool) {}
}

/// The CMSDK UART (Arm DDI 0479), polled: data, state, control, interrupts, divider.
struct Uart;

impl Uart {
    fn new() -> Self {
        write_register(4, 16);
        write_register(2, 3);
        Self
    }
}

fn read_register(index: usize) -> u32 {
    // SAFETY: a register of the UART, which only this driver touches.
    unsafe { (UART as *const u32).add(index).read_volatile() }
}

fn write_register(index: usize, value: u32) {
    // SAFETY: as above.
    unsafe { (UART as *mut u32).add(index).write_volatile(value) }
}

impl embedded_io::ErrorType for Uart {
    type Error = core::convert::Infallible;
}

impl embedded_io::ReadReady for Uart {
    fn read_ready(&mut self) -> Result<bool, Self::Error> {
        let ready = read_register(1) & 2 != 0;
        if !ready {
            // QEMU cannot hand over the next byte while the program looks at registers.
            cortex_m::asm::delay(PAUSE);
        }
        Ok(ready)
    }
}

impl embedded_io::Read for Uart {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Self::Error> {
        let Some(first) = bytes.first_mut() else {
            return Ok(0);
        };
        while read_register(1) & 2 == 0 {}
        *first = read_register(0) as u8;
        Ok(1)
    }
}

impl embedded_io::Write for Uart {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        let Some(first) = bytes.first() else {
            return Ok(0);
        };
        while read_register(1) & 1 != 0 {}
        write_register(0, u32::from(*first));
        Ok(1)
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// NOR flash of 4 KB blocks and 8-byte units in memory, and at once in a file.
struct FileFlash {
    cells: *mut u8,
    file: File,
}

impl FileFlash {
    /// Fills `cells` from the file. They are [`FLASH_LEN`] bytes that nobody else touches but through `look`.
    fn new(cells: *mut u8) -> semihosting::io::Result<Self> {
        // SAFETY: nobody else looks at the cells yet.
        unsafe { cells.write_bytes(0xFF, FLASH_LEN) };
        // SAFETY: as above, and they have a value now.
        let memory = unsafe { core::slice::from_raw_parts_mut(cells, FLASH_LEN) };
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let file = match options.open(c"flash.bin") {
            Ok(mut file) => {
                file.read_exact(memory)?;
                file
            }
            Err(_) => {
                let mut file = options.create(true).truncate(true).open(c"flash.bin")?;
                file.write_all(memory)?;
                file
            }
        };
        Ok(Self { cells, file })
    }

    /// Replaces bytes by what `change` makes of them, in memory and in the file.
    fn alter(
        &mut self,
        from: u32,
        len: usize,
        change: impl Fn(usize, u8) -> u8,
    ) -> Result<(), NorFlashErrorKind> {
        let mut piece = [0; 256];
        for at in (0..len).step_by(piece.len()) {
            let count = piece.len().min(len - at);
            for (i, byte) in piece.iter_mut().take(count).enumerate() {
                // SAFETY: the caller has checked the bounds; the slot that is mapped is never altered.
                let cell = unsafe { self.cells.add(from as usize + at + i) };
                *byte = change(at + i, unsafe { cell.read() });
                unsafe { cell.write(*byte) };
            }
            let place = SeekFrom::Start(u64::from(from) + at as u64);
            let bytes = piece.get(..count).unwrap_or_default();
            self.file
                .seek(place)
                .and_then(|_| self.file.write_all(bytes))
                .map_err(|_| NorFlashErrorKind::Other)?;
        }
        Ok(())
    }
}

impl nor_flash::ErrorType for FileFlash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for FileFlash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        nor_flash::check_read(self, offset, bytes.len())?;
        let end = offset + bytes.len() as u32;
        self.look(offset..end, |cells| bytes.copy_from_slice(cells));
        Ok(())
    }

    fn capacity(&self) -> usize {
        FLASH_LEN
    }
}

impl NorFlash for FileFlash {
    const WRITE_SIZE: usize = 8;
    const ERASE_SIZE: usize = 4096;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        nor_flash::check_erase(self, from, to)?;
        self.alter(from, (to - from) as usize, |_, _| 0xFF)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        nor_flash::check_write(self, offset, bytes.len())?;
        let new = |i: usize| bytes.get(i).copied().unwrap_or(0xFF);
        self.alter(offset, bytes.len(), |i, old| old & new(i))
    }
}

impl Mapped for FileFlash {
    fn look<R>(&self, range: Range<u32>, look: impl FnOnce(&[u8]) -> R) -> R {
        if range.start > range.end || range.end as usize > FLASH_LEN {
            return look(&[]);
        }
        // SAFETY: inside the cells, and they change only through `&mut self`.
        look(unsafe {
            core::slice::from_raw_parts(self.cells.add(range.start as usize), range.len())
        })
    }
}
