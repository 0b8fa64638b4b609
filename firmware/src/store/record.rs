//! The bytes around a payload: header, commit and seal. The layout is told in the parent module.

use super::layout::Slot;
use mote_core::crc::crc32;

/// Bytes of a header before it is padded to whole program units.
pub(super) const HEADER_LEN: usize = 32;
/// `"mote"`.
const MAGIC: [u8; 4] = *b"mote";
/// Version of the layout.
const VERSION: u16 = 2;
/// Makes the commit word of a header differ from the header's own checksum.
const COMMIT: u32 = 0x5EA1_ED01;

/// What a header says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Header {
    pub(super) generation: u32,
    /// Payload bytes.
    pub(super) len: u32,
    /// CRC-32 of the payload.
    pub(super) crc: u32,
    /// Generation of the record that was surely whole when this one was begun; 0 for none.
    pub(super) anchor: u32,
}

impl Header {
    /// The header's bytes, its own checksum last.
    pub(super) fn to_bytes(self, unit: u32) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        let fields = MAGIC
            .into_iter()
            .chain(VERSION.to_le_bytes())
            .chain((unit as u16).to_le_bytes())
            .chain(self.generation.to_le_bytes())
            .chain(self.len.to_le_bytes())
            .chain(self.crc.to_le_bytes())
            .chain(self.anchor.to_le_bytes());
        for (byte, field) in bytes.iter_mut().zip(fields) {
            *byte = field;
        }
        if let Some((body, sum)) = bytes.split_last_chunk_mut::<4>() {
            *sum = crc32(body).to_le_bytes();
        }
        bytes
    }

    /// The header in `bytes`, if it is whole and of this version, unit and capacity.
    pub(super) fn parse(bytes: &[u8; HEADER_LEN], unit: u32, capacity: u32) -> Option<Self> {
        let word = |at: usize| -> Option<u32> {
            Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
        };
        let header = Self {
            generation: word(8)?,
            len: word(12)?,
            crc: word(16)?,
            anchor: word(20)?,
        };
        // Comparing with the bytes that this header must have also checks magic, version, unit and zeros.
        (header.to_bytes(unit) == *bytes && header.len <= capacity).then_some(header)
    }

    /// The word that fills the commit unit behind this header's payload.
    pub(super) fn commit_word(self, unit: u32) -> [u8; 4] {
        let sum = self
            .to_bytes(unit)
            .last_chunk::<4>()
            .map_or(0, |sum| u32::from_le_bytes(*sum));
        (sum ^ COMMIT).to_le_bytes()
    }
}

/// A valid record in flash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Record {
    pub(super) slot: Slot,
    pub(super) header: Header,
    /// The seal was begun, so the commit unit before it is surely complete.
    pub(super) sealed: bool,
}

impl Record {
    /// Whether this one counts more: it is newer, or as old and sealed.
    pub(super) fn is_above(&self, other: Option<Self>) -> bool {
        let rank = |record: &Self| (record.header.generation, record.sealed);
        other.is_none_or(|other| rank(self) > rank(&other))
    }
}
