//! TDK InvenSense's MPU-6050 and its sisters MPU-6500 and MPU-9250.
//!
//! After the register map RM-MPU-6000A: ±4 g at 8192 counts a g, ±2000 degrees a second at 16.4 counts a degree.

use super::{CHANNELS, RADIANS, Sensor, SensorError, convert};
use crate::board::Signal;
use embedded_hal::i2c::I2c;

/// What `WHO_AM_I` answers: MPU-6050, MPU-6500, MPU-9250.
const PARTS: [u8; 3] = [0x68, 0x70, 0x71];

const SMPLRT_DIV: u8 = 0x19;
const INT_ENABLE: u8 = 0x38;
const INT_STATUS: u8 = 0x3A;
const ACCEL_XOUT_H: u8 = 0x3B;
const PWR_MGMT_1: u8 = 0x6B;
const WHO_AM_I: u8 = 0x75;
/// Low pass at 44 Hz, after which there are 1000 samples a second to divide.
const FILTER: u8 = 3;
/// ±2000 degrees a second.
const FULL_SCALE_G: u8 = 3 << 3;
/// ±4 g.
const FULL_SCALE_XL: u8 = 1 << 3;
/// Awake, with the gyroscope's clock, which is the steadier one.
const AWAKE: u8 = 1;
/// A whole sample is ready.
const READY: u8 = 1;

const G: f32 = 1.0 / 8192.0;
const RADIANS_A_SECOND: f32 = RADIANS / 16.4;

/// An MPU-6050.
#[derive(Debug)]
pub struct Mpu6050<I> {
    bus: I,
    address: u8,
    rate_hz: f32,
}

impl<I: I2c> Mpu6050<I> {
    /// The address with pin AD0 low; high it is one more.
    pub const ADDRESS: u8 = 0x68;

    /// Finds the sensor, wakes it up and starts it at the rate nearest to `rate_hz`, in 3.9 to 1000.
    ///
    /// # Errors
    /// Nobody answers, or another part does.
    pub fn new(mut bus: I, address: u8, rate_hz: f32) -> Result<Self, SensorError<I::Error>> {
        let mut part = [0];
        bus.write_read(address, &[WHO_AM_I], &mut part)
            .map_err(SensorError::Bus)?;
        let [have] = part;
        if !PARTS.contains(&have) {
            let [need, ..] = PARTS;
            return Err(SensorError::Part { need, have });
        }
        // A float becomes an integer with saturation, also from NaN.
        let divider = (1000.0 / rate_hz - 0.5) as u8;
        let settings = [SMPLRT_DIV, divider, FILTER, FULL_SCALE_G, FULL_SCALE_XL];
        for bytes in [&[PWR_MGMT_1, AWAKE][..], &settings, &[INT_ENABLE, READY]] {
            bus.write(address, bytes).map_err(SensorError::Bus)?;
        }
        Ok(Self {
            bus,
            address,
            rate_hz: 1000.0 / (1.0 + f32::from(divider)),
        })
    }
}

impl<I: I2c> Sensor for Mpu6050<I> {
    type Error = SensorError<I::Error>;

    fn signal(&self) -> Signal {
        Signal {
            channels: CHANNELS as u16,
            rate_hz: self.rate_hz,
        }
    }

    fn sample(&mut self, values: &mut [f32]) -> Result<bool, Self::Error> {
        let mut status = [0];
        self.bus
            .write_read(self.address, &[INT_STATUS], &mut status)
            .map_err(SensorError::Bus)?;
        let [status] = status;
        if status & READY == 0 {
            return Ok(false);
        }
        // Acceleration, temperature, turning rate.
        let mut bytes = [0; 14];
        self.bus
            .write_read(self.address, &[ACCEL_XOUT_H], &mut bytes)
            .map_err(SensorError::Bus)?;
        let pairs = bytes.as_chunks().0.iter().enumerate();
        let without_temperature = pairs.filter(|(place, _)| *place != 3);
        let mut counts = [0; CHANNELS];
        for (count, (_, pair)) in counts.iter_mut().zip(without_temperature) {
            *count = i16::from_be_bytes(*pair);
        }
        convert(counts, G, RADIANS_A_SECOND, values);
        Ok(true)
    }
}
