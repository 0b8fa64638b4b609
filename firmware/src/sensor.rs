//! Motion sensors on an I2C bus: acceleration in g and turning rate in rad/s, three axes each.

mod lsm6dso;
mod mpu6050;

pub use lsm6dso::Lsm6dso;
pub use mpu6050::Mpu6050;

use crate::board::Signal;

/// A source of samples.
pub trait Sensor {
    /// Why it could not be read.
    type Error;

    /// What it delivers.
    fn signal(&self) -> Signal;

    /// The next sample, one value a channel; `false` when none is due yet.
    ///
    /// # Errors
    /// The sensor does not answer.
    fn sample(&mut self, values: &mut [f32]) -> Result<bool, Self::Error>;
}

/// Why a sensor on a bus cannot be used; `E` is the bus's own error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SensorError<E> {
    /// The bus failed: nobody has this address, or a wire is loose.
    Bus(E),
    /// Another part answers at this address.
    Part {
        /// What the part should say that it is.
        need: u8,
        /// What it says.
        have: u8,
    },
}

impl<E: core::fmt::Debug> core::fmt::Display for SensorError<E> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Bus(e) => write!(
                f,
                "the sensor does not answer on the bus ({e:?}): check wires and address"
            ),
            Self::Part { need, have } => write!(
                f,
                "another part is at this address: it says {have:#04x}, the sensor would say {need:#04x}"
            ),
        }
    }
}

impl<E: core::fmt::Debug> core::error::Error for SensorError<E> {}

/// Channels of a motion sensor: three of acceleration, three of turning rate.
const CHANNELS: usize = 6;
/// Radians of a degree.
const RADIANS: f32 = core::f32::consts::PI / 180.0;

/// Writes counts times their unit: three of acceleration, three of turning rate.
fn convert(counts: [i16; CHANNELS], g: f32, radians: f32, values: &mut [f32]) {
    let units = [g, g, g, radians, radians, radians];
    for ((value, count), unit) in values.iter_mut().zip(counts).zip(units) {
        *value = f32::from(count) * unit;
    }
}
