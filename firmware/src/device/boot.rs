//! At boot: which image runs, and what was learned with it.

use super::memory::{Memory, Place};
use super::setup::fits;
use super::{Device, refusal::flash_refusal};
use crate::store::Store;
use core::ops::Range;
use embedded_storage::nor_flash::NorFlash;
use mote_core::probe::Learner;
use mote_core::snapshot::{self, State};
use mote_core::wire::{Refusal, Upload};

impl<'i, P, const D: usize, const L: usize, const W: usize, const S: usize, const B: usize>
    Device<'i, P, D, L, W, S, B>
where
    P: Learner<D, L> + State,
{
    /// Takes up what the store holds: the image committed last and what was learned with it. Returns whether
    /// something was learned. To be called once, before anything else.
    ///
    /// An uploaded image that is damaged, or that this device has no room or sensor for, is passed over for the one
    /// in the other slot, and that for the built-in one. `map` shows the bytes of a slot for as long as the device
    /// lives: it writes only the other slot.
    ///
    /// # Errors
    /// `Unusable` when the state is of another encoder or probe, and `Flash`; the device then starts empty.
    pub fn restore<F: NorFlash>(
        &mut self,
        store: &mut Store<F>,
        map: impl Fn(Range<u32>) -> &'i [u8],
    ) -> Result<bool, Refusal> {
        let _ = self.buffer.resize(B, 0);
        let state = store
            .load(&mut self.buffer)
            .map_err(|e| flash_refusal(&e))?;
        self.generation = store.generation();
        let Some(state) = state.filter(|state| !state.is_empty()) else {
            return Ok(false);
        };
        let unusable = Refusal::Unusable {
            what: Upload::Snapshot,
            code: state.len() as u32,
        };
        let (memory, snapshot) = Memory::parse(state).ok_or(unusable)?;
        self.memory.slots = memory.slots;
        let (slots, built_in) = (self.slots.as_ref(), self.image);
        let found = memory.slots_by_trust().find_map(|(slot, stored)| {
            let range = slots?.get(usize::from(slot))?;
            let end = range.start.checked_add(stored.len)?;
            let fitting = stored.len > 0 && end <= range.end;
            let bytes = fitting.then(|| map(range.start..end))?;
            let image = built_in.parse_like(bytes).ok()?;
            let fits = fits(&image, Self::ROOM, self.signal, self.hears).is_ok();
            let right = image.crc() == stored.crc && fits;
            right.then_some((Place::Slot(slot), image))
        });
        if let Some((place, image)) = found {
            (self.place, self.memory.place, self.image) = (place, place, image);
        }
        if snapshot.is_empty() {
            return Ok(false);
        }
        snapshot::decode(&mut self.probe, self.image.crc(), snapshot).map_err(|_| unusable)?;
        self.memory.ids = memory.ids;
        Ok(true)
    }
}
