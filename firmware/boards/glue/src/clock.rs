//! The HAL's time driver as the application's clock.

use embassy_time::{Instant, TICK_HZ};
use mote_firmware::board::Clock;

/// The HAL's time driver.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ticks;

impl Clock for Ticks {
    fn now_ms(&mut self) -> u32 {
        Instant::now().as_millis() as u32
    }

    fn ticks(&mut self) -> u32 {
        Instant::now().as_ticks() as u32
    }

    fn ticks_per_second(&self) -> u32 {
        TICK_HZ as u32
    }
}
