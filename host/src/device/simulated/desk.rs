//! What the simulated device stands on: a sensor that plays recordings, and a cable.

use crate::data::Dataset;
use embedded_io::{ErrorType, Read, ReadReady, Write};
use mote_core::image::ModelImage;
use mote_firmware::board::{Board, Clock, Signal};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Instant;

/// A sensor that plays recordings in their own time; neither button nor LED.
pub struct Desk {
    signal: Signal,
    samples: Vec<f32>,
    played: usize,
    begun: Instant,
}

impl Desk {
    /// Plays `sensor`; silent without it.
    pub fn new(image: &ModelImage<'_>, sensor: Option<&Dataset>) -> Self {
        let (channels, samples, rate) = match sensor {
            Some(dataset) => (
                dataset.width() as u16,
                dataset
                    .recordings
                    .iter()
                    .flat_map(|recording| recording.samples.iter().copied())
                    .collect(),
                dataset.rate_hz as f32,
            ),
            None => {
                let (channels, rate) = match image.front_end() {
                    // A microphone.
                    Some(front) => (1, front.rate_hz()),
                    None => (image.input_shape().c, image.rate_hz()),
                };
                (channels, Vec::new(), rate)
            }
        };
        Self {
            signal: Signal {
                channels,
                rate_hz: rate,
            },
            samples,
            played: 0,
            begun: Instant::now(),
        }
    }
}

impl Clock for Desk {
    fn now_ms(&mut self) -> u32 {
        self.begun.elapsed().as_millis() as u32
    }

    fn ticks(&mut self) -> u32 {
        self.begun.elapsed().as_nanos() as u32
    }

    fn ticks_per_second(&self) -> u32 {
        1_000_000_000
    }
}

impl Board for Desk {
    type Error = Infallible;

    fn signal(&self) -> Signal {
        self.signal
    }

    fn sample(&mut self, values: &mut [f32]) -> Result<bool, Infallible> {
        let width = values.len();
        let due = (self.begun.elapsed().as_secs_f64() * f64::from(self.signal.rate_hz)) as usize;
        if self.samples.len() < width || self.played >= due {
            return Ok(false);
        }
        let at = self.played * width % (self.samples.len() - self.samples.len() % width);
        values.copy_from_slice(&self.samples[at..at + width]);
        self.played += 1;
        Ok(true)
    }

    fn button(&mut self) -> bool {
        false
    }

    fn led(&mut self, _: bool) {}
}

/// One end of a cable that lies in memory.
#[derive(Clone, Default)]
pub struct Cable {
    incoming: Rc<RefCell<VecDeque<u8>>>,
    outgoing: Rc<RefCell<VecDeque<u8>>>,
}

impl Cable {
    /// The other end.
    pub fn other_end(&self) -> Self {
        Self {
            incoming: self.outgoing.clone(),
            outgoing: self.incoming.clone(),
        }
    }

    /// Sends all `bytes`.
    pub fn put(&self, bytes: &[u8]) {
        self.outgoing.borrow_mut().extend(bytes);
    }

    /// Takes what has come and returns how much it was.
    pub fn take(&self, bytes: &mut [u8]) -> usize {
        let mut incoming = self.incoming.borrow_mut();
        let count = bytes.len().min(incoming.len());
        for (to, from) in bytes.iter_mut().zip(incoming.drain(..count)) {
            *to = from;
        }
        count
    }
}

impl ErrorType for Cable {
    type Error = Infallible;
}

impl Read for Cable {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Infallible> {
        Ok(self.take(bytes))
    }
}

impl ReadReady for Cable {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(!self.incoming.borrow().is_empty())
    }
}

impl Write for Cable {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.put(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
