//! The firmware's application in this process, as a device behind a link.

mod desk;
mod flash;

pub use flash::MemoryFlash;

use super::{DeviceError, Link};
use crate::data::Dataset;
use desk::{Cable, Desk};
use flash::{SLOTS, STATES, SharedFlash};
use mote_core::image::ModelImage;
use mote_core::mel::POINTS;
use mote_core::probe::{Lda, Normalisation};
use mote_firmware::app::{App, Event};
use mote_firmware::board::Board;
use mote_firmware::device::{Device, HEAD_LEN, Program, Setup};
use mote_firmware::ear::{Ear, Hearing};
use mote_firmware::flash::Mapped;
use mote_firmware::store::Store;
use std::io;
use std::time::{Duration, Instant};

/// Labels, bytes of a window, bytes of scratch: as a large board has them, also for images of f16.
const L: usize = 16;
const W: usize = 32 * 1024;
const S: usize = 512 * 1024;
/// Rounds that are made up for at most.
const MOST_ROUNDS: u128 = 10_000;
/// Bytes of a record in flash, which holds the probe for the widest embedding.
pub(super) const B: usize = HEAD_LEN + 44 * 1024;

/// What a simulated device is made of.
#[derive(Debug)]
pub struct Simulation {
    /// The built-in image.
    pub image: Vec<u8>,
    /// Flash, with what an earlier device has left in it.
    pub flash: MemoryFlash,
    /// What its sensor plays, again and again.
    pub sensor: Option<Dataset>,
}

/// A device in this process.
pub struct Simulated {
    app: Box<dyn Poll>,
    boot: Box<Boot>,
    cable: Cable,
    /// When it worked last.
    worked: Instant,
    /// Rounds of a millisecond: enough for every sample of its sensor.
    pace: u128,
}

type Ears = Hearing<'static, { POINTS[1] }>;
type SimulatedDevice<const D: usize, const T: usize> = Device<'static, Lda<D, L, T>, D, L, W, S, B>;

/// Boots an application at the end of a cable.
type Boot = dyn Fn(Cable) -> Result<Box<dyn Poll>, DeviceError>;

/// An application of any size.
trait Poll {
    /// Lets it work; `false` when it wants to boot again.
    fn poll(&mut self) -> bool;
}

impl<const D: usize, const T: usize> Poll
    for App<'static, Desk, Cable, SharedFlash, Lda<D, L, T>, D, L, W, S, B, Ears>
{
    fn poll(&mut self) -> bool {
        // Neither desk nor cable can fail.
        !matches!(self.poll(), Ok(Event::Reboot))
    }
}

impl Simulated {
    /// Boots a device.
    ///
    /// # Errors
    /// `Mismatch`: the image is broken, or it is none for this device or its sensor.
    pub fn new(simulation: Simulation) -> Result<Self, DeviceError> {
        // As on a board, what runs lies where it is for as long as the program.
        let bytes: &'static [u8] = simulation.image.leak();
        let image = ModelImage::parse(bytes).map_err(|e| DeviceError::Mismatch(e.to_string()))?;
        let (flash, sensor) = (SharedFlash::new(simulation.flash), simulation.sensor);
        let rate = Desk::new(&image, sensor.as_ref()).signal().rate_hz;
        let boot = move |cable| {
            let desk = Desk::new(&image, sensor.as_ref());
            match image.embedding_len() {
                32 => boot::<32, { Lda::packed_len(32) }>(image, &flash, desk, cable),
                48 => boot::<48, { Lda::packed_len(48) }>(image, &flash, desk, cable),
                64 => boot::<64, { Lda::packed_len(64) }>(image, &flash, desk, cable),
                72 => boot::<72, { Lda::packed_len(72) }>(image, &flash, desk, cable),
                96 => boot::<96, { Lda::packed_len(96) }>(image, &flash, desk, cable),
                128 => boot::<128, { Lda::packed_len(128) }>(image, &flash, desk, cable),
                other => Err(DeviceError::Mismatch(format!(
                    "the simulated device has probes for embeddings of 32, 48, 64, 72, 96 or 128 values, \
                     the image gives {other}"
                ))),
            }
        };
        let cable = Cable::default();
        Ok(Self {
            app: boot(cable.clone())?,
            boot: Box::new(boot),
            cable: cable.other_end(),
            worked: Instant::now(),
            pace: 1 + (rate / 1e3) as u128,
        })
    }
}

fn boot<const D: usize, const T: usize>(
    image: ModelImage<'static>,
    flash: &SharedFlash,
    desk: Desk,
    cable: Cable,
) -> Result<Box<dyn Poll>, DeviceError> {
    let program = Program {
        build: concat!("simulated ", env!("CARGO_PKG_VERSION"))
            .parse()
            .unwrap_or_default(),
        flash: 0,
        ram: size_of::<SimulatedDevice<D, T>>() as u32,
        stack: None,
    };
    let mut store =
        Store::new(flash.clone(), STATES, B).map_err(|e| DeviceError::Mismatch(e.to_string()))?;
    let setup = Setup {
        image,
        fresh: || Lda::<D, L, T>::new(Normalisation::None, Lda::<D, L, T>::SHRINKAGE),
        signal: desk.signal(),
        hears: Ears::POINTS as u16,
        slots: Some(SLOTS),
        program,
    };
    let mut device = SimulatedDevice::<D, T>::new(setup).map_err(DeviceError::Refused)?;
    let map = |range| &*flash.look(range, <[u8]>::to_vec).leak();
    // What was learned with another image is gone with it; the device says that it knows nothing.
    let _ = device.restore(&mut store, map);
    // As on a board, the device lives as long as the program.
    let device = Box::leak(Box::new(device));
    let app: App<'_, _, _, _, _, D, L, W, S, B, Ears> =
        App::hearing(desk, cable, store, device).map_err(DeviceError::Refused)?;
    Ok(Box::new(app))
}

impl Simulated {
    fn poll(&mut self) -> io::Result<()> {
        if !self.app.poll() {
            self.app = (self.boot)(self.cable.other_end()).map_err(io::Error::other)?;
        }
        self.worked = Instant::now();
        Ok(())
    }
}

impl Link for Simulated {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        // A device works while nobody speaks to it: this one makes up for it, at least a thousand rounds a second.
        let missed = self.worked.elapsed().as_millis().min(MOST_ROUNDS);
        for _ in 0..missed * self.pace {
            self.poll()?;
        }
        self.cable.put(bytes);
        Ok(())
    }

    fn receive(&mut self, bytes: &mut [u8], wait: Duration) -> io::Result<usize> {
        let begun = Instant::now();
        loop {
            self.poll()?;
            let count = self.cable.take(bytes);
            if count > 0 || begun.elapsed() >= wait {
                return Ok(count);
            }
        }
    }
}
