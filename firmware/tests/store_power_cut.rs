//! Each power cut and each pair of cuts, at each byte of each program and erase, in each way of tearing.

mod cruel_flash;

use cruel_flash::{CruelFlash, TEARS, Tear};
use mote_firmware::store::Store;

/// What the store may say.
#[derive(Clone, Default)]
struct Model {
    /// The last state that was acknowledged or seen.
    durable: Option<Vec<u8>>,
    /// Saves since then that did not return.
    attempts: Vec<Vec<u8>>,
}

impl Model {
    fn allows(&self, seen: Option<&[u8]>) -> bool {
        seen == self.durable.as_deref() || self.attempts.iter().any(|a| Some(a.as_slice()) == seen)
    }
}

/// A device that boots, loads and saves until its battery is empty.
#[derive(Clone)]
struct Device<const W: usize, const E: usize> {
    flash: CruelFlash<W, E>,
    model: Model,
    capacity: usize,
    /// What the next state is made of.
    next: u8,
}

impl<const W: usize, const E: usize> Device<W, E> {
    fn new(blocks: usize, capacity: usize, tear: Tear) -> Self {
        let flash = CruelFlash::new(blocks, tear, 7);
        Self { flash, model: Model::default(), capacity, next: 1 }
    }

    /// One session with `fuel` bytes of battery; returns what it used.
    fn session(&mut self, fuel: Option<u64>, saves: usize, what: &str) -> u64 {
        self.flash.power_on();
        self.flash.set_fuel(fuel);
        let spent = self.flash.spent;
        let end = self.flash.cells() as u32;
        let mut buffer = vec![0; self.capacity];
        let mut store = Store::new(&mut self.flash, 0..end, self.capacity).unwrap();
        let seen = store.load(&mut buffer).unwrap().map(<[u8]>::to_vec);
        if !store.flash().is_dead() {
            assert!(
                self.model.allows(seen.as_deref()),
                "{what}: found {seen:?}, expected {:?} or one of {:?}",
                self.model.durable,
                self.model.attempts
            );
            // What was seen stays; only a first save that was cut may still appear later.
            if seen.is_some() {
                self.model = Model { durable: seen, attempts: Vec::new() };
            }
        }
        for _ in 0..saves {
            if store.flash().is_dead() {
                break;
            }
            // Lengths vary from nothing to all.
            let len = usize::from(self.next) * 7 % (self.capacity + 1);
            let state: Vec<u8> = (0..len).map(|i| self.next.wrapping_mul(31) ^ i as u8).collect();
            self.next += 1;
            match store.save(&state) {
                Ok(_) => self.model = Model { durable: Some(state), attempts: Vec::new() },
                Err(e) => {
                    assert!(store.flash().is_dead(), "{what}: {e}");
                    self.model.attempts.push(state);
                }
            }
        }
        self.flash.spent - spent
    }
}

/// Cuts the session after each history at each byte, and the next session at every `stride`-th.
fn pairs_of_cuts<const W: usize, const E: usize>(blocks: usize, capacity: usize, stride: usize) -> u32 {
    let mut trials = 0;
    for tear in TEARS {
        for history in 0..=3 {
            let mut before = Device::<W, E>::new(blocks, capacity, tear);
            before.session(None, history, "history");
            let whole = before.clone().session(None, 2, "whole");
            for first in 0..=whole {
                let mut once = before.clone();
                once.session(Some(first), 2, "first cut");
                let rest = once.clone().session(None, 2, "rest");
                for second in (first % stride as u64..=rest).step_by(stride) {
                    let what = format!(
                        "units of {W}, blocks of {E}, {blocks} blocks, {tear:?}, {history} saves, cuts at {first}, {second}"
                    );
                    let mut twice = once.clone();
                    twice.session(Some(second), 2, &what);
                    for _ in 0..3 {
                        twice.session(None, 0, &what);
                    }
                    twice.session(None, 1, &what);
                    twice.session(None, 0, &what);
                    trials += 1;
                }
            }
        }
    }
    trials
}

#[test]
fn two_banks_of_one_slot() {
    assert!(pairs_of_cuts::<4, 64>(2, 20, 3) > 10_000);
}

#[test]
fn three_banks_of_one_slot() {
    assert!(pairs_of_cuts::<8, 64>(3, 16, 5) > 10_000);
}

#[test]
fn banks_of_several_slots() {
    assert!(pairs_of_cuts::<4, 128>(2, 16, 7) > 10_000);
    assert!(pairs_of_cuts::<8, 256>(3, 9, 31) > 10_000);
}

#[test]
fn states_larger_than_an_erase_block() {
    assert!(pairs_of_cuts::<16, 32>(8, 40, 11) > 10_000);
}

#[test]
fn program_units_of_256_bytes() {
    assert!(pairs_of_cuts::<256, 1024>(2, 200, 97) > 10_000);
}
