//! What the store says of itself: errors with their numbers, wear, worn-out blocks, bytes in flash.

mod cruel_flash;

use cruel_flash::{CruelFlash, Tear};
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use mote_firmware::store::{Store, StoreError};

type Flash = CruelFlash<8, 256>;

fn flash(blocks: usize) -> Flash {
    CruelFlash::new(blocks, Tear::Flicker, 1)
}

#[test]
fn an_empty_flash_holds_nothing() {
    let mut store = Store::new(flash(3), 0..768, 100).unwrap();
    assert_eq!(store.load(&mut [0; 100]).unwrap(), None);
    assert_eq!(store.generation(), None);
}

#[test]
fn a_state_survives_reboots() {
    let mut flash = flash(4);
    for generation in 1..20u8 {
        let state = [generation; 90];
        let mut store = Store::new(&mut flash, 256..1024, 100).unwrap();
        let mut buffer = [0; 100];
        store.load(&mut buffer).unwrap();
        assert_eq!(store.save(&state), Ok(generation.into()));
        let mut store = Store::new(&mut flash, 256..1024, 100).unwrap();
        assert_eq!(store.load(&mut buffer).unwrap(), Some(&state[..]));
        assert_eq!(store.generation(), Some(generation.into()));
    }
    // What lies before the range was never touched.
    assert_eq!(flash.erasures[0], 0);
}

#[test]
fn an_empty_state_is_a_state() {
    let mut store = Store::new(flash(3), 0..768, 100).unwrap();
    store.save(&[1, 2, 3]).unwrap();
    store.save(&[]).unwrap();
    assert_eq!(store.load(&mut [0; 100]).unwrap(), Some(&[][..]));
}

#[test]
fn errors_tell_what_was_needed_and_what_was_there() {
    let new = |range, capacity| {
        Store::new(flash(4), range, capacity)
            .map(|_| ())
            .unwrap_err()
    };
    assert_eq!(
        new(0..1024, 209),
        StoreError::RangeTooSmall {
            need: 1536,
            have: 1024
        }
    );
    // Two banks can lose a state, so they are too few.
    let two = new(0..512, 100);
    assert_eq!(
        two,
        StoreError::RangeTooSmall {
            need: 768,
            have: 512
        }
    );
    assert_eq!(
        two.to_string(),
        "the store needs 768 bytes of flash for three banks, its range has 512"
    );
    assert!(
        matches!(new(0..512, usize::MAX), StoreError::RangeTooSmall { need, have: 512 } if need > 3 << 32)
    );
    assert_eq!(
        new(8..512, 100),
        StoreError::Unaligned {
            offset: 8,
            block: 256
        }
    );
    assert_eq!(
        new(0..700, 100),
        StoreError::Unaligned {
            offset: 700,
            block: 256
        }
    );
    assert_eq!(
        new(0..2048, 100),
        StoreError::OutOfFlash {
            need: 2048,
            have: 1024
        }
    );
    assert_eq!(
        new(512..512, 100),
        StoreError::OutOfFlash {
            need: 512,
            have: 1024
        }
    );
    let wide = Store::new(CruelFlash::<512, 1024>::new(4, Tear::Bits, 1), 0..4096, 9);
    assert_eq!(
        wide.map(|_| ()).unwrap_err(),
        StoreError::Unit {
            have: 512,
            most: 256
        }
    );

    let mut store = Store::new(flash(4), 0..1024, 208).unwrap();
    assert_eq!(
        store.save(&[0; 209]),
        Err(StoreError::StateTooLong {
            need: 209,
            have: 208
        })
    );
    store.save(&[7; 208]).unwrap();
    assert_eq!(
        store.load(&mut [0; 9]),
        Err(StoreError::BufferTooShort { need: 208, have: 9 })
    );
    let text = store.load(&mut [0; 9]).unwrap_err().to_string();
    assert_eq!(text, "the stored state has 208 bytes, the buffer only 9");
}

#[test]
fn wear_is_even_and_slots_save_erasures() {
    let mut flash = flash(5);
    let mut store = Store::new(&mut flash, 0..1280, 64).unwrap();
    assert_eq!((store.banks(), store.slots_per_bank()), (5, 2));
    for i in 0..1000 {
        store.save(&[i as u8; 60]).unwrap();
    }
    assert_eq!(flash.erasures, [100; 5]);
    // Three banks, a reboot before each save.
    let mut flash = CruelFlash::<8, 256>::new(3, Tear::Bits, 1);
    for i in 0..150 {
        Store::new(&mut flash, 0..768, 64)
            .unwrap()
            .save(&[i; 60])
            .unwrap();
    }
    assert_eq!(flash.erasures, [50; 3]);
}

#[test]
fn a_worn_block_is_passed_over() {
    let mut flash = flash(3);
    flash.stuck = vec![(256 + 40, 1)];
    let mut store = Store::new(&mut flash, 0..768, 200).unwrap();
    for i in 0..9u8 {
        store.save(&[2 * i; 200]).unwrap();
        assert_eq!(store.load(&mut [0; 200]).unwrap(), Some(&[2 * i; 200][..]));
    }
}

#[test]
fn when_all_other_banks_are_worn_the_old_state_stays_and_the_store_says_so() {
    let mut flash = flash(3);
    let mut store = Store::new(&mut flash, 0..768, 200).unwrap();
    store.save(&[6; 200]).unwrap();
    store.flash().stuck = vec![(256 + 40, 1), (512 + 40, 1)];
    assert_eq!(
        store.save(&[8; 200]),
        Err(StoreError::Verify { offset: 512 + 32 })
    );
    assert_eq!(store.load(&mut [0; 200]).unwrap(), Some(&[6; 200][..]));
}

#[test]
fn the_bytes_are_those_of_the_documentation() {
    let mut store = Store::new(flash(3), 0..768, 100).unwrap();
    store.save(b"123456789").unwrap();
    let mut slot = [0; 72];
    store.flash().read(0, &mut slot).unwrap();
    assert_eq!(slot[..8], *b"mote\x02\0\x08\0");
    assert_eq!(slot[8..16], [1, 0, 0, 0, 9, 0, 0, 0]);
    // The check value of CRC-32.
    assert_eq!(slot[16..20], 0xCBF4_3926_u32.to_le_bytes());
    assert_eq!(slot[20..28], [0; 8]);
    let sum: [u8; 4] = slot[28..32].try_into().unwrap();
    assert_eq!(u32::from_le_bytes(sum), mote_core::crc::crc32(&slot[..28]));
    assert_eq!(slot[32..48], *b"123456789\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
    let word = (u32::from_le_bytes(sum) ^ 0x5EA1_ED01).to_le_bytes();
    assert_eq!(slot[48..56], [word, word].concat());
    assert_eq!(slot[56..64], [0; 8]);
    assert_eq!(slot[64..], [0xFF; 8]);
    // The next one names the one before.
    store.save(b"again").unwrap();
    let mut header = [0; 32];
    store.flash().read(256, &mut header).unwrap();
    assert_eq!(header[8..12], [2, 0, 0, 0]);
    assert_eq!(header[20..28], [1, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn foreign_bytes_are_no_state() {
    let mut flash = flash(3);
    let noise: Vec<u8> = (0..768u32).map(|i| (i * i / 7) as u8).collect();
    flash.write(0, &noise).unwrap();
    let mut store = Store::new(&mut flash, 0..768, 100).unwrap();
    assert_eq!(store.load(&mut [0; 100]).unwrap(), None);
    store.save(&[5; 100]).unwrap();
    assert_eq!(store.load(&mut [0; 100]).unwrap(), Some(&[5; 100][..]));
}
