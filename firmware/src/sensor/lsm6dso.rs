//! ST's LSM6DSO and its sisters with the same registers: LSM6DSOX, LSM6DSO32 at 4 g, ISM330DHCX.
//!
//! After ST's data sheet DS12140: ±4 g at 0.122 mg, ±2000 degrees a second at 70 mdps.

use super::{CHANNELS, RADIANS, Sensor, SensorError, convert};
use crate::board::Signal;
use embedded_hal::i2c::I2c;

/// What `WHO_AM_I` answers: the family, and the ISM330DHCX.
const PARTS: [u8; 2] = [0x6C, 0x6B];
/// Samples a second for the codes 1, 2, 3, …
const RATES: [f32; 7] = [12.5, 26.0, 52.0, 104.0, 208.0, 416.0, 833.0];

const WHO_AM_I: u8 = 0x0F;
const CTRL1_XL: u8 = 0x10;
const STATUS: u8 = 0x1E;
const OUTX_L_G: u8 = 0x22;
/// ±4 g.
const FULL_SCALE_XL: u8 = 0b10 << 2;
/// ±2000 degrees a second.
const FULL_SCALE_G: u8 = 0b11 << 2;
/// Whole samples only, and addresses that count up.
const CTRL3: u8 = 1 << 6 | 1 << 2;
/// Acceleration and turning rate are both new.
const BOTH_READY: u8 = 0b11;

const G: f32 = 0.122e-3;
const RADIANS_A_SECOND: f32 = 0.07 * RADIANS;

/// A sensor of the LSM6DSO family.
#[derive(Debug)]
pub struct Lsm6dso<I> {
    bus: I,
    address: u8,
    rate_hz: f32,
}

impl<I: I2c> Lsm6dso<I> {
    /// The address with pin SA0 low; high it is one more.
    pub const ADDRESS: u8 = 0x6A;

    /// Finds the sensor and starts it at the rate nearest to `rate_hz`.
    ///
    /// # Errors
    /// Nobody answers, or another part does.
    pub fn new(mut bus: I, address: u8, rate_hz: f32) -> Result<Self, SensorError<I::Error>> {
        let mut part = [0];
        bus.write_read(address, &[WHO_AM_I], &mut part)
            .map_err(SensorError::Bus)?;
        let [have] = part;
        if !PARTS.contains(&have) {
            let [need, _] = PARTS;
            return Err(SensorError::Part { need, have });
        }
        let (mut code, mut rate) = (1, 12.5);
        for (candidate, hz) in (1..).zip(RATES) {
            if (hz - rate_hz).abs() < (rate - rate_hz).abs() {
                (code, rate) = (candidate, hz);
            }
        }
        let settings = [
            CTRL1_XL,
            code << 4 | FULL_SCALE_XL,
            code << 4 | FULL_SCALE_G,
            CTRL3,
        ];
        bus.write(address, &settings).map_err(SensorError::Bus)?;
        Ok(Self {
            bus,
            address,
            rate_hz: rate,
        })
    }
}

impl<I: I2c> Sensor for Lsm6dso<I> {
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
            .write_read(self.address, &[STATUS], &mut status)
            .map_err(SensorError::Bus)?;
        let [status] = status;
        if status & BOTH_READY != BOTH_READY {
            return Ok(false);
        }
        let mut bytes = [0; 2 * CHANNELS];
        self.bus
            .write_read(self.address, &[OUTX_L_G], &mut bytes)
            .map_err(SensorError::Bus)?;
        // The turning rate comes first.
        bytes.rotate_left(CHANNELS);
        let mut counts = [0; CHANNELS];
        for (count, pair) in counts.iter_mut().zip(bytes.as_chunks().0) {
            *count = i16::from_le_bytes(*pair);
        }
        convert(counts, G, RADIANS_A_SECOND, values);
        Ok(true)
    }
}
