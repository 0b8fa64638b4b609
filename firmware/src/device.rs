//! What the device knows and does when asked: encoder, probe, and the answer to each request.
//!
//! Knows no link, no sensor and no flash chip, so the desktop runs it as it is.

mod refusal;
mod transfer;

use crate::store::Store;
use embedded_storage::nor_flash::NorFlash;
use heapless::{HistoryBuf, Vec};
use mote_core::image::{Format, ModelImage};
use mote_core::probe::{Label, Learner};
use mote_core::scratch::Scratch;
use mote_core::snapshot::{self, State};
use mote_core::window::Normalisation;
use mote_core::wire::{
    CHUNK, Counters, Image, Inference, LinkCounters, Name, Refusal, Request, Response, Status,
    Upload, Values,
};
use refusal::{flash_refusal, no_such, refusal};

/// Ids of examples that are remembered, so that a retry after a reconnection counts once.
const REMEMBERED: usize = 16;

/// Why image and buffers do not go together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeviceError {
    /// The image computes in f16; this device runs int8.
    Format,
    /// The probe takes embeddings of another length.
    Embedding {
        /// The image's.
        need: usize,
        /// The probe's.
        have: usize,
    },
    /// The window buffer is too small.
    Window {
        /// Values of a window.
        need: usize,
        /// Values of the buffer.
        have: usize,
    },
    /// The scratch memory is too small.
    Scratch {
        /// Bytes that the image needs.
        need: usize,
        /// Bytes there are.
        have: usize,
    },
}

/// Encoder and probe with all their memory: embeddings of `D` values, `L` labels, windows of at most `W` values,
/// `S` bytes of scratch, snapshots of at most `B` bytes.
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
    fresh: fn() -> P,
    probe: P,
    scratch: Scratch<S>,
    build: Name,
    /// The window that came over the wire, quantized.
    window: Vec<i8, W>,
    /// A snapshot on its way in or out.
    snapshot: Vec<u8, B>,
    /// Length and checksum of the snapshot on its way in.
    incoming: Option<(u32, u32)>,
    /// Checksum of the snapshot committed last.
    committed: Option<u32>,
    learned_ids: HistoryBuf<u32, REMEMBERED>,
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
    /// A device that has learned nothing. `fresh` makes an empty probe, now and when all is to be forgotten.
    ///
    /// # Errors
    /// The image does not fit the buffers; each error says what is needed.
    pub fn new(image: ModelImage<'i>, fresh: fn() -> P, build: Name) -> Result<Self, DeviceError> {
        if image.format() != Format::I8 {
            return Err(DeviceError::Format);
        }
        let pairs = [
            (image.embedding_len(), D),
            (image.input_shape().len(), W),
            (image.scratch_len(), S),
        ];
        let [embedding, window, scratch] = pairs;
        if embedding.0 != embedding.1 {
            return Err(DeviceError::Embedding {
                need: embedding.0,
                have: D,
            });
        }
        if window.0 > window.1 {
            return Err(DeviceError::Window {
                need: window.0,
                have: W,
            });
        }
        if scratch.0 > scratch.1 {
            return Err(DeviceError::Scratch {
                need: scratch.0,
                have: S,
            });
        }
        Ok(Self {
            image,
            fresh,
            probe: fresh(),
            scratch: Scratch::new(),
            build,
            window: Vec::new(),
            snapshot: Vec::new(),
            incoming: None,
            committed: None,
            learned_ids: HistoryBuf::new(),
            generation: None,
            unsaved: false,
            counters: Counters::default(),
            latest: None,
            reboot: false,
        })
    }

    /// Takes up what the store holds. A state of another encoder or probe is refused; the device then starts
    /// empty.
    pub fn restore<F: NorFlash>(&mut self, store: &mut Store<F>) -> Result<bool, Refusal> {
        let _ = self.snapshot.resize(B, 0);
        let state = store
            .load(&mut self.snapshot)
            .map_err(|e| flash_refusal(&e))?;
        self.generation = store.generation();
        let Some(state) = state.filter(|state| !state.is_empty()) else {
            return Ok(false);
        };
        let code = state.len() as u32;
        snapshot::decode(&mut self.probe, self.image.crc(), state).map_err(|_| {
            Refusal::Unusable {
                what: Upload::Snapshot,
                code,
            }
        })?;
        Ok(true)
    }

    /// The encoder.
    pub fn image(&self) -> &ModelImage<'i> {
        &self.image
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

    /// What the probe says of one quantized window of the device's own sensor.
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

    /// One probe step with one quantized window of the device's own sensor.
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
    /// `TooLong` and `Flash`.
    pub fn save<F: NorFlash>(&mut self, store: &mut Store<F>) -> Result<(), Refusal> {
        self.take_snapshot()?;
        self.generation = Some(store.save(&self.snapshot).map_err(|e| flash_refusal(&e))?);
        self.counters.saves = self.counters.saves.wrapping_add(1);
        self.unsaved = false;
        Ok(())
    }

    /// Carries out a request. `link` are the server's counters, `now_ms` the time since the boot.
    pub fn handle<F: NorFlash>(
        &mut self,
        request: &Request<'_>,
        store: &mut Store<F>,
        link: LinkCounters,
        now_ms: u32,
    ) -> Response<'_> {
        (self.counters.link, self.counters.uptime_ms) = (link, now_ms);
        match self.carry_out(request, store) {
            Ok(response) => response,
            Err(refusal) => Response::Refused(refusal),
        }
    }

    fn carry_out<F: NorFlash>(
        &mut self,
        request: &Request<'_>,
        store: &mut Store<F>,
    ) -> Result<Response<'_>, Refusal> {
        match request {
            Request::Status => Ok(Response::Status(self.status())),
            Request::Label { index } => self.told(Label(*index)),
            Request::AddLabel { name } => {
                let label = self.label(name)?;
                self.told(label)
            }
            Request::Rename { index, name } => {
                self.probe
                    .rename(Label(*index), name)
                    .map_err(refusal::<L>)?;
                self.unsaved = true;
                self.told(Label(*index))
            }
            Request::ForgetLabel { index, name } => {
                // A name that is gone was forgotten by the first of two equal requests.
                match self.probe.labels().find(name) {
                    Some(label) if label.0 != *index => {
                        return Err(Refusal::Name { index: *index });
                    }
                    Some(label) => self.probe.forget(label).map_err(refusal::<L>)?,
                    None => {}
                }
                self.unsaved = true;
                Ok(Response::Done)
            }
            Request::ForgetAll => {
                self.probe = (self.fresh)();
                self.unsaved = true;
                Ok(Response::Done)
            }
            Request::Window {
                total,
                offset,
                values,
            } => self.receive_window(*total, *offset, *values),
            Request::Infer => {
                let embedding = self.embed_window()?;
                Ok(Response::Inference(infer(&self.probe, &embedding, 0)?))
            }
            Request::Embed { offset } => self.embedding(*offset),
            Request::Learn { id, index } => self.learn(*id, Label(*index)),
            Request::Latest => match &self.latest {
                Some(inference) => Ok(Response::Inference(inference.clone())),
                None => Err(Refusal::NothingLearned),
            },
            Request::Save => self.save(store).map(|()| Response::Done),
            Request::SnapshotRead { offset } => self.read_snapshot(*offset),
            Request::Begin {
                what: Upload::Snapshot,
                total,
                crc,
            } => self.begin(*total, *crc),
            Request::Part {
                what: Upload::Snapshot,
                offset,
                bytes,
            } => self.part(*offset, bytes),
            Request::Verify {
                what: Upload::Snapshot,
            } => self.verify().map(|_| Response::Done),
            Request::Commit {
                what: Upload::Snapshot,
                crc,
            } => self.commit(*crc),
            Request::Begin { .. } | Request::Part { .. } | Request::Verify { .. } => {
                Err(Refusal::Unsupported)
            }
            Request::Commit { .. } | Request::Bench { .. } => Err(Refusal::Unsupported),
            Request::Reboot => {
                self.reboot = true;
                Ok(Response::Done)
            }
        }
    }

    fn status(&self) -> Status {
        let (image, shape) = (&self.image, self.image.input_shape());
        Status {
            build: self.build.clone(),
            image: Some(Image {
                name: shortened(image.name()),
                crc: image.crc(),
                len: image.len() as u32,
                scratch: image.scratch_len() as u32,
                samples: image.window_len() as u16,
                channels: shape.c,
                rate_hz: image.rate_hz(),
                embedding: D as u16,
            }),
            labels: self.probe.labels().len() as u8,
            label_capacity: L as u8,
            generation: self.generation,
            unsaved: self.unsaved,
            ram: size_of::<Self>() as u32,
            flash: 0,
            counters: self.counters,
        }
    }

    fn told(&self, label: Label) -> Result<Response<'_>, Refusal> {
        let labels = self.probe.labels();
        let name = labels.name(label).ok_or(no_such::<L>(label))?;
        Ok(Response::Label {
            index: label.0,
            name: shortened(name),
            examples: labels.learned(label),
        })
    }

    fn receive_window(
        &mut self,
        total: u16,
        offset: u16,
        values: Values<'_>,
    ) -> Result<Response<'_>, Refusal> {
        let need = self.image.input_shape().len() as u16;
        if total != need {
            return Err(Refusal::WindowLength { need, have: total });
        }
        if offset == 0 {
            self.window.clear();
        }
        let next = self.window.len();
        let end = usize::from(offset) + values.len();
        if usize::from(offset) > next {
            return Err(Refusal::Gap {
                need: next as u32,
                have: offset.into(),
            });
        }
        if end > usize::from(need) {
            return Err(Refusal::WindowLength {
                need,
                have: end.min(0xFFFF) as u16,
            });
        }
        // What has arrived already is not stored again.
        let known = next - usize::from(offset);
        let affine = self.image.normalisation();
        let (zero_point, channels) = (
            self.image.input_quant().zero_point,
            affine.gain.len().max(1),
        );
        let mut store = |value: i8| self.window.push(value).unwrap_or_default();
        if let Some(values) = values.i8() {
            values.skip(known).for_each(&mut store);
        }
        if let Some(values) = values.f32() {
            for (i, value) in values.enumerate().skip(known) {
                let channel = (usize::from(offset) + i) % channels;
                let one = Normalisation {
                    gain: affine.gain.get(channel..=channel).unwrap_or_default(),
                    offset: affine.offset.get(channel..=channel).unwrap_or_default(),
                };
                let mut quantized = [zero_point];
                one.quantize(&[value], zero_point, &mut quantized);
                quantized.into_iter().for_each(&mut store);
            }
        }
        Ok(Response::Window {
            next: self.window.len() as u16,
        })
    }

    fn embed_window(&mut self) -> Result<[f32; D], Refusal> {
        embed(&self.image, &self.window, &mut self.scratch)
    }

    /// The embedding's bytes go through the snapshot buffer, which no snapshot on its way in may be using.
    fn embedding(&mut self, offset: u16) -> Result<Response<'_>, Refusal> {
        let embedding = self.embed_window()?;
        let rest = embedding.get(usize::from(offset)..);
        let rest = rest.ok_or(Refusal::Offset {
            most: D as u32,
            have: offset.into(),
        })?;
        (self.incoming, self.snapshot) = (None, Vec::new());
        for value in rest.iter().take(CHUNK / 4) {
            let _ = self.snapshot.extend_from_slice(&value.to_le_bytes());
        }
        Ok(Response::Embedding {
            total: D as u16,
            offset,
            values: &self.snapshot,
        })
    }

    fn learn(&mut self, id: u32, label: Label) -> Result<Response<'_>, Refusal> {
        if !self.learned_ids.contains(&id) {
            let embedding = self.embed_window()?;
            self.probe.learn(&embedding, label).map_err(refusal::<L>)?;
            self.learned_ids.write(id);
            self.counters.learned = self.counters.learned.wrapping_add(1);
            self.unsaved = true;
        }
        Ok(Response::Learned {
            id,
            index: label.0,
            examples: self.probe.labels().learned(label),
        })
    }
}

/// The embedding of a quantized window, as the probe takes it.
fn embed<const D: usize, const S: usize>(
    image: &ModelImage<'_>,
    window: &[i8],
    scratch: &mut Scratch<S>,
) -> Result<[f32; D], Refusal> {
    let (need, have) = (image.input_shape().len() as u16, window.len() as u16);
    let values = image
        .embed(window, scratch.as_mut())
        .map_err(|_| Refusal::NoWindow { need, have })?;
    let mut embedding = [0.0; D];
    for (to, from) in embedding.iter_mut().zip(values) {
        *to = image.embedding_quant().dequantize(*from);
    }
    Ok(embedding)
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
        logits: logits
            .into_iter()
            .take(mote_core::wire::MAX_LABELS)
            .collect(),
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
