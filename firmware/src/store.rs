//! Learned state in NOR flash that survives a power cut at any moment.
//!
//! ```
//! # use mote_firmware::store::{Store, StoreError};
//! # fn boot<F: embedded_storage::nor_flash::NorFlash>(flash: F) -> Result<(), StoreError<F::Error>> {
//! let mut store = Store::new(flash, 0x3_4000..0x4_0000, 3000)?; // states of at most 3000 bytes
//! let mut buffer = [0; 3000];
//! if let Some(state) = store.load(&mut buffer)? {
//!     // what the last acknowledged `save` was given
//! }
//! store.save(b"a snapshot of the probe")?;
//! # Ok(())
//! # }
//! ```
//!
//! # Layout
//!
//! The range is cut into equal *banks* (whole erase blocks, at least [three](MIN_BANKS)), a bank into equal *slots*, a
//! slot holds one *record*. A record larger than an erase block has a bank of several blocks to itself.
//! The *unit* `U` is the larger of the part's program and read units, at least 4 and at most 256 bytes.
//! Integers are little-endian; padding is the erased `0xFF`.
//!
//! | offset in the slot | bytes | what |
//! |---|---|---|
//! | 0 | 4 | `"mote"` |
//! | 4 | 2 | layout version, 2 |
//! | 6 | 2 | `U` |
//! | 8 | 4 | generation `g`, counted from 1, higher is newer |
//! | 12 | 4 | payload length `n` |
//! | 16 | 4 | CRC-32 of the payload |
//! | 20 | 4 | anchor: generation of the record that was surely whole when this one was begun, 0 for none |
//! | 24 | 4 | zero |
//! | 28 | 4 | CRC-32 of bytes 0 to 27 |
//! | 32, rounded up to `U` | `n` | payload |
//! | the next multiple of `U` | `U` | commit: (bytes 28 to 31) xor `0x5EA1ED01`, repeated |
//! | + `U` | `U` | seal: zeros |
//!
//! A slot has room for the store's capacity; slots follow each other from the start of the bank, so the
//! range and the capacity are part of the layout. Change the capacity only if a lost state may be lost.
//!
//! # Rules
//!
//! 1. Units are programmed once between two erases, in ascending order, and each piece is read back.
//! 2. A record is *valid* when header, payload and commit are right. The valid record with the highest
//!    generation is the state.
//! 3. The seal is programmed after the commit was read back. A seal that is not blank therefore proves
//!    that the commit was completed; a commit without a seal may be half programmed and read differently
//!    tomorrow. [`Store::load`] writes such a state again before it returns it, and likewise a state that is
//!    older than the header of an invalid record, which tomorrow might read as valid.
//!    A torn seal may read as blank for a while. Its bank may then be half erased, and tomorrow read as whole and
//!    sealed. So each header names its *anchor*, the newest record that was surely whole when it was begun: that one
//!    counts as sealed whatever its seal reads as, and none between the newest header and its anchor does.
//! 4. Within a session, a save goes to the next slot of the bank that this session has erased. What was
//!    left blank by an earlier session may have been touched by a cut, so the first save after a boot, and
//!    every save that finds its bank full, erases the next bank in turn. Wear is even over the banks.
//! 5. A bank that holds the state, or the newest sealed record, is never erased; the second newest sealed one is as long
//!    as another bank can be.
//! 6. A new generation is one more than any header in the range claims, valid or not.
//!
//! # What this promises
//!
//! After a cut [`Store::load`] returns the state before or the one after, whatever a half programmed unit
//! or a half erased block reads as, at each read anew; a save that returned `Ok` is never lost, whatever the next
//! four saves or repairs in a row are cut in. Until a save returns again, up to two cuts in a row leave one answer, the
//! same at every later boot; from the third on it may be the one before at one boot and the one after at the next. (So
//! may the very first save, if it is cut: nothing at one boot, a state at the next.)
//!
//! Tried by the mock in `tests/`, under every way of tearing and with three and more banks: each cut, each pair of
//! cuts, each three cuts in a row, and lives of twelve cuts in a row at random. And, in `store_adversary.rs`, every life
//! of four cuts in a row in which at each boot every torn place reads as all old or all new as it likes; with four banks
//! every life of five. No layout is safe from any number of cuts if torn bytes may read as they like: no unit can tell
//! for ever that the one before it was not torn. With three banks there is one order of five cuts, without a single save
//! or repair in between that came to its end, that loses the state; the test shows it. Who fears it gives a fourth bank.
//! With two banks it takes three cuts, one of them in the last unit of a save, so [`Store::new`] refuses two banks.
//!
//! Parts with error correction must report an uncorrectable word as an error of `read`, not as a fault: such a
//! record counts as invalid. To forget everything, save an empty state: that is as safe as any save.

mod error;
mod layout;
mod record;
mod scan;

pub use error::StoreError;
pub use layout::MIN_BANKS;

use crate::flash::{BLANK, CHUNK, Chunk};
use core::ops::Range;
use embedded_storage::nor_flash::NorFlash;
use layout::{Layout, Slot};
use mote_core::crc::{Crc32, crc32};
use record::{HEADER_LEN, Header, Record};
use scan::Scan;

/// Keeps the newest state in a range of flash. `F` may be a `&mut` to a driver shared with others.
pub struct Store<F> {
    flash: F,
    layout: Layout,
    /// What lies in flash; `None` until it was looked at, and after a failure.
    known: Option<Scan>,
    /// The slot that this session's own erase left blank and nobody has touched since.
    clean: Option<Slot>,
}

impl<F: NorFlash> Store<F> {
    /// A store for states of at most `capacity` bytes in `range` (bytes from the start of `flash`, on erase
    /// block bounds, at least [`MIN_BANKS`] banks long). Reads and writes nothing yet.
    ///
    /// # Errors
    /// `Unit`, `Unaligned`, `OutOfFlash`, `RangeTooSmall`, each with what was needed and what was found.
    pub fn new(flash: F, range: Range<u32>, capacity: usize) -> Result<Self, StoreError<F::Error>> {
        let layout = Layout::new(&flash, range, capacity)?;
        Ok(Self {
            flash,
            layout,
            known: None,
            clean: None,
        })
    }

    /// Copies the state into `buffer` and returns it; `None` when nothing was ever saved. Writes it again if a
    /// power cut has left a doubt (rule 3); if that fails, the state is returned nevertheless.
    ///
    /// # Errors
    /// `BufferTooShort`. A slot that cannot be read counts as invalid.
    pub fn load<'b>(
        &mut self,
        buffer: &'b mut [u8],
    ) -> Result<Option<&'b [u8]>, StoreError<F::Error>> {
        self.clean = None;
        let have = buffer.len();
        let mut below = u32::MAX;
        loop {
            let scan = self.scan(below);
            self.known = Some(scan);
            let Some(newest) = scan.newest else {
                return Ok(None);
            };
            let Record { slot, header, .. } = newest;
            let need = header.len as usize;
            let Some(state) = buffer.get_mut(..need) else {
                return Err(StoreError::BufferTooShort { need, have });
            };
            // A torn record may read differently than in the scan: then the next older one is the state.
            let read = self.for_each_chunk(slot, header.len, |at, piece| {
                for (to, from) in state.iter_mut().skip(at).zip(piece) {
                    *to = *from;
                }
            });
            if !read || crc32(state) != header.crc {
                below = header.generation;
                continue;
            }
            if scan.sealed != Some(newest) || scan.top > header.generation {
                // The caller has the state whatever comes of it, and the next save has the same effect.
                let _ = self.save(state);
            }
            return Ok(buffer.get(..need));
        }
    }

    /// Makes `state` the state; once this returns `Ok`, it is what every later [`Store::load`] returns.
    /// Returns its generation. On an error the state is the old or the new one.
    ///
    /// # Errors
    /// `StateTooLong`, `Exhausted`, and `Flash` or `Verify` when no bank could be written.
    pub fn save(&mut self, state: &[u8]) -> Result<u32, StoreError<F::Error>> {
        let capacity = self.capacity();
        if state.len() > capacity {
            return Err(StoreError::StateTooLong {
                need: state.len(),
                have: capacity,
            });
        }
        let scan = match self.known.take() {
            Some(scan) => scan,
            None => self.scan(u32::MAX),
        };
        let (mut generation, crc) = (scan.top, crc32(state));
        let mut failure = StoreError::Exhausted;
        let clean = self.clean.take().map(|slot| (slot, false));
        let banks = self
            .turns(&scan)
            .map(|bank| (Slot { bank, index: 0 }, true));
        for (slot, erase) in clean.into_iter().chain(banks) {
            generation = generation.checked_add(1).ok_or(StoreError::Exhausted)?;
            let header = Header {
                generation,
                len: state.len() as u32,
                crc,
                anchor: scan.sealed.map_or(0, |sealed| sealed.header.generation),
            };
            match self.program_record(slot, erase, header, state) {
                Ok(()) => {
                    let record = Some(Record {
                        slot,
                        header,
                        sealed: true,
                    });
                    self.known = Some(Scan {
                        newest: record,
                        sealed: record,
                        spare: scan.sealed,
                        top: generation,
                        anchor: header.anchor,
                        doubtful: None,
                    });
                    let next = Slot {
                        index: slot.index + 1,
                        ..slot
                    };
                    self.clean = (next.index < self.layout.slots).then_some(next);
                    return Ok(generation);
                }
                Err(e) => failure = e,
            }
        }
        Err(failure)
    }

    /// Generation of the state as far as it is known: after [`Store::load`] or [`Store::save`].
    pub fn generation(&self) -> Option<u32> {
        Some(self.known?.newest?.header.generation)
    }

    /// Longest state in bytes.
    pub fn capacity(&self) -> usize {
        self.layout.capacity as usize
    }

    /// Banks among which erasures rotate.
    pub fn banks(&self) -> u32 {
        self.layout.banks
    }

    /// Saves that fit into one bank between two erasures, while the device stays powered.
    pub fn slots_per_bank(&self) -> u32 {
        self.layout.slots
    }

    /// The flash driver, for what lies outside the store's range.
    pub fn flash(&mut self) -> &mut F {
        &mut self.flash
    }

    /// Banks that the next save may erase, in the order in which it tries them.
    fn turns(&self, scan: &Scan) -> impl Iterator<Item = u32> + use<F> {
        let banks = self.layout.banks;
        let bank_of = |record: Option<Record>| record.map(|r| r.slot.bank);
        let (state, sealed) = (bank_of(scan.newest), bank_of(scan.sealed));
        let first = state.map_or(0, |bank| bank + 1);
        // A half erased record may hide and come back, so the one in doubt is kept until its better is written, and the
        // second newest of the sealed ones as long as there is another, should the newest be half erased.
        let (spare, doubtful) = (bank_of(scan.spare), scan.doubtful);
        let patience = move |bank| match bank {
            _ if doubtful == Some(bank) => 2,
            _ if spare == Some(bank) => 1,
            _ => 0,
        };
        (0..3).flat_map(move |turn| {
            (0..banks)
                .filter_map(move |i| (first + i).checked_rem(banks))
                .filter(move |bank| Some(*bank) != state && Some(*bank) != sealed)
                .filter(move |bank| patience(*bank) == turn)
        })
    }

    /// Looks at every slot; only records with a generation under `below` count as valid.
    fn scan(&mut self, below: u32) -> Scan {
        let mut scan = Scan::default();
        for slot in self.layout.all() {
            if let Some(header) = self.header(slot)
                && header.generation > scan.top
            {
                (scan.top, scan.anchor) = (header.generation, header.anchor);
                scan.doubtful = Some(slot.bank);
            }
        }
        for slot in self.layout.all() {
            let Some(header) = self.header(slot) else {
                continue;
            };
            if header.generation >= below || !self.committed(slot, header) {
                continue;
            }
            let record = Record {
                slot,
                header,
                // The newest header vouches for its anchor, also where the seal is torn.
                sealed: header.generation == scan.anchor || self.sealed(slot, header),
            };
            if scan.wants(record) && self.payload_is_whole(slot, header) {
                scan.take(record);
            }
        }
        let newest = scan.newest.map(|newest| newest.header.generation);
        if newest == Some(scan.top) {
            scan.doubtful = None;
        }
        scan
    }

    /// The header of a slot, if it is whole.
    fn header(&mut self, slot: Slot) -> Option<Header> {
        let Layout { unit, capacity, .. } = self.layout;
        let chunk = self.read(self.layout.slot(slot), HEADER_LEN as u32)?;
        let bytes = chunk.0.first_chunk::<HEADER_LEN>()?;
        Header::parse(bytes, unit, capacity)
    }

    /// Whether the commit unit behind the payload is exactly right.
    fn committed(&mut self, slot: Slot, header: Header) -> bool {
        let Layout { unit, .. } = self.layout;
        let word = header.commit_word(unit);
        let Some(chunk) = self.read(self.layout.commit(slot, header.len), unit) else {
            return false;
        };
        chunk
            .0
            .iter()
            .zip(word.iter().cycle())
            .take(unit as usize)
            .all(|(a, b)| a == b)
    }

    /// Whether the seal was begun.
    fn sealed(&mut self, slot: Slot, header: Header) -> bool {
        let Layout { unit, .. } = self.layout;
        // A seal that cannot be read is not blank either, but then rewriting the state is the safe side.
        self.read(self.layout.commit(slot, header.len) + unit, unit)
            .is_some_and(|chunk| {
                chunk
                    .0
                    .iter()
                    .take(unit as usize)
                    .any(|byte| *byte != BLANK)
            })
    }

    /// Whether the payload has the checksum that its header claims.
    fn payload_is_whole(&mut self, slot: Slot, header: Header) -> bool {
        let mut crc = Crc32::new();
        self.for_each_chunk(slot, header.len, |_, piece| crc = crc.update(piece))
            && crc.finish() == header.crc
    }

    /// Hands the payload of a slot to `visit`, piece by piece with each piece's offset; `false` if unreadable.
    fn for_each_chunk(
        &mut self,
        slot: Slot,
        len: u32,
        mut visit: impl FnMut(usize, &[u8]),
    ) -> bool {
        let start = self.layout.payload(slot);
        for at in (0..len).step_by(CHUNK) {
            let piece = (len - at).min(CHUNK as u32);
            let Some(chunk) = self.read(start + at, piece) else {
                return false;
            };
            visit(
                at as usize,
                chunk.0.get(..piece as usize).unwrap_or_default(),
            );
        }
        true
    }

    /// Reads `len <= CHUNK` bytes, rounded up to units; tries twice before it calls flash unreadable.
    fn read(&mut self, offset: u32, len: u32) -> Option<Chunk> {
        let mut chunk = Chunk([BLANK; CHUNK]);
        let bytes = chunk.0.get_mut(..self.layout.padded(len) as usize)?;
        let readable =
            self.flash.read(offset, bytes).is_ok() || self.flash.read(offset, bytes).is_ok();
        readable.then_some(chunk)
    }

    /// Writes one record from header to seal, after erasing its bank if told so.
    fn program_record(
        &mut self,
        slot: Slot,
        erase: bool,
        header: Header,
        state: &[u8],
    ) -> Result<(), StoreError<F::Error>> {
        let layout = self.layout;
        if erase {
            let bank = layout.bank(slot.bank);
            self.flash
                .erase(bank.start, bank.end)
                .map_err(StoreError::Flash)?;
        }
        self.program(layout.slot(slot), &header.to_bytes(layout.unit))?;
        let mut offset = layout.payload(slot);
        for piece in state.chunks(CHUNK) {
            self.program(offset, piece)?;
            offset += CHUNK as u32;
        }
        let commit = layout.commit(slot, header.len);
        let mut unit = [0; CHUNK];
        for (byte, word) in unit
            .iter_mut()
            .zip(header.commit_word(layout.unit).iter().cycle())
        {
            *byte = *word;
        }
        self.program(commit, unit.get(..layout.unit as usize).unwrap_or_default())?;
        unit.fill(0);
        self.program(
            commit + layout.unit,
            unit.get(..layout.unit as usize).unwrap_or_default(),
        )
    }

    /// Programs at most [`CHUNK`] bytes, padded to units, and reads them back.
    fn program(&mut self, offset: u32, bytes: &[u8]) -> Result<(), StoreError<F::Error>> {
        let mut chunk = Chunk([BLANK; CHUNK]);
        for (to, from) in chunk.0.iter_mut().zip(bytes) {
            *to = *from;
        }
        let padded = self.layout.padded(bytes.len() as u32) as usize;
        let piece = chunk.0.get_mut(..padded).unwrap_or_default();
        self.flash.write(offset, piece).map_err(StoreError::Flash)?;
        piece.fill(0);
        self.flash.read(offset, piece).map_err(StoreError::Flash)?;
        let wanted = bytes.iter().copied().chain(core::iter::repeat(BLANK));
        if piece.iter().copied().zip(wanted).all(|(a, b)| a == b) {
            Ok(())
        } else {
            Err(StoreError::Verify { offset })
        }
    }
}
