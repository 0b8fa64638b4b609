//! Each power cut and each pair of cuts, at each byte of each program and erase, in each way of tearing; on a small
//! part each three cuts in a row.

mod cruel_flash;

use cruel_flash::{CruelFlash, TEARS, Tear};
use mote_firmware::store::Store;

/// What the store may say.
#[derive(Clone, Default)]
struct Model {
    /// The state that must be there.
    durable: Option<Vec<u8>>,
    /// Saves since then that did not return; each may be the state.
    attempts: Vec<Vec<u8>>,
}

impl Model {
    fn of(durable: Option<Vec<u8>>) -> Self {
        Self {
            durable,
            attempts: Vec::new(),
        }
    }

    fn allows(&self, seen: Option<&[u8]>) -> bool {
        seen == self.durable.as_deref() || self.attempts.iter().any(|a| Some(a.as_slice()) == seen)
    }
}

/// A device that boots, loads and saves until its battery is empty.
#[derive(Clone)]
struct Device<const W: usize, const E: usize> {
    flash: CruelFlash<W, E>,
    /// What follows from acknowledged saves.
    acknowledged: Model,
    /// What follows from these and from what was seen since.
    seen: Model,
    capacity: usize,
    /// Cuts since the last acknowledged save.
    cuts: u32,
    /// What the next state is made of.
    next: u8,
}

impl<const W: usize, const E: usize> Device<W, E> {
    fn new(blocks: usize, capacity: usize, tear: Tear) -> Self {
        let flash = CruelFlash::new(blocks, tear, 7);
        Self {
            flash,
            acknowledged: Model::default(),
            seen: Model::default(),
            capacity,
            cuts: 0,
            next: 1,
        }
    }

    /// One session with `fuel` bytes of battery.
    fn session(&mut self, fuel: Option<u64>, saves: usize, what: &str) {
        self.flash.power_on();
        self.flash.set_fuel(fuel);
        let end = self.flash.cells() as u32;
        let mut buffer = vec![0; self.capacity];
        let mut store = Store::new(&mut self.flash, 0..end, self.capacity).unwrap();
        let seen = store.load(&mut buffer).unwrap().map(<[u8]>::to_vec);
        if !store.flash().is_dead() {
            // What was seen stays, up to the third cut in a row.
            let model = if self.cuts < 3 {
                &self.seen
            } else {
                &self.acknowledged
            };
            assert!(
                model.allows(seen.as_deref()),
                "{what}: found {seen:?}, expected {:?} or one of {:?}",
                model.durable,
                model.attempts
            );
            // Not so the nothing before a first save that was cut.
            if seen.is_some() {
                self.seen = Model::of(seen);
            }
        }
        for _ in 0..saves {
            if store.flash().is_dead() {
                break;
            }
            // Lengths vary from nothing to all.
            let len = usize::from(self.next) * 7 % (self.capacity + 1);
            let state: Vec<u8> = (0..len)
                .map(|i| self.next.wrapping_mul(31) ^ i as u8)
                .collect();
            self.next += 1;
            match store.save(&state) {
                Ok(_) => {
                    self.acknowledged = Model::of(Some(state.clone()));
                    self.seen = Model::of(Some(state));
                    self.cuts = 0;
                }
                Err(e) => {
                    assert!(store.flash().is_dead(), "{what}: {e}");
                    self.acknowledged.attempts.push(state.clone());
                    self.seen.attempts.push(state);
                }
            }
        }
        self.cuts += u32::from(self.flash.is_dead());
    }

    /// Where the next session can be cut: at each byte if the tear depends on it, else at each unit.
    fn cuts_of(&self, saves: usize, stride: usize) -> Vec<u64> {
        let mut trial = self.clone();
        trial.flash.marks.clear();
        trial.session(None, saves, "uncut");
        let end = trial.flash.spent - self.flash.spent;
        if self.flash.tear == Tear::Prefix {
            (self.flash.spent % stride as u64..=end)
                .step_by(stride)
                .collect()
        } else {
            trial
                .flash
                .marks
                .iter()
                .map(|at| at - self.flash.spent)
                .collect()
        }
    }
}

/// Two saves after each history, cut at each byte; then the repair and two saves, cut at each unit (tears
/// that depend on the byte: at every `stride`-th byte, at all of them in the course of the first cuts).
fn pairs_of_cuts<const W: usize, const E: usize>(blocks: usize, capacity: usize, stride: usize) {
    for tear in TEARS {
        for history in 0..=3 {
            let mut before = Device::<W, E>::new(blocks, capacity, tear);
            before.session(None, history, "history");
            for first in before.cuts_of(2, 1) {
                let mut once = before.clone();
                once.session(Some(first), 2, "first cut");
                for second in once.cuts_of(2, stride) {
                    let what = format!(
                        "units of {W}, blocks of {E}, {blocks} blocks, {tear:?}, {history} saves, cuts at {first}, {second}"
                    );
                    let mut twice = once.clone();
                    twice.session(Some(second), 2, &what);
                    twice.session(None, 0, &what);
                    twice.session(None, 0, &what);
                    twice.session(None, 1, &what);
                    twice.session(None, 0, &what);
                }
            }
        }
    }
}

/// As above with a third cut, each at each unit: after two saves, in every way of tearing that does not depend on
/// the byte.
fn threes_of_cuts<const W: usize, const E: usize>(blocks: usize, capacity: usize) {
    for tear in TEARS.into_iter().filter(|tear| *tear != Tear::Prefix) {
        let mut before = Device::<W, E>::new(blocks, capacity, tear);
        before.session(None, 2, "history");
        for first in before.cuts_of(2, 1) {
            let mut once = before.clone();
            once.session(Some(first), 2, "first cut");
            for second in once.cuts_of(2, 1) {
                let mut twice = once.clone();
                twice.session(Some(second), 2, "second cut");
                for third in twice.cuts_of(1, 1) {
                    let what =
                        format!("{blocks} blocks, {tear:?}, cuts at {first}, {second}, {third}");
                    let mut thrice = twice.clone();
                    thrice.session(Some(third), 1, &what);
                    thrice.session(None, 0, &what);
                    thrice.session(None, 1, &what);
                    thrice.session(None, 0, &what);
                }
            }
        }
    }
}

#[test]
fn three_banks_of_one_slot() {
    pairs_of_cuts::<8, 64>(3, 16, 13);
}

#[test]
fn three_banks_of_one_slot_and_three_cuts() {
    threes_of_cuts::<8, 64>(3, 16);
}

#[test]
fn three_banks_of_several_slots_and_three_cuts() {
    threes_of_cuts::<4, 128>(3, 12);
}

#[test]
fn four_banks_of_several_slots() {
    pairs_of_cuts::<8, 128>(4, 12, 29);
}

#[test]
fn three_banks_of_several_slots() {
    pairs_of_cuts::<4, 128>(3, 16, 17);
}

#[test]
fn states_larger_than_an_erase_block() {
    pairs_of_cuts::<16, 32>(12, 40, 37);
}

#[test]
fn program_units_of_256_bytes() {
    pairs_of_cuts::<256, 1024>(3, 200, 1511);
}
