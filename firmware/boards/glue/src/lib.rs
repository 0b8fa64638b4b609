//! What the boards made of silicon share: the application's memory, its image, clock, log and panic handler.
//!
//! A board makes its parts with its own HAL and calls [`run`]. It has no place of its own for anything that decides.
#![no_std]

mod clock;
mod flash;
mod link;
mod panic;

pub use clock::Ticks;
pub use embassy_futures::block_on;
pub use link::Waiting;
pub use mote_firmware::desk::{Active, Desk};
pub use mote_firmware::sensor::{Lsm6dso, Mpu6050};

use core::ops::Range;
use defmt::{Display2Format, error, info, warn};
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::i2c::I2c;
use embedded_io::{Read, ReadReady, Write};
use embedded_storage::nor_flash::NorFlash;
use flash::{InPlace, program};
use mote_core::image::ModelImage;
use mote_core::probe::{Lda, Normalisation};
use mote_firmware::app::{App, Event};
use mote_firmware::board::Board as _;
use mote_firmware::device::{Device, HEAD_LEN, Setup};
use mote_firmware::sensor::Sensor;
use mote_firmware::store::Store;
use static_cell::StaticCell;

/// The encoder that is part of the program.
pub const IMAGE: ModelImage<'static> = mote_core::include_image!("../../encoder.image");

const D: usize = IMAGE.embedding_len();
/// Labels.
const L: usize = 10;
/// Values of a window, bytes of scratch: also for images that are uploaded later.
const W: usize = larger(IMAGE.input_shape().len(), 1024);
const S: usize = larger(IMAGE.scratch_len(), 8 * 1024);
/// Bytes of a record in flash: the head and the probe's values, with room for names and counts.
pub const B: usize = HEAD_LEN + size_of::<Probe>() + 64 * L;

type Probe = Lda<D, L, { Lda::packed_len(D) }>;

const fn larger(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// What lies where in the flash that a board's driver writes. Offsets are the driver's own.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Where the processor sees the driver's byte 0.
    pub base: usize,
    /// At least three banks for what is learned.
    pub states: Range<u32>,
    /// Two slots for uploaded images, if there is room.
    pub slots: Option<[Range<u32>; 2]>,
}

impl Layout {
    /// Flash at `base` with states and image slots in these ranges.
    pub const fn new(base: usize, states: Range<u32>, slots: Option<[Range<u32>; 2]>) -> Self {
        Self {
            base,
            states,
            slots,
        }
    }
}

/// The usual desk: an LSM6DSO with pin SA0 low on `bus`, a button and an LED.
pub fn desk<U: I2c, I, O>(
    bus: U,
    button: (I, Active),
    led: (O, Active),
) -> Desk<Lsm6dso<U>, I, O, Ticks> {
    Desk {
        sensor: must(Lsm6dso::new(bus, Lsm6dso::<U>::ADDRESS, IMAGE.rate_hz())),
        button,
        led,
        clock: Ticks,
    }
}

/// Runs the application for ever.
pub fn run<S_, I, O, K, F>(
    name: &'static str,
    desk: Desk<S_, I, O, Ticks>,
    link: K,
    flash: F,
    layout: Layout,
) -> !
where
    S_: Sensor,
    I: InputPin,
    O: OutputPin,
    K: Read + ReadReady + Write,
    F: NorFlash,
{
    static DEVICE: StaticCell<Device<'static, Probe, D, L, W, S, B>> = StaticCell::new();
    info!(
        "{=str}, image {=str} ({=u32:08x})",
        name,
        IMAGE.name(),
        IMAGE.crc()
    );
    let Layout {
        base,
        states,
        slots,
    } = layout;
    let store = Store::new(InPlace { flash, base }, states, B);
    let mut store = must(store);
    let device = Device::new(Setup {
        image: IMAGE,
        fresh: || Lda::new(Normalisation::None, Probe::SHRINKAGE),
        signal: desk.signal(),
        slots,
        program: program(name, IMAGE.len()),
    });
    let device = DEVICE.init(must(device));
    match device.restore(&mut store, |range| flash::in_place(base, range)) {
        Ok(learned) => info!("restored: {=bool}", learned),
        Err(refusal) => warn!("starts empty: {}", Display2Format(&refusal)),
    }
    let mut app = must(App::new(desk, link, store, device));
    loop {
        match app.poll() {
            Ok(Event::Idle) => {}
            Ok(Event::Hop(label)) => info!("hop: {}", label.map(|label| label.0)),
            Ok(Event::Learned(label)) => info!("learned {=u8}", label.0),
            Ok(Event::Saved) => info!("saved"),
            Ok(Event::Refused(refusal)) => warn!("{}", Display2Format(&refusal)),
            Ok(Event::Reboot) => panic::restart(),
            // The next poll tries again.
            Err(_) => error!("the sensor or the link failed"),
        }
    }
}

/// What a board that is put together rightly has; else the log says why not.
fn must<T, E: core::fmt::Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(e) => defmt::panic!("{}", Display2Format(&e)),
    }
}
