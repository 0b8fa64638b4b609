//! What is known of the records in flash.

use super::record::{Header, Record};

/// What one look at every slot has found.
#[derive(Clone, Copy, Default)]
pub(super) struct Scan {
    /// The state.
    pub(super) newest: Option<Record>,
    /// The newest record that surely stays valid, as far as can be told.
    pub(super) sealed: Option<Record>,
    /// The newest record that looks so in another bank.
    pub(super) spare: Option<Record>,
    /// Highest generation that any header claims; 0 when there is none.
    pub(super) top: u32,
    /// The anchor that this header names.
    pub(super) anchor: u32,
    /// Where that header is, if its record is not the state.
    pub(super) doubtful: Option<u32>,
}

impl Scan {
    /// Whether a record that looks sealed may be relied on. One between the newest header and its anchor looked unsealed
    /// when that header was written, so its bank may have been half erased since.
    fn trusts(&self, header: Header) -> bool {
        header.generation >= self.top || header.generation <= self.anchor
    }

    /// Whether a valid record would change what is known.
    pub(super) fn wants(&self, record: Record) -> bool {
        let above = |other| record.is_above(other);
        above(self.newest) || record.sealed && (above(self.sealed) || above(self.spare))
    }

    /// Takes note of a valid record.
    pub(super) fn take(&mut self, record: Record) {
        let above = |other| record.is_above(other);
        if above(self.newest) {
            self.newest = Some(record);
        }
        if !record.sealed {
            return;
        }
        if self.trusts(record.header) && above(self.sealed) {
            self.spare = self
                .sealed
                .filter(|sealed| sealed.slot.bank != record.slot.bank);
            self.sealed = Some(record);
        } else if above(self.spare)
            && self
                .sealed
                .is_none_or(|sealed| sealed.slot.bank != record.slot.bank)
        {
            self.spare = Some(record);
        }
    }
}
