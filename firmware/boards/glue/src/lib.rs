//! What the boards made of silicon share: clock, flash in place, the usual desk, and the log by RTT.
//!
//! A board makes its parts with its own HAL and calls [`run`]. It has no place of its own for anything that decides.
#![no_std]

mod clock;
mod flash;
mod link;

use defmt_rtt as _;

pub use clock::Ticks;
pub use embassy_futures::block_on;
pub use link::Waiting;
pub use mote_board_base::{IMAGE, Layout};
pub use mote_firmware::desk::{Active, Desk};
pub use mote_firmware::sensor::{Lsm6dso, Mpu6050};

use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::i2c::I2c;
use embedded_io::{Read, ReadReady, Write};
use embedded_storage::nor_flash::NorFlash;
use flash::InPlace;
use mote_board_base::must;
use mote_firmware::sensor::Sensor;

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
pub fn run<S, I, O, K, F>(
    name: &'static str,
    desk: Desk<S, I, O, Ticks>,
    link: K,
    flash: F,
    layout: Layout,
) -> !
where
    S: Sensor,
    I: InputPin,
    O: OutputPin,
    K: Read + ReadReady + Write,
    F: NorFlash,
{
    let base = layout.base;
    mote_board_base::run(name, desk, link, InPlace { flash, base }, layout)
}
