//! Lives of nothing but cuts: each session ends at a random unit of its repair or its saves.

mod cruel_flash;

use cruel_flash::{CruelFlash, TEARS};
use mote_firmware::store::Store;

const CAPACITY: usize = 20;

/// A small generator; the lives are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        // Knuth's MMIX constants; the high bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

/// Boots, loads, and saves up to `saves` states, each told from all others by its first bytes.
/// Returns what was loaded and, for each save that was begun, its state and whether it returned.
#[allow(clippy::type_complexity, reason = "used twice")]
fn session<const W: usize, const E: usize>(
    flash: &mut CruelFlash<W, E>,
    fuel: Option<u64>,
    saves: usize,
    next: u32,
) -> (Option<Vec<u8>>, Vec<(Vec<u8>, bool)>) {
    flash.power_on();
    flash.set_fuel(fuel);
    let end = flash.cells() as u32;
    let mut store = Store::new(flash, 0..end, CAPACITY).unwrap();
    let state = store.load(&mut [0; CAPACITY]).unwrap().map(<[u8]>::to_vec);
    let mut begun = Vec::new();
    for i in 0..saves as u32 {
        if store.flash().is_dead() {
            break;
        }
        let mut new = (next + i).to_le_bytes().to_vec();
        new.resize(4 + (next + i) as usize % (CAPACITY - 3), 0xA5);
        let done = store.save(&new).is_ok();
        begun.push((new, done));
    }
    (state, begun)
}

fn lives<const W: usize, const E: usize>(blocks: usize, count: usize) {
    let mut dice = Dice(blocks as u64);
    for life in 0..count {
        let tear = TEARS[life % TEARS.len()];
        let mut flash = CruelFlash::<W, E>::new(blocks, tear, life as u64);
        let (mut acknowledged, mut attempts, mut next) = (None, Vec::new(), 1);
        for round in 0..12 {
            let saves = dice.below(3);
            let mut trial = flash.clone();
            trial.marks.clear();
            session(&mut trial, None, saves, next);
            let fuel = match trial.marks.len() {
                0 => None,
                steps => Some(trial.marks[dice.below(steps)] - flash.spent),
            };
            let (state, begun) = session(&mut flash, fuel, saves, next);
            next += 10;
            // A session that was cut before its first save has perhaps not loaded.
            if !flash.is_dead() || !begun.is_empty() {
                assert!(
                    state == acknowledged || state.as_ref().is_some_and(|s| attempts.contains(s)),
                    "{blocks} blocks, {tear:?}, life {life}, round {round}: {state:?}, not {acknowledged:?} or {attempts:?}"
                );
            }
            for (state, done) in begun {
                if done {
                    acknowledged = Some(state);
                    attempts.clear();
                } else {
                    attempts.push(state);
                }
            }
        }
    }
}

#[test]
fn three_banks_lose_nothing_that_was_acknowledged() {
    lives::<4, 64>(3, 1400);
}

#[test]
fn four_banks_of_several_slots_lose_nothing_that_was_acknowledged() {
    lives::<8, 256>(4, 1400);
}

#[test]
fn three_banks_of_several_slots_lose_nothing_that_was_acknowledged() {
    lives::<4, 256>(3, 1400);
}
