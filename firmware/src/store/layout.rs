//! Where banks and slots lie in the range, from the part's units and the wanted capacity.

use super::StoreError;
use super::record::HEADER_LEN;
use crate::flash::CHUNK;
use core::ops::Range;
use embedded_storage::nor_flash::NorFlash;

/// Fewest banks in which no acknowledged state can be lost: one holds the state, one the newest record that is
/// surely whole, one is free.
pub const MIN_BANKS: u32 = 3;

/// The range cut into banks, each bank into slots. All lengths in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// First byte of bank 0.
    pub(super) start: u32,
    /// What is programmed at once: a power of two in 4..=256.
    pub(super) unit: u32,
    /// Longest payload.
    pub(super) capacity: u32,
    /// One slot: header, payload, commit and seal.
    pub(super) slot_len: u32,
    /// One bank: whole erase blocks.
    pub(super) bank_len: u32,
    /// Slots of a bank, at least 1.
    pub(super) slots: u32,
    /// Banks of the range, at least [`MIN_BANKS`].
    pub(super) banks: u32,
}

/// A place for one record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Slot {
    pub(super) bank: u32,
    pub(super) index: u32,
}

impl Layout {
    /// Checks the part, the range and the capacity against each other.
    pub(super) fn new<F: NorFlash>(
        flash: &F,
        range: Range<u32>,
        capacity: usize,
    ) -> Result<Self, StoreError<F::Error>> {
        let unit = F::WRITE_SIZE.max(F::READ_SIZE).max(4);
        if !unit.is_power_of_two()
            || unit > CHUNK
            || F::ERASE_SIZE == 0
            || F::ERASE_SIZE % unit != 0
        {
            return Err(StoreError::Unit {
                have: unit,
                most: CHUNK,
            });
        }
        let block = F::ERASE_SIZE as u64;
        for offset in [range.start, range.end] {
            if u64::from(offset) % block != 0 {
                return Err(StoreError::Unaligned {
                    offset,
                    block: F::ERASE_SIZE,
                });
            }
        }
        let have = flash.capacity();
        if range.start >= range.end || range.end as usize > have {
            return Err(StoreError::OutOfFlash {
                need: range.end,
                have,
            });
        }
        let have = range.end - range.start;
        let unit = unit as u64;
        // More than 32 bits of capacity fit nowhere, so nothing below overflows.
        let payload = (capacity as u64).min(1 << 32);
        let slot_len =
            (HEADER_LEN as u64).next_multiple_of(unit) + payload.next_multiple_of(unit) + 2 * unit;
        let bank_len = slot_len.next_multiple_of(block);
        let need = bank_len * u64::from(MIN_BANKS);
        if need > u64::from(have) {
            return Err(StoreError::RangeTooSmall { need, have });
        }
        // From here on everything is smaller than the range, so it fits 32 bits.
        Ok(Self {
            start: range.start,
            unit: unit as u32,
            capacity: capacity as u32,
            slot_len: slot_len as u32,
            bank_len: bank_len as u32,
            slots: (bank_len / slot_len) as u32,
            banks: (u64::from(have) / bank_len) as u32,
        })
    }

    /// `len` rounded up to whole program units.
    pub(super) fn padded(&self, len: u32) -> u32 {
        // The unit is a power of two.
        (len + (self.unit - 1)) & !(self.unit - 1)
    }

    /// The bytes of `bank`.
    pub(super) fn bank(&self, bank: u32) -> Range<u32> {
        let from = self.start + bank * self.bank_len;
        from..from + self.bank_len
    }

    /// First byte of a slot.
    pub(super) fn slot(&self, slot: Slot) -> u32 {
        self.bank(slot.bank).start + slot.index * self.slot_len
    }

    /// First byte of the payload of a slot.
    pub(super) fn payload(&self, slot: Slot) -> u32 {
        self.slot(slot) + self.padded(HEADER_LEN as u32)
    }

    /// First byte of the commit unit behind a payload of `len` bytes; the seal unit follows it.
    pub(super) fn commit(&self, slot: Slot, len: u32) -> u32 {
        self.payload(slot) + self.padded(len)
    }

    /// Every slot, bank by bank.
    pub(super) fn all(self) -> impl Iterator<Item = Slot> {
        (0..self.banks).flat_map(move |bank| (0..self.slots).map(move |index| Slot { bank, index }))
    }
}
