//! The window that comes over the wire, and what is asked about it.

use super::value::{store, value_len};
use super::{Device, embed, refusal::refusal};
use heapless::Vec;
use mote_core::image::Format;
use mote_core::probe::{Label, Learner};
use mote_core::snapshot::State;
use mote_core::wire::{CHUNK, Refusal, Response, Values};

impl<P, const D: usize, const L: usize, const W: usize, const S: usize, const B: usize>
    Device<'_, P, D, L, W, S, B>
where
    P: Learner<D, L> + State,
{
    pub(super) fn receive_window(
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
        let size = value_len(self.image.format());
        let next = self.window.len() / size;
        let end = usize::from(offset) + values.len();
        // What has arrived already is not stored again.
        let known = next.checked_sub(usize::from(offset)).ok_or(Refusal::Gap {
            need: next as u32,
            have: offset.into(),
        })?;
        if end > usize::from(need) {
            return Err(Refusal::WindowLength {
                need,
                have: end.min(0xFFFF) as u16,
            });
        }
        let mut keep = |byte: i8| self.window.push(byte).unwrap_or_default();
        if let Some(values) = values.i8() {
            // An f16 image has no quantization that they could be of.
            if self.image.format() != Format::I8 {
                return Err(Refusal::Unsupported);
            }
            values.skip(known).for_each(&mut keep);
        }
        if let Some(values) = values.f32() {
            for (i, value) in values.enumerate().skip(known) {
                store(&self.image, usize::from(offset) + i, &[value], &mut keep);
            }
        }
        Ok(Response::Window {
            next: (self.window.len() / size) as u16,
        })
    }

    pub(super) fn embed_window(&mut self) -> Result<[f32; D], Refusal> {
        embed(&self.image, &self.window, &mut self.scratch)
    }

    /// The embedding's bytes go through the snapshot buffer, which no snapshot on its way in may be using.
    pub(super) fn embedding(&mut self, offset: u16) -> Result<Response<'_>, Refusal> {
        let embedding = self.embed_window()?;
        let rest = embedding.get(usize::from(offset)..);
        let rest = rest.ok_or(Refusal::Offset {
            most: D as u32,
            have: offset.into(),
        })?;
        (self.incoming, self.buffer) = (None, Vec::new());
        for value in rest.iter().take(CHUNK / 4) {
            let _ = self.buffer.extend_from_slice(&value.to_le_bytes());
        }
        Ok(Response::Embedding {
            total: D as u16,
            offset,
            values: &self.buffer,
        })
    }

    pub(super) fn learn(&mut self, id: u32, label: Label) -> Result<Response<'_>, Refusal> {
        if !self.memory.ids.contains(&id) {
            let embedding = self.embed_window()?;
            self.probe.learn(&embedding, label).map_err(refusal::<L>)?;
            self.memory.note(id);
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
