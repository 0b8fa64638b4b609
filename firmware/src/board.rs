//! What a board gives the application, besides link and flash.

/// Most channels of a sensor.
pub const MAX_CHANNELS: usize = 16;

/// What a sensor delivers.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Signal {
    /// Values of a sample, at most [`MAX_CHANNELS`].
    pub channels: u16,
    /// Samples in a second.
    pub rate_hz: f32,
}

/// Time, as the device tells it and as it measures with it.
pub trait Clock {
    /// Milliseconds since the boot; wraps around.
    fn now_ms(&mut self) -> u32;

    /// A finer counter that wraps around at 2^32, for what takes less than that.
    fn ticks(&mut self) -> u32;

    /// Ticks in a second, at least 1.
    fn ticks_per_second(&self) -> u32;
}

/// Sensor, button, LED and clock.
pub trait Board: Clock {
    /// Why the sensor could not be read.
    type Error;

    /// What the sensor delivers.
    fn signal(&self) -> Signal;

    /// The next sample, one value a channel in the units of the recordings; `false` when none is due yet.
    ///
    /// # Errors
    /// The sensor does not answer.
    fn sample(&mut self, values: &mut [f32]) -> Result<bool, Self::Error>;

    /// Samples lost since the boot because nobody took them in time.
    fn lost_samples(&self) -> u32 {
        0
    }

    /// Whether the label button is held.
    fn button(&mut self) -> bool;

    /// Lights the LED or not.
    fn led(&mut self, on: bool);
}
