//! What all boards of the application share, of silicon or in QEMU: its memory, its image, log and panic handler.
//!
//! A board makes its parts and calls [`run`]; it links a logger of `defmt` of its own choice.
#![no_std]

mod panic;
mod program;

use core::ops::Range;
use defmt::{Display2Format, error, info, warn};
use embedded_io::{Read, ReadReady, Write};
use embedded_storage::nor_flash::NorFlash;
use mote_core::image::ModelImage;
use mote_core::probe::{Lda, Normalisation};
use mote_firmware::app::{App, Event};
use mote_firmware::board::Board;
use mote_firmware::device::{Device, HEAD_LEN, Setup};
use mote_firmware::flash::Mapped;
use mote_firmware::store::Store;
use static_cell::StaticCell;

/// The encoder that is part of the program.
pub const IMAGE: ModelImage<'static> = mote_core::include_image!("../../encoder.image");

const D: usize = IMAGE.embedding_len();
/// Labels.
const L: usize = 10;
/// Bytes of a window and of scratch: also for images that are uploaded later, and for the same encoder in f16.
const W: usize = larger(4 * IMAGE.input_shape().len(), 4 * 1024);
const S: usize = larger(4 * IMAGE.scratch_len(), 12 * 1024);
/// Bytes of a record in flash: the head and the probe's values, with room for names and counts.
const B: usize = HEAD_LEN + size_of::<Probe>() + 64 * L;

type Probe = Lda<D, L, { Lda::packed_len(D) }>;

const fn larger(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// What lies where in the flash that a board's driver writes. Offsets are the driver's own.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Where the processor sees the driver's byte 0.
    pub base: usize,
    /// At least three banks for what is learned.
    pub states: Range<u32>,
    /// Two slots for uploaded images, if there is room.
    pub slots: Option<[Range<u32>; 2]>,
}

impl Layout {
    /// Flash at `base` with states and image slots in these ranges.
    pub const fn new(base: usize, states: Range<u32>, slots: Option<[Range<u32>; 2]>) -> Self {
        Self {
            base,
            states,
            slots,
        }
    }
}

/// The bytes in `range` of flash that starts at `base`.
pub fn in_place(base: usize, range: Range<u32>) -> &'static [u8] {
    let start = core::ptr::with_exposed_provenance(base + range.start as usize);
    // SAFETY: a board's layout names flash that is there, and the application never writes the slot that runs.
    unsafe { core::slice::from_raw_parts(start, range.len()) }
}

/// Runs the application for ever.
pub fn run<H, K, F>(name: &'static str, board: H, link: K, flash: F, layout: Layout) -> !
where
    H: Board,
    K: Read + ReadReady + Write,
    F: NorFlash + Mapped,
{
    static DEVICE: StaticCell<Device<'static, Probe, D, L, W, S, B>> = StaticCell::new();
    info!(
        "{=str}, image {=str} ({=u32:08x})",
        name,
        IMAGE.name(),
        IMAGE.crc()
    );
    let Layout {
        base,
        states,
        slots,
    } = layout;
    let mut store = must(Store::new(flash, states, B));
    let device = DEVICE.init(must(Device::new(Setup {
        image: IMAGE,
        fresh: || Lda::new(Normalisation::None, Probe::SHRINKAGE),
        signal: board.signal(),
        hears: 0,
        slots,
        program: program::program(name, IMAGE.len()),
    })));
    match device.restore(&mut store, |range| in_place(base, range)) {
        Ok(learned) => info!("restored: {=bool}", learned),
        Err(refusal) => warn!("starts empty: {}", Display2Format(&refusal)),
    }
    let mut app = must(App::new(board, link, store, device));
    loop {
        match app.poll() {
            Ok(Event::Idle) => {}
            Ok(Event::Hop(label)) => info!("hop: {}", label.map(|label| label.0)),
            Ok(Event::Learned(label)) => info!("learned {=u8}", label.0),
            Ok(Event::Saved) => info!("saved"),
            Ok(Event::Refused(refusal)) => warn!("{}", Display2Format(&refusal)),
            Ok(Event::Reboot) => panic::restart(),
            // The next poll tries again.
            Err(_) => error!("the sensor or the link failed"),
        }
    }
}

/// What a board that is put together rightly has; else the log says why not, and the board starts again.
pub fn must<T, E: core::fmt::Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(e) => defmt::panic!("{}", Display2Format(&e)),
    }
}
