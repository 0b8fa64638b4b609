//! The answer to each request.

use super::refusal::{no_such, refusal};
use super::{Device, infer, shortened};
use crate::board::Clock;
use crate::flash::Mapped;
use crate::store::Store;
use embedded_storage::nor_flash::NorFlash;
use mote_core::probe::{Label, Learner};
use mote_core::snapshot::State;
use mote_core::wire::{Image, Refusal, Request, Response, Status, Upload};

impl<P, const D: usize, const L: usize, const W: usize, const S: usize, const B: usize>
    Device<'_, P, D, L, W, S, B>
where
    P: Learner<D, L> + State,
{
    pub(super) fn carry_out<F: NorFlash + Mapped>(
        &mut self,
        request: &Request<'_>,
        store: &mut Store<F>,
        clock: &mut impl Clock,
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
            Request::Teach { index } => {
                let label = index.map(Label);
                if let Some(label) = label {
                    self.probe.labels().name(label).ok_or(no_such::<L>(label))?;
                }
                self.taught = label;
                Ok(Response::Done)
            }
            Request::Latest => match &self.latest {
                Some(inference) => Ok(Response::Inference(inference.clone())),
                None => Err(Refusal::NothingLearned),
            },
            Request::Save => self.save(store).map(|()| Response::Done),
            Request::SnapshotRead { offset } => self.read_snapshot(*offset),
            Request::Begin { what, total, crc } => match what {
                Upload::Image => self.begin_image::<F>(*total, *crc),
                Upload::Snapshot => self.begin_snapshot(*total, *crc),
            },
            Request::Part {
                what,
                offset,
                bytes,
            } => match what {
                Upload::Image => self.image_part(*offset, bytes, store),
                Upload::Snapshot => self.snapshot_part(*offset, bytes),
            },
            Request::Verify { what } => match what {
                Upload::Image => self.verify_image(store).map(|_| Response::Done),
                Upload::Snapshot => self.verify_snapshot().map(|_| Response::Done),
            },
            Request::Commit { what, crc } => match what {
                Upload::Image => self.commit_image(*crc, store),
                Upload::Snapshot => self.commit_snapshot(*crc),
            },
            Request::Bench { layer, repeats } => self.bench(*layer, *repeats, clock),
            Request::Reboot => {
                self.reboot = true;
                Ok(Response::Done)
            }
        }
    }

    fn status(&self) -> Status {
        let (image, shape) = (&self.image, self.image.input_shape());
        Status {
            build: self.program.build.clone(),
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
            ram: self.program.ram,
            flash: self.program.flash,
            stack: self.program.stack.map_or(0, |stack| stack()),
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
}
