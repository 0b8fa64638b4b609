//! A new image in pieces over the wire, into the slot that is not in use.
//!
//! The slot is erased block by block as the image grows. Nothing but the record in the store says which slot
//! counts, and that changes as a whole at the commit: a cut before leaves the old image with all that was learned, a
//! cut after it the new one with nothing learned. The new image runs from the next boot on.

use super::memory::{Place, Stored};
use super::setup::{Room, fits};
use super::{Device, refusal::flash_refusal};
use crate::flash::{BLANK, CHUNK, Chunk, Mapped};
use crate::store::Store;
use embedded_storage::nor_flash::NorFlash;
use mote_core::crc::crc32;
use mote_core::probe::Learner;
use mote_core::snapshot::State;
use mote_core::wire::{Refusal, Response, Upload};

const WHAT: Upload = Upload::Image;

/// An image on its way in.
pub(super) struct Arriving {
    slot: u8,
    /// First byte of the slot.
    start: u32,
    total: u32,
    crc: u32,
    /// Bytes that have come.
    next: u32,
    /// Bytes of the slot that are erased.
    erased: u32,
    /// The last bytes, until they fill a chunk.
    pending: Chunk,
}

impl<P, const D: usize, const L: usize, const W: usize, const S: usize, const B: usize>
    Device<'_, P, D, L, W, S, B>
where
    P: Learner<D, L> + State,
{
    pub(super) fn begin_image<F: NorFlash>(
        &mut self,
        total: u32,
        crc: u32,
    ) -> Result<Response<'_>, Refusal> {
        if self.memory.place != self.place {
            return Err(Refusal::RebootFirst);
        }
        let slots = self.slots.as_ref().ok_or(Refusal::Unsupported)?;
        let slot = u8::from(self.place == Place::Slot(0));
        let [first, second] = slots;
        let range = if slot == 0 { first } else { second };
        let aligned = [range.start, range.end]
            .iter()
            .all(|bound| (*bound as usize).is_multiple_of(F::ERASE_SIZE));
        if !aligned || F::WRITE_SIZE > CHUNK || !CHUNK.is_multiple_of(F::WRITE_SIZE) {
            return Err(Refusal::Unsupported);
        }
        let have = range.end.saturating_sub(range.start);
        if total > have || total == 0 {
            return Err(Refusal::TooLong {
                what: WHAT,
                need: total,
                have,
            });
        }
        let start = range.start;
        let same = |a: &Arriving| (a.total, a.crc) == (total, crc);
        if !self.arriving.as_ref().is_some_and(same) {
            self.arriving = Some(Arriving {
                slot,
                start,
                total,
                crc,
                next: 0,
                erased: 0,
                pending: Chunk([BLANK; CHUNK]),
            });
        }
        Ok(self.image_arrived())
    }

    pub(super) fn image_part<F: NorFlash>(
        &mut self,
        offset: u32,
        bytes: &[u8],
        store: &mut Store<F>,
    ) -> Result<Response<'_>, Refusal> {
        let have = offset.saturating_add(bytes.len() as u32);
        let arriving = self.arriving.as_mut().filter(|a| have <= a.total);
        let need = arriving.as_ref().map_or(0, |a| a.total);
        let arriving = arriving.ok_or(Refusal::Incomplete {
            what: WHAT,
            need,
            have,
        })?;
        let known = arriving.next.checked_sub(offset).ok_or(Refusal::Gap {
            need: arriving.next,
            have: offset,
        })?;
        let new = bytes.get(known as usize..).unwrap_or_default();
        if let Err(refusal) = arriving.take(new, store.flash()) {
            // What lies in the slot is not known any more.
            self.arriving = None;
            return Err(refusal);
        }
        Ok(self.image_arrived())
    }

    fn image_arrived(&self) -> Response<'_> {
        Response::Uploaded {
            what: WHAT,
            next: self.arriving.as_ref().map_or(0, |a| a.next),
        }
    }

    /// The slot and what is in it, if it is whole and runs here.
    pub(super) fn verify_image<F: NorFlash + Mapped>(
        &self,
        store: &mut Store<F>,
    ) -> Result<(u8, Stored), Refusal> {
        let incomplete = |need, have| Refusal::Incomplete {
            what: WHAT,
            need,
            have,
        };
        let arriving = self.arriving.as_ref().ok_or(incomplete(0, 0))?;
        let Arriving {
            start,
            total,
            crc,
            next,
            ..
        } = *arriving;
        if next != total {
            return Err(incomplete(total, next));
        }
        let stored = store.flash().look(start..start + total, |bytes| {
            let have = crc32(bytes);
            if have != crc {
                return Err(Refusal::Checksum { need: crc, have });
            }
            let image = self
                .image
                .parse_like(bytes)
                .map_err(|_| Refusal::Unusable {
                    what: WHAT,
                    code: total,
                })?;
            fits(&image, Self::ROOM, self.signal, self.hears)?;
            Ok(Stored {
                len: image.len() as u32,
                crc: image.crc(),
            })
        })?;
        Ok((arriving.slot, stored))
    }

    pub(super) fn commit_image<F: NorFlash + Mapped>(
        &mut self,
        crc: u32,
        store: &mut Store<F>,
    ) -> Result<Response<'_>, Refusal> {
        let committed = self.memory.place != self.place || crc32(self.image.bytes()) == crc;
        match &self.arriving {
            None if committed => return Ok(Response::Done),
            Some(arriving) if arriving.crc != crc => {
                return Err(Refusal::Checksum {
                    need: crc,
                    have: arriving.crc,
                });
            }
            _ => {}
        }
        let (slot, stored) = self.verify_image(store)?;
        let mut memory = self.memory.clone();
        memory.place = Place::Slot(slot);
        if let Some(place) = memory.slots.get_mut(usize::from(slot)) {
            *place = stored;
        }
        // What was learned is of the old encoder, and goes.
        memory.ids.clear();
        let record = memory.to_bytes();
        self.generation = Some(store.save(&record).map_err(|e| flash_refusal(&e))?);
        self.counters.saves = self.counters.saves.wrapping_add(1);
        (self.memory, self.arriving) = (memory, None);
        Ok(Response::Done)
    }

    pub(super) const ROOM: Room = Room {
        embedding: D,
        window: W,
        scratch: S,
    };
}

impl Arriving {
    /// Appends bytes; programs each chunk as it fills, and the last one when the image is whole.
    fn take<F: NorFlash>(&mut self, bytes: &[u8], flash: &mut F) -> Result<(), Refusal> {
        for byte in bytes {
            let at = self.next as usize % CHUNK;
            if let Some(place) = self.pending.0.get_mut(at) {
                *place = *byte;
            }
            self.next += 1;
            if at + 1 == CHUNK || self.next == self.total {
                self.program(at + 1, flash)?;
            }
        }
        Ok(())
    }

    /// Programs the `len` bytes that are pending, and erases in front of them what they need.
    fn program<F: NorFlash>(&mut self, len: usize, flash: &mut F) -> Result<(), Refusal> {
        let padded = len.next_multiple_of(F::WRITE_SIZE.max(1)).min(CHUNK);
        let from = self.next - len as u32;
        let flash_refusal = |_| Refusal::Flash {
            code: self.start + from,
        };
        while self.erased < from + padded as u32 {
            let block = self.start + self.erased;
            flash
                .erase(block, block + F::ERASE_SIZE as u32)
                .map_err(flash_refusal)?;
            self.erased += F::ERASE_SIZE as u32;
        }
        let bytes = self.pending.0.get(..padded).unwrap_or_default();
        flash
            .write(self.start + from, bytes)
            .map_err(flash_refusal)?;
        self.pending = Chunk([BLANK; CHUNK]);
        Ok(())
    }
}
