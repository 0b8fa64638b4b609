//! Random lives of a store against a plain `Vec<u8>`: any geometry, many cuts, all tears.

mod cruel_flash;

use cruel_flash::{CruelFlash, TEARS};
use mote_firmware::store::Store;
use proptest::prelude::*;

/// What happens to the device.
#[derive(Clone, Debug)]
enum Step {
    Save(Vec<u8>),
    Load,
    /// Power off in good order.
    Reboot,
    /// The next battery lasts so many bytes.
    Cut(u16),
}

fn step(capacity: usize) -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..=capacity).prop_map(Step::Save),
        2 => Just(Step::Load),
        1 => Just(Step::Reboot),
        4 => (0..4 * capacity as u16 + 400).prop_map(Step::Cut),
    ]
}

/// Lives `steps`; after each boot the state must be the last acknowledged one or a later attempt.
fn live<const W: usize, const E: usize>(
    blocks: usize,
    capacity: usize,
    tear: usize,
    seed: u64,
    steps: &[Step],
) {
    let mut flash = CruelFlash::<W, E>::new(blocks, TEARS[tear % TEARS.len()], seed);
    let end = flash.cells() as u32;
    let (mut acknowledged, mut attempts) = (None, Vec::<Vec<u8>>::new());
    let mut buffer = vec![0; capacity];
    let mut steps = steps.iter().peekable();
    while steps.peek().is_some() {
        flash.power_on();
        let mut store = Store::new(&mut flash, 0..end, capacity).unwrap();
        // Whether `load` of this session was seen already: then the state cannot change by itself.
        let mut seen: Option<Option<Vec<u8>>> = None;
        for step in steps.by_ref() {
            match step {
                Step::Reboot => break,
                Step::Cut(fuel) => store.flash().set_fuel(Some(u64::from(*fuel))),
                Step::Save(state) => match store.save(state) {
                    Ok(_) => {
                        acknowledged = Some(state.clone());
                        attempts.clear();
                        seen = Some(acknowledged.clone());
                    }
                    Err(_) => {
                        attempts.push(state.clone());
                        seen = None;
                    }
                },
                Step::Load => {
                    let state = store.load(&mut buffer).unwrap().map(<[u8]>::to_vec);
                    if !store.flash().is_dead() {
                        let known = state == acknowledged
                            || state.as_ref().is_some_and(|s| attempts.contains(s));
                        assert!(
                            known,
                            "found {state:?}, expected {acknowledged:?} or one of {attempts:?}"
                        );
                        if let Some(seen) = &seen {
                            assert_eq!(&state, seen, "changed within a session");
                        }
                        seen = Some(state);
                    }
                }
            }
            if store.flash().is_dead() {
                break;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn two_kilobyte_blocks_and_units_of_eight(tear in 0usize..7, seed: u64, steps in prop::collection::vec(step(700), 1..40)) {
        live::<8, 2048>(4, 700, tear, seed, &steps);
    }

    #[test]
    fn four_kilobyte_blocks_and_pages_of_256(tear in 0usize..7, seed: u64, steps in prop::collection::vec(step(5000), 1..20)) {
        live::<256, 4096>(6, 5000, tear, seed, &steps);
    }

    #[test]
    fn words_of_four_and_several_slots(tear in 0usize..7, seed: u64, steps in prop::collection::vec(step(100), 1..60)) {
        live::<4, 1024>(3, 100, tear, seed, &steps);
    }

    #[test]
    fn quad_words_of_sixteen(tear in 0usize..7, seed: u64, steps in prop::collection::vec(step(60), 1..60)) {
        live::<16, 128>(5, 60, tear, seed, &steps);
    }
}

#[test]
fn blocks_of_128_kilobytes() {
    let save = |fill: u8, len: usize| Step::Save(vec![fill; len]);
    let mut steps = Vec::new();
    for i in 0..60u8 {
        steps.extend([save(i, 3000 + usize::from(i)), Step::Load]);
        if i % 7 == 3 {
            steps.push(Step::Reboot);
        }
        if i % 11 == 5 {
            steps.push(Step::Cut(u16::from(i) * 100));
        }
    }
    for tear in 0..TEARS.len() {
        live::<32, 0x2_0000>(3, 4096, tear, 3, &steps);
    }
}
