//! The application: reads a sensor, says what it thinks, learns when told a label, answers the wire.
//!
//! A board gives the small things of [`Board`]; everything that decides lies here and in
//! [`Device`], and runs on the desktop as well. Call [`App::poll`] in an endless loop.
//!
//! *Stream*: each hop of the sensor is one answer; the LED is on while a known label is steady. *Teach*: hold
//! the button, and windows are that label; each press means the next label (`1`, `2`, …, then `1` again), a
//! press shorter than a window just moves on; on release the state is saved. The desktop teaches in the same way by
//! `Request::Teach`. *Serve*: requests are answered between two samples.

use crate::board::{Board, MAX_CHANNELS};
use crate::debounce::Debounce;
use crate::device::Device;
use crate::device::value::{self, value_len};
use crate::ear::{Deaf, Ear};
use crate::flash::Mapped;
use crate::store::Store;
use core::fmt::Write as _;
use embedded_io::{Read, ReadReady, Write};
use embedded_storage::nor_flash::NorFlash;
use mote_core::probe::{Label, Learner};
use mote_core::snapshot::State;
use mote_core::window::WindowRing;
use mote_core::wire::{Fit, Incoming, Name, Refusal, Server};

/// Hops that must agree before a label is shown.
pub const STEADY_HOPS: u8 = 3;

/// What a call of [`App::poll`] has brought.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Event {
    /// Nothing worth telling.
    Idle,
    /// A hop was judged; the steady answer is this label, or unknown.
    Hop(Option<Label>),
    /// A window was learned for this label.
    Learned(Label),
    /// What was learned went to flash.
    Saved,
    /// Something was refused.
    Refused(Refusal),
    /// The desktop wants a restart; the answer has been sent.
    Reboot,
}

/// Why [`App::poll`] could not go on; calling it again is safe.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AppError<B, K> {
    /// The sensor failed.
    Sensor(B),
    /// The link failed.
    Link(K),
}

/// The application over a board, a link `K` and flash `F`; the numbers are those of the [`Device`], which lies where the
/// board has room for it, best in a `static`.
pub struct App<
    'i,
    H,
    K,
    F,
    P,
    const D: usize,
    const L: usize,
    const W: usize,
    const S: usize,
    const B: usize,
    E = Deaf,
> {
    board: H,
    link: K,
    store: Store<F>,
    device: &'i mut Device<'i, P, D, L, W, S, B>,
    server: Server,
    ring: WindowRing<i8, W>,
    ear: E,
    steady: Debounce<Option<u8>>,
    held: bool,
    /// Label of the current or the last press; `None` until its first window.
    teaching: Option<Label>,
    /// Presses so far, from which the label follows.
    presses: u32,
}

impl<'i, H, K, F, P, const D: usize, const L: usize, const W: usize, const S: usize, const B: usize>
    App<'i, H, K, F, P, D, L, W, S, B>
where
    H: Board,
    K: Read + ReadReady + Write,
    F: NorFlash + Mapped,
    P: Learner<D, L> + State,
{
    /// An application whose device has been restored, if it is to remember. It takes no sound.
    ///
    /// # Errors
    /// As [`Self::hearing`].
    pub fn new(
        board: H,
        link: K,
        store: Store<F>,
        device: &'i mut Device<'i, P, D, L, W, S, B>,
    ) -> Result<Self, Refusal> {
        Self::hearing(board, link, store, device)
    }
}

impl<
    'i,
    H,
    K,
    F,
    P,
    const D: usize,
    const L: usize,
    const W: usize,
    const S: usize,
    const B: usize,
    E,
> App<'i, H, K, F, P, D, L, W, S, B, E>
where
    H: Board,
    K: Read + ReadReady + Write,
    F: NorFlash + Mapped,
    P: Learner<D, L> + State,
    E: Ear<'i>,
{
    /// As [`App::new`], with an ear, for which the device's setup must have said that it has one.
    ///
    /// # Errors
    /// `Misfit`: the image has no windows that could be cut from a stream, or the setup has promised a larger ear.
    pub fn hearing(
        board: H,
        link: K,
        store: Store<F>,
        device: &'i mut Device<'i, P, D, L, W, S, B>,
    ) -> Result<Self, Refusal> {
        let image = device.image();
        let promised = usize::from(device.hears());
        if promised > E::POINTS {
            return Err(Refusal::Misfit {
                what: Fit::FrontEnd,
                need: promised as u32,
                have: E::POINTS as u32,
            });
        }
        let ear = E::of(image);
        let window = image.window_len();
        let hop = match image.hop_len() {
            0 => window.div_ceil(2),
            hop => hop,
        };
        let sample = value::sample_len(image) * value_len(image.format());
        let misfit = Refusal::Misfit {
            what: Fit::Window,
            need: (window * sample) as u32,
            have: W as u32,
        };
        let ring = WindowRing::new(window, sample, hop).map_err(|_| misfit)?;
        let steady = Debounce::new(None, STEADY_HOPS);
        let server = Server::new();
        Ok(Self {
            board,
            link,
            store,
            device,
            server,
            ring,
            ear,
            steady,
            held: false,
            teaching: None,
            presses: 0,
        })
    }

    /// Answers what the desktop asks, takes one sample if one is due, looks at the button.
    ///
    /// # Errors
    /// Sensor or link failed.
    pub fn poll(&mut self) -> Result<Event, AppError<H::Error, K::Error>> {
        self.serve().map_err(AppError::Link)?;
        if self.device.wants_reboot() {
            return Ok(Event::Reboot);
        }
        if let Some(event) = self.watch_button() {
            return Ok(event);
        }
        self.hop().map_err(AppError::Sensor)
    }

    /// The device, for what a board wants to show.
    pub fn device(&self) -> &Device<'i, P, D, L, W, S, B> {
        self.device
    }

    /// The board.
    pub fn board(&mut self) -> &mut H {
        &mut self.board
    }

    /// The store, for the flash that it owns.
    pub fn store(&mut self) -> &mut Store<F> {
        &mut self.store
    }

    fn serve(&mut self) -> Result<(), K::Error> {
        let mut bytes = [0; 64];
        while self.link.read_ready()? {
            let count = self.link.read(&mut bytes)?;
            if count == 0 {
                break;
            }
            for byte in bytes.iter().take(count) {
                self.device
                    .note(self.server.counters(), self.board.lost_samples());
                let answer = match self.server.push(*byte) {
                    None => continue,
                    Some(Incoming::Reply(bytes)) => bytes,
                    Some(Incoming::Request(request)) => {
                        let response =
                            self.device
                                .handle(&request, &mut self.store, &mut self.board);
                        self.server.answer(&response)
                    }
                };
                self.link.write_all(answer)?;
                self.link.flush()?;
            }
        }
        Ok(())
    }

    /// Acts on a press or a release.
    fn watch_button(&mut self) -> Option<Event> {
        let held = self.board.button();
        if held == core::mem::replace(&mut self.held, held) {
            return None;
        }
        // A window must not hold what came before the press or during it.
        self.ring.clear();
        self.ear.clear();
        if held {
            self.presses = self.presses.wrapping_add(1);
            self.teaching = None;
            return None;
        }
        if self.teaching.take().is_none() || !self.device.unsaved() {
            return None;
        }
        Some(match self.device.save(&mut self.store) {
            Ok(()) => Event::Saved,
            Err(refusal) => Event::Refused(refusal),
        })
    }

    fn hop(&mut self) -> Result<Event, H::Error> {
        let mut sample = [0.0; MAX_CHANNELS];
        let channels = usize::from(self.device.signal().channels).min(MAX_CHANNELS);
        let Some(sample) = sample.get_mut(..channels) else {
            return Ok(Event::Idle);
        };
        if !self.board.sample(sample)? {
            return Ok(Event::Idle);
        }
        let Some(values) = self.ear.listen(sample) else {
            return Ok(Event::Idle);
        };
        let mut whole = false;
        let mut keep = |byte| whole = self.ring.put(byte);
        value::store(self.device.image(), 0, values, &mut keep);
        let Some(window) = self.ring.window().filter(|_| whole) else {
            return Ok(Event::Idle);
        };
        let taught = |device: &mut Device<'i, P, D, L, W, S, B>, label| {
            device.teach(window, label).map(|()| Event::Learned(label))
        };
        let event = if self.held {
            let label = match self.teaching {
                Some(label) => Ok(label),
                None => self.device.label(&press_name::<L>(self.presses)),
            };
            self.teaching = label.ok();
            label.and_then(|label| taught(self.device, label))
        } else if let Some(label) = self.device.taught() {
            taught(self.device, label)
        } else {
            match self.device.think(window) {
                Ok(thought) => {
                    let steady = self.steady.push(thought.index);
                    self.board.led(steady.is_some());
                    Ok(Event::Hop(steady.map(Label)))
                }
                // A device that has learned nothing knows nothing.
                Err(Refusal::NothingLearned) => Ok(Event::Hop(None)),
                Err(refusal) => Err(refusal),
            }
        };
        Ok(event.unwrap_or_else(Event::Refused))
    }
}

/// Name of the label that the `presses`-th press teaches.
fn press_name<const L: usize>(presses: u32) -> Name {
    let mut name = Name::new();
    let places = (L as u32).max(1);
    // Ten digits fit.
    let _ = write!(name, "{}", presses.wrapping_sub(1) % places + 1);
    name
}
