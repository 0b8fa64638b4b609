//! NOR flash crueller than the metal: it loses power on demand and then shows what it likes.
//!
//! Panics when a unit is programmed twice between two erases, or programmed after an erase that was cut.

#![allow(dead_code, reason = "each test binary uses its own part")]

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash, check_erase, check_read,
    check_write,
};

/// What an interrupted unit or erase block shows afterwards.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tear {
    /// The bytes done so far are new, the rest is old, for ever.
    Prefix,
    /// Each changing bit is old or new by chance, for ever.
    Bits,
    /// Each changing bit is old or new by chance, at each read anew.
    Flicker,
    /// Old and new as a whole alternate from boot to boot; the first boot shows the new.
    NewThenOld,
    /// The same, but the first boot shows the old.
    OldThenNew,
    /// Whole and by chance, once for each boot and torn place.
    Coin,
    /// Whole, as [`CruelFlash::choices`] says: the test decides for every torn place anew at each boot.
    Chosen,
    /// Error correction refuses to read it, by chance at each read; otherwise it flickers.
    Unreadable,
}

/// Every way of tearing that needs no choices.
pub const TEARS: [Tear; 7] = [
    Tear::Prefix,
    Tear::Bits,
    Tear::Flicker,
    Tear::NewThenOld,
    Tear::OldThenNew,
    Tear::Coin,
    Tear::Unreadable,
];

/// Why the mock refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The power is gone until [`CruelFlash::power_on`].
    PowerLost,
    /// Uncorrectable word.
    Uncorrectable,
    /// Bounds or alignment.
    Argument(NorFlashErrorKind),
}

impl NorFlashError for Refusal {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::Argument(kind) => *kind,
            _ => NorFlashErrorKind::Other,
        }
    }
}

/// What happened to one unit since its last complete erase.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wear {
    Blank,
    Programmed,
    /// Its block's erase was cut; it must be erased again before it is programmed.
    HalfErased,
}

/// An interrupted piece: `new` is what should have come over what was there.
#[derive(Clone, Debug)]
struct Torn {
    at: usize,
    new: Vec<u8>,
    seed: u64,
}

/// Program unit `W`, erase block `E` bytes.
#[derive(Clone, Debug)]
pub struct CruelFlash<const W: usize, const E: usize> {
    cells: Vec<u8>,
    wear: Vec<Wear>,
    torn: Vec<Torn>,
    /// Bytes that may still change before the power goes; `None` is a mains supply.
    fuel: Option<u64>,
    dead: bool,
    boot: u64,
    pub tear: Tear,
    /// Which torn places show what is new, the first one in the lowest bit; for [`Tear::Chosen`].
    pub choices: u32,
    rng: u64,
    /// Completed erasures of each block.
    pub erasures: Vec<u32>,
    /// Bytes programmed or erased so far, cut ones included.
    pub spent: u64,
    /// Value of `spent` before each program of a unit and each erase of a block.
    pub marks: Vec<u64>,
    /// Bits stuck at one: programming them to zero has no effect. `(byte, mask)`.
    pub stuck: Vec<(usize, u8)>,
}

fn mix(mut x: u64) -> u64 {
    // SplitMix64's finaliser (Steele, Lea, Flood 2014).
    x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

impl<const W: usize, const E: usize> CruelFlash<W, E> {
    /// `blocks` erase blocks, blank, powered from the mains.
    pub fn new(blocks: usize, tear: Tear, seed: u64) -> Self {
        Self {
            cells: vec![0xFF; blocks * E],
            wear: vec![Wear::Blank; blocks * E / W],
            torn: Vec::new(),
            fuel: None,
            dead: false,
            boot: 0,
            tear,
            choices: 0,
            rng: mix(seed),
            erasures: vec![0; blocks],
            spent: 0,
            marks: Vec::new(),
            stuck: Vec::new(),
        }
    }

    /// The battery lasts for `bytes` more; `None` for ever.
    pub fn set_fuel(&mut self, bytes: Option<u64>) {
        self.fuel = bytes;
    }

    /// Bytes of the flash.
    pub fn cells(&self) -> usize {
        self.cells.len()
    }

    /// A bit of byte `at` falls over by itself.
    pub fn spoil(&mut self, at: usize) {
        self.cells[at] ^= 1;
    }

    /// Whether the power is gone.
    pub fn is_dead(&self) -> bool {
        self.dead
    }

    /// All that decides what a reader may see from now on.
    pub fn appearance(&self) -> String {
        let torn: Vec<_> = self.torn.iter().map(|t| (t.at, &t.new)).collect();
        format!("{:?} {torn:?} {:?}", self.cells, self.wear)
    }

    /// Places that an interrupted program or erase has left in doubt.
    pub fn torn_places(&self) -> usize {
        self.torn.len()
    }

    /// A new battery and a new boot.
    pub fn power_on(&mut self) {
        self.dead = false;
        self.fuel = None;
        self.boot += 1;
    }

    fn random(&mut self) -> u64 {
        self.rng = mix(self.rng);
        self.rng
    }

    /// How many of the next `want` bytes the battery still carries.
    fn burn(&mut self, want: usize) -> usize {
        self.marks.push(self.spent);
        let done = self.fuel.map_or(want, |fuel| want.min(fuel as usize));
        self.spent += done as u64;
        if let Some(fuel) = &mut self.fuel {
            *fuel -= done as u64;
            self.dead = done < want;
        }
        done
    }

    fn tear(&mut self, at: usize, done: usize, new: Vec<u8>) {
        let seed = self.random();
        match self.tear {
            Tear::Prefix => self.cells[at..at + done].copy_from_slice(&new[..done]),
            Tear::Bits => {
                for (i, new) in new.iter().enumerate() {
                    let mask = mix(seed ^ i as u64) as u8;
                    let cell = &mut self.cells[at + i];
                    *cell = (*cell & mask) | (new & !mask);
                }
            }
            _ => self.torn.push(Torn { at, new, seed }),
        }
    }

    /// What byte `at` reads as now.
    fn show(&mut self, at: usize) -> Result<u8, Refusal> {
        let mut byte = self.cells[at];
        // A later tear lies over what the earlier ones show.
        for (place, torn) in self.torn.iter().enumerate() {
            let Some(new) = at.checked_sub(torn.at).and_then(|i| torn.new.get(i)) else {
                continue;
            };
            self.rng = mix(self.rng);
            let random = self.rng as u8;
            // Bits of `mask` stay as they were.
            let mask = match self.tear {
                Tear::NewThenOld if !self.boot.is_multiple_of(2) => 0,
                Tear::OldThenNew if self.boot.is_multiple_of(2) => 0,
                Tear::Chosen if self.choices >> place & 1 == 1 => 0,
                Tear::NewThenOld | Tear::OldThenNew | Tear::Chosen => 0xFF,
                Tear::Coin => 0u8.wrapping_sub((mix(torn.seed ^ self.boot) & 1) as u8),
                Tear::Unreadable if self.rng >> 60 == 0 => return Err(Refusal::Uncorrectable),
                _ => random,
            };
            byte = (byte & mask) | (new & !mask);
        }
        Ok(byte)
    }
}

impl<const W: usize, const E: usize> ErrorType for CruelFlash<W, E> {
    type Error = Refusal;
}

impl<const W: usize, const E: usize> ReadNorFlash for CruelFlash<W, E> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Refusal> {
        check_read(self, offset, bytes.len()).map_err(Refusal::Argument)?;
        if self.dead {
            return Err(Refusal::PowerLost);
        }
        if self.torn.is_empty() {
            let from = offset as usize;
            bytes.copy_from_slice(&self.cells[from..from + bytes.len()]);
            return Ok(());
        }
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = self.show(offset as usize + i)?;
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.cells.len()
    }
}

impl<const W: usize, const E: usize> mote_firmware::flash::Mapped for CruelFlash<W, E> {
    /// What is surely there: torn pieces show what they were before.
    fn look<R>(&self, range: std::ops::Range<u32>, look: impl FnOnce(&[u8]) -> R) -> R {
        let range = range.start as usize..range.end as usize;
        look(self.cells.get(range).unwrap_or_default())
    }
}

impl<const W: usize, const E: usize> NorFlash for CruelFlash<W, E> {
    const WRITE_SIZE: usize = W;
    const ERASE_SIZE: usize = E;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Refusal> {
        check_erase(self, from, to).map_err(Refusal::Argument)?;
        for at in (from as usize..to as usize).step_by(E) {
            if self.dead {
                return Err(Refusal::PowerLost);
            }
            let done = self.burn(E);
            let units = at / W..(at + E) / W;
            if done < E {
                self.wear[units].fill(Wear::HalfErased);
                self.tear(at, done, vec![0xFF; E]);
                return Err(Refusal::PowerLost);
            }
            self.wear[units].fill(Wear::Blank);
            self.torn.retain(|t| t.at < at || t.at >= at + E);
            self.cells[at..at + E].fill(0xFF);
            self.erasures[at / E] += 1;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Refusal> {
        check_write(self, offset, bytes.len()).map_err(Refusal::Argument)?;
        for (i, piece) in bytes.chunks(W).enumerate() {
            if self.dead {
                return Err(Refusal::PowerLost);
            }
            let at = offset as usize + i * W;
            let wear = self.wear[at / W];
            assert_eq!(
                wear,
                Wear::Blank,
                "unit at {at:#x} programmed without an erase before"
            );
            self.wear[at / W] = Wear::Programmed;
            let done = self.burn(W);
            if done < W {
                self.tear(at, done, piece.to_vec());
                return Err(Refusal::PowerLost);
            }
            self.cells[at..at + W].copy_from_slice(piece);
            for (byte, mask) in &self.stuck {
                if (at..at + W).contains(byte) {
                    self.cells[*byte] |= mask;
                }
            }
        }
        Ok(())
    }
}
