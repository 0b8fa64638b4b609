//! Links only if no panic is reachable from the device application, whatever board, link and flash it is given. Not
//! meant to run.
#![no_std]
#![no_main]

use core::convert::Infallible;
use core::hint::black_box;
use core::mem::MaybeUninit;
use core::ops::Range;
use embedded_storage::nor_flash::{self, NorFlash, NorFlashErrorKind, ReadNorFlash};
use mote_core::image::ModelImage;
use mote_core::probe::Prototypes;
use mote_firmware::app::App;
use mote_firmware::board::{Board, Clock, Signal};
use mote_firmware::device::{Device, Program, Setup};
use mote_firmware::ear::Hearing;
use mote_firmware::flash::Mapped;
use mote_firmware::sensor::{Lsm6dso, Mpu6050, Sensor};
use mote_firmware::store::Store;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    unsafe extern "C" {
        safe fn a_panic_is_reachable_from_mote_firmware() -> !;
    }
    a_panic_is_reachable_from_mote_firmware()
}

struct Anything;

impl Clock for Anything {
    fn now_ms(&mut self) -> u32 {
        black_box(1)
    }

    fn ticks(&mut self) -> u32 {
        black_box(1)
    }

    fn ticks_per_second(&self) -> u32 {
        black_box(1)
    }
}

impl Board for Anything {
    type Error = ();

    fn signal(&self) -> Signal {
        Signal {
            channels: black_box(3),
            rate_hz: black_box(25.0),
        }
    }

    fn sample(&mut self, values: &mut [f32]) -> Result<bool, ()> {
        black_box(values);
        black_box(Ok(true))
    }

    fn button(&mut self) -> bool {
        black_box(true)
    }

    fn led(&mut self, on: bool) {
        black_box(on);
    }
}

impl embedded_io::ErrorType for Anything {
    type Error = Infallible;
}

impl embedded_io::ReadReady for Anything {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(black_box(true))
    }
}

impl embedded_io::Read for Anything {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Infallible> {
        black_box(bytes);
        Ok(black_box(1))
    }
}

impl embedded_io::Write for Anything {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        black_box(bytes);
        Ok(bytes.len())
    }

    /// The trait's own panics where a link takes nothing, which is not the application's doing.
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        black_box(bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl nor_flash::ErrorType for Anything {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Anything {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        black_box((offset, bytes));
        black_box(Ok(()))
    }

    fn capacity(&self) -> usize {
        black_box(1 << 20)
    }
}

impl NorFlash for Anything {
    const WRITE_SIZE: usize = 8;
    const ERASE_SIZE: usize = 4096;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        black_box((from, to));
        black_box(Ok(()))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        black_box((offset, bytes));
        black_box(Ok(()))
    }
}

impl Mapped for Anything {
    fn look<R>(&self, range: Range<u32>, look: impl FnOnce(&[u8]) -> R) -> R {
        look(bytes(range))
    }
}

fn bytes(range: Range<u32>) -> &'static [u8] {
    black_box(range);
    black_box(&[0])
}

impl embedded_hal::i2c::ErrorType for Anything {
    type Error = Infallible;
}

impl embedded_hal::i2c::I2c for Anything {
    fn transaction(
        &mut self,
        address: u8,
        operations: &mut [embedded_hal::i2c::Operation<'_>],
    ) -> Result<(), Infallible> {
        black_box((address, operations));
        Ok(())
    }
}

type Probe = Prototypes<32, 3>;
type Known = Device<'static, Probe, 32, 3, 768, 4096, 1024>;
type Listener = App<
    'static,
    Anything,
    Anything,
    Anything,
    Probe,
    32,
    3,
    768,
    4096,
    1024,
    Hearing<'static, 512>,
>;

fn application(place: &'static mut MaybeUninit<Known>) -> Option<()> {
    let slots = black_box([0..0x8000, 0x8000..0x1_0000]);
    let setup = Setup {
        image: ModelImage::parse(bytes(0..1)).ok()?,
        fresh: Probe::cosine,
        signal: Anything.signal(),
        hears: 512,
        slots: Some(slots),
        program: Program::default(),
    };
    let device = place.write(Known::new(setup).ok()?);
    let mut store = Store::new(Anything, black_box(0x1_0000..0x2_0000), black_box(1024)).ok()?;
    black_box(device.restore(&mut store, bytes)).ok();
    let mut app: Listener = App::hearing(Anything, Anything, store, device).ok()?;
    loop {
        black_box(app.poll()).ok();
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut DEVICE: MaybeUninit<Known> = MaybeUninit::uninit();
    let mut values = [0.0; 6];
    let values = black_box(&mut values[..]);
    if let Ok(mut sensor) = Lsm6dso::new(Anything, 0x6A, black_box(25.0)) {
        black_box(sensor.sample(values)).ok();
    }
    if let Ok(mut sensor) = Mpu6050::new(Anything, 0x68, black_box(25.0)) {
        black_box(sensor.sample(values)).ok();
    }
    black_box(application(DEVICE));
    loop {}
}
