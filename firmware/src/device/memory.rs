//! What a device keeps in its store: which image runs, what was learned, and which examples that includes.
//!
//! One record holds all three, so they change together or not at all: a power cut cannot count an example twice,
//! nor leave what was learned with another encoder.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | `"MOTD"` |
//! | 4 | 1 | version, 1 |
//! | 5 | 1 | where the image lies: 0 in the program, 1 and 2 in a slot |
//! | 6 | 1 | ids of examples, at most 16 |
//! | 7 | 1 | 0 |
//! | 8 | 16 | length and CRC-32 of the image in each slot (`u32`, little-endian); length 0 for none |
//! | 24 | 64 | the ids, oldest first; 0 behind the last |
//! | 88 | the rest | a snapshot of the probe, or nothing |

use heapless::Vec;

/// Ids of examples that are remembered.
pub(super) const REMEMBERED: usize = 16;
/// Bytes before the snapshot: what a device's buffer must have beyond the largest one.
pub const HEAD_LEN: usize = 24 + 4 * REMEMBERED;

const MAGIC: [u8; 4] = *b"MOTD";
const VERSION: u8 = 1;

/// Where an image lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Place {
    /// In the program.
    #[default]
    BuiltIn,
    /// In slot 0 or 1.
    Slot(u8),
}

/// Which bytes are an image.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Stored {
    /// Bytes; 0 where there is no image.
    pub(super) len: u32,
    /// The checksum that the image carries.
    pub(super) crc: u32,
}

/// Ids of the latest examples, oldest first.
pub(super) type Ids = Vec<u32, REMEMBERED>;

/// The record without the snapshot.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    /// The image that runs after the next boot.
    pub(super) place: Place,
    pub(super) slots: [Stored; 2],
    /// Examples that the snapshot includes.
    pub(super) ids: Ids,
}

impl Memory {
    /// Remembers an id in the place of the oldest.
    pub(super) fn note(&mut self, id: u32) {
        if self.ids.push(id).is_err() {
            let mut newer = id;
            for place in self.ids.iter_mut().rev() {
                core::mem::swap(place, &mut newer);
            }
        }
    }

    /// The head of a record.
    pub(super) fn to_bytes(&self) -> [u8; HEAD_LEN] {
        let place = match self.place {
            Place::BuiltIn => 0,
            Place::Slot(slot) => 1 + slot,
        };
        let ids = self.ids.iter().flat_map(|id| id.to_le_bytes());
        let slots = self.slots.iter().flat_map(|slot| [slot.len, slot.crc]);
        let fields = MAGIC
            .into_iter()
            .chain([VERSION, place, self.ids.len() as u8, 0])
            .chain(slots.flat_map(u32::to_le_bytes))
            .chain(ids);
        let mut bytes = [0; HEAD_LEN];
        for (to, from) in bytes.iter_mut().zip(fields) {
            *to = from;
        }
        bytes
    }

    /// Slots and what they hold, the one to run first; none where the built-in image runs.
    pub(super) fn slots_by_trust(&self) -> impl Iterator<Item = (u8, Stored)> {
        let first = match self.place {
            Place::BuiltIn => None,
            Place::Slot(slot) => Some(slot),
        };
        first
            .into_iter()
            .flat_map(|first| [first, first ^ 1])
            .filter_map(|slot| Some((slot, *self.slots.get(usize::from(slot))?)))
    }

    /// The record in `bytes` and the snapshot behind it, or `None` if they are none of this version.
    pub(super) fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (head, snapshot) = bytes.split_first_chunk::<HEAD_LEN>()?;
        let [magic, flags, rest @ ..] = head.as_chunks::<4>().0 else {
            return None;
        };
        let [VERSION, place, count, 0] = *flags else {
            return None;
        };
        let (place, count) = (
            match place {
                0 => Place::BuiltIn,
                1 | 2 => Place::Slot(place - 1),
                _ => return None,
            },
            usize::from(count),
        );
        if *magic != MAGIC || count > REMEMBERED {
            return None;
        }
        let mut words = rest.iter().map(|word| u32::from_le_bytes(*word));
        let mut slots = [Stored::default(); 2];
        for slot in &mut slots {
            (slot.len, slot.crc) = (words.next()?, words.next()?);
        }
        let ids = words.take(count).collect();
        Some((Self { place, slots, ids }, snapshot))
    }
}

#[cfg(test)]
mod tests {
    use super::{HEAD_LEN, Memory, Place, Stored};
    use heapless::Vec;

    #[test]
    fn what_is_kept_comes_back() {
        let mut memory = Memory {
            place: Place::Slot(1),
            slots: [Stored::default(), Stored { len: 7, crc: !0 }],
            ..Memory::default()
        };
        for count in 0..40u32 {
            let mut bytes = [9; HEAD_LEN + 2];
            bytes[..HEAD_LEN].copy_from_slice(&memory.to_bytes());
            let (found, snapshot) = Memory::parse(&bytes).unwrap();
            assert_eq!((found.place, found.slots), (memory.place, memory.slots));
            assert_eq!(found.ids, memory.ids);
            assert_eq!(snapshot, [9, 9]);
            memory.note(count * 77);
        }
        let latest: Vec<u32, 16> = (24..40).map(|count| count * 77).collect();
        assert_eq!(memory.ids, latest);
    }

    #[test]
    fn other_bytes_are_no_record() {
        let right = Memory::default().to_bytes();
        assert!(Memory::parse(&right).is_some());
        assert!(Memory::parse(&right[1..]).is_none());
        for (at, wrong) in [(0, b'm'), (4, 2), (5, 3), (6, 17), (7, 1)] {
            let mut bytes = right;
            bytes[at] = wrong;
            assert!(Memory::parse(&bytes).is_none(), "byte {at}");
        }
    }
}
