//! A board made of parts that keep to embedded-hal: a sensor, a button, an LED and a clock.

use crate::board::{Board, Clock, Signal};
use crate::sensor::Sensor;
use embedded_hal::digital::{InputPin, OutputPin};

/// Which level of a pin means that something is on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Active {
    /// The low one, as with a button to ground.
    Low,
    /// The high one.
    High,
}

/// A board made of parts. A pin that fails counts as off.
#[derive(Debug)]
pub struct Desk<S, B, O, C> {
    /// The source of samples.
    pub sensor: S,
    /// The label button and its level when it is held.
    pub button: (B, Active),
    /// The LED and its level when it is lit.
    pub led: (O, Active),
    /// The time.
    pub clock: C,
}

impl<S, B, O, C: Clock> Clock for Desk<S, B, O, C> {
    fn now_ms(&mut self) -> u32 {
        self.clock.now_ms()
    }

    fn ticks(&mut self) -> u32 {
        self.clock.ticks()
    }

    fn ticks_per_second(&self) -> u32 {
        self.clock.ticks_per_second()
    }
}

impl<S: Sensor, B: InputPin, O: OutputPin, C: Clock> Board for Desk<S, B, O, C> {
    type Error = S::Error;

    fn signal(&self) -> Signal {
        self.sensor.signal()
    }

    fn sample(&mut self, values: &mut [f32]) -> Result<bool, Self::Error> {
        self.sensor.sample(values)
    }

    fn button(&mut self) -> bool {
        let (pin, active) = &mut self.button;
        let held = match active {
            Active::Low => pin.is_low(),
            Active::High => pin.is_high(),
        };
        held.unwrap_or(false)
    }

    fn led(&mut self, on: bool) {
        let (pin, active) = &mut self.led;
        // An LED that does not light up is no reason to stop.
        let _ = pin.set_state((on == (*active == Active::High)).into());
    }
}
