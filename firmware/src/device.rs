//! What the device knows and does when asked: encoder, probe, and the answer to each request.
//!
//! Knows no link, no sensor and no flash chip, so the desktop runs it as it is.

mod answer;
mod bench;
mod boot;
mod memory;
mod refusal;
mod setup;
mod transfer;
mod upload;
pub(crate) mod value;
mod window;

pub use memory::{HEAD_LEN, Place};
pub use setup::{Program, Setup};

use crate::board::{Clock, Signal};
use crate::flash::Mapped;
use crate::store::Store;
use core::ops::Range;
use embedded_storage::nor_flash::NorFlash;
use heapless::Vec;
use memory::Memory;
use mote_core::image::ModelImage;
use mote_core::probe::{Label, Learner};
use mote_core::scratch::Scratch;
use mote_core::snapshot::State;
use mote_core::wire::{
    Counters, Inference, LinkCounters, MAX_LABELS, Name, Refusal, Request, Response,
};
use refusal::{flash_refusal, refusal};
use upload::Arriving;
use value::value_len;

/// Encoder and probe with all their memory: embeddings of `D` values, `L` labels, windows of at most `W` bytes
/// (one a value for an int8 image, four for an f16 one), `S` bytes of scratch, and `B` bytes for what goes to the store: [`HEAD_LEN`] and the largest snapshot.
pub struct Device<
    'i,
    P,
    const D: usize,
    const L: usize,
    const W: usize,
    const S: usize,
    const B: usize,
> {
    image: ModelImage<'i>,
    /// Where the image lies.
    place: Place,
    slots: Option<[Range<u32>; 2]>,
    signal: Signal,
    hears: u16,
    program: Program,
    fresh: fn() -> P,
    probe: P,
    scratch: Scratch<S>,
    /// What the store holds besides the probe, as far as it is known.
    memory: Memory,
    /// The window that came over the wire, in the image's own bytes.
    window: Vec<i8, W>,
    /// A snapshot on its way in or out.
    buffer: Vec<u8, B>,
    /// Length and checksum of the snapshot on its way in.
    incoming: Option<(u32, u32)>,
    /// Checksum of the snapshot committed last.
    committed: Option<u32>,
    /// The image on its way in.
    arriving: Option<Arriving>,
    /// What the device's own windows are, by the desktop's word.
    taught: Option<Label>,
    generation: Option<u32>,
    unsaved: bool,
    counters: Counters,
    latest: Option<Inference>,
    reboot: bool,
}

impl<'i, P, const D: usize, const L: usize, const W: usize, const S: usize, const B: usize>
    Device<'i, P, D, L, W, S, B>
where
    P: Learner<D, L> + State,
{
    /// A device that has learned nothing and runs the built-in image.
    ///
    /// # Errors
    /// `Misfit`: the image does not go with the buffers or the sensor, with what is needed.
    pub fn new(setup: Setup<'i, P>) -> Result<Self, Refusal> {
        setup::fits(&setup.image, Self::ROOM, setup.signal, setup.hears)?;
        Ok(Self {
            image: setup.image,
            place: Place::BuiltIn,
            slots: setup.slots,
            signal: setup.signal,
            hears: setup.hears,
            program: setup.program,
            fresh: setup.fresh,
            probe: (setup.fresh)(),
            scratch: Scratch::new(),
            memory: Memory::default(),
            window: Vec::new(),
            buffer: Vec::new(),
            incoming: None,
            committed: None,
            arriving: None,
            taught: None,
            generation: None,
            unsaved: false,
            counters: Counters::default(),
            latest: None,
            reboot: false,
        })
    }

    /// The encoder.
    pub fn image(&self) -> &ModelImage<'i> {
        &self.image
    }

    /// Where the encoder lies.
    pub fn place(&self) -> Place {
        self.place
    }

    /// What the sensor delivers.
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// Most points of a front end's FFT that the application has room for, by its setup.
    pub fn hears(&self) -> u16 {
        self.hears
    }

    /// The probe.
    pub fn probe(&self) -> &P {
        &self.probe
    }

    /// Whether [`Request::Reboot`] was answered.
    pub fn wants_reboot(&self) -> bool {
        self.reboot
    }

    /// Whether something was learned since the last save.
    pub fn unsaved(&self) -> bool {
        self.unsaved
    }

    /// What the device's own windows are, by the desktop's last [`Request::Teach`].
    pub fn taught(&self) -> Option<Label> {
        self.taught
    }

    /// What the probe says of one window of the device's own sensor, in the image's own bytes.
    ///
    /// # Errors
    /// As [`Request::Infer`].
    pub fn think(&mut self, window: &[i8]) -> Result<Inference, Refusal> {
        self.counters.windows = self.counters.windows.wrapping_add(1);
        let embedding = embed(&self.image, window, &mut self.scratch)?;
        let inference = infer(&self.probe, &embedding, self.counters.windows)?;
        self.latest = Some(inference.clone());
        Ok(inference)
    }

    /// One probe step with one window of the device's own sensor, in the image's own bytes.
    ///
    /// # Errors
    /// As [`Request::Learn`].
    pub fn teach(&mut self, window: &[i8], label: Label) -> Result<(), Refusal> {
        let embedding = embed(&self.image, window, &mut self.scratch)?;
        self.probe.learn(&embedding, label).map_err(refusal::<L>)?;
        self.counters.learned = self.counters.learned.wrapping_add(1);
        self.unsaved = true;
        Ok(())
    }

    /// The label called `name`, made if there is none.
    ///
    /// # Errors
    /// As [`Request::AddLabel`].
    pub fn label(&mut self, name: &str) -> Result<Label, Refusal> {
        if let Some(label) = self.probe.labels().find(name) {
            return Ok(label);
        }
        self.unsaved = true;
        self.probe.add_label(name).map_err(refusal::<L>)
    }

    /// Writes what was learned to flash.
    ///
    /// # Errors
    /// `TooLong` and `Flash`; `RebootFirst` after another image was committed, with which it would mean nothing.
    pub fn save<F: NorFlash>(&mut self, store: &mut Store<F>) -> Result<(), Refusal> {
        if self.memory.place != self.place {
            return Err(Refusal::RebootFirst);
        }
        self.take_record()?;
        self.generation = Some(store.save(&self.buffer).map_err(|e| flash_refusal(&e))?);
        self.counters.saves = self.counters.saves.wrapping_add(1);
        self.unsaved = false;
        Ok(())
    }

    /// Takes note of what the link and the sensor have counted.
    pub fn note(&mut self, link: LinkCounters, lost_samples: u32) {
        (self.counters.link, self.counters.lost_samples) = (link, lost_samples);
    }

    /// Carries out a request.
    pub fn handle<F: NorFlash + Mapped>(
        &mut self,
        request: &Request<'_>,
        store: &mut Store<F>,
        clock: &mut impl Clock,
    ) -> Response<'_> {
        self.counters.uptime_ms = clock.now_ms();
        match self.carry_out(request, store, clock) {
            Ok(response) => response,
            Err(refusal) => Response::Refused(refusal),
        }
    }
}

/// The embedding of a window, as the probe takes it.
fn embed<const D: usize, const S: usize>(
    image: &ModelImage<'_>,
    window: &[i8],
    scratch: &mut Scratch<S>,
) -> Result<[f32; D], Refusal> {
    let size = value_len(image.format());
    let (need, have) = (
        image.input_shape().len() as u16,
        (window.len() / size) as u16,
    );
    value::embed(image, window, scratch.as_mut()).ok_or(Refusal::NoWindow { need, have })
}

fn infer<const D: usize, const L: usize>(
    probe: &impl Learner<D, L>,
    embedding: &[f32; D],
    hop: u32,
) -> Result<Inference, Refusal> {
    let prediction = probe.predict(embedding).map_err(refusal::<L>)?;
    let logits = probe.logits(embedding).map_err(refusal::<L>)?;
    Ok(Inference {
        hop,
        index: prediction.known().map(|label| label.0),
        confidence: prediction.confidence,
        novelty: prediction.novelty,
        logits: logits.into_iter().take(MAX_LABELS).collect(),
    })
}

/// As much of `name` as a wire name holds.
fn shortened(name: &str) -> Name {
    let mut short = Name::new();
    for letter in name.chars() {
        if short.push(letter).is_err() {
            break;
        }
    }
    short
}
