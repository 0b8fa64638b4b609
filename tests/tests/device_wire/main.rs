//! Each QEMU board as a user has it: taught over its UART from the shipped recordings, asked about people it never met,
//! cut from its power, asked again, and given another image. Embeddings, logits and learned state must equal the
//! desktop's to the bit.
//!
//! A board whose tools are missing counts as ignored and says why; see `device_parity.rs`.

mod log;
mod powered;
mod twin;

use host::data::{Dataset, Window, Windows, watch25};
use host::device::{Session, TcpLink};
use host::export::{About, Method, f16, int8};
use host::train::Network;
use libtest_mimic::{Arguments, Failed, Trial};
use mote_core::preset::conv1d;
use mote_core::probe::Learner;
use mote_core::shape::Shape;
use mote_core::wire::{Request, Upload};
use mote_tests::board;
use mote_tests::elf::Elf;
use mote_tests::sizes;
use powered::{build, folder, power_on};
use std::path::Path;
use twin::Twin;

/// A board, the folder of its target, QEMU's machine, where its flash begins.
#[derive(Clone, Copy)]
struct Board {
    name: &'static str,
    target: &'static str,
    machine: &'static str,
    flash: u32,
}

const fn board(
    name: &'static str,
    target: &'static str,
    machine: &'static str,
    flash: u32,
) -> Board {
    Board {
        name,
        target,
        machine,
        flash,
    }
}

/// The first one runs by default; the Cortex-M0 program runs on a machine that has the RAM for it.
const BOARDS: [Board; 6] = [
    board("qemu-m4", "thumbv7em-none-eabihf", "mps2-an386", 0),
    board("qemu-m0-large", "thumbv6m-none-eabi", "mps2-an385", 0),
    board("qemu-m3", "thumbv7m-none-eabi", "mps2-an385", 0),
    board("qemu-m7", "thumbv7em-none-eabihf", "mps2-an500", 0),
    board(
        "qemu-m33",
        "thumbv8m.main-none-eabihf",
        "mps2-an505",
        0x1000_0000,
    ),
    board("qemu-m55", "thumbv8m.main-none-eabihf", "mps3-an547", 0),
];

/// Where boards are built and run.
const SCRATCH: &str = env!("CARGO_TARGET_TMPDIR");
/// Examples of each label.
const PER_CLASS: usize = 5;
/// People who are asked about; the others teach.
const HELD_OUT: [usize; 2] = [8, 9];
/// Labels for which the boards have room.
const L: usize = 10;

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::from(BOARDS.map(|board| {
        let skipped = board::skipped(SCRATCH, board.name);
        let name = format!("{}_is_taught_over_its_uart", board.name);
        Trial::test(name, move || taught(&board)).with_ignored_flag(skipped)
    }));
    trials.push(log::trial());
    libtest_mimic::run(&arguments, trials).exit();
}

fn taught(board: &Board) -> Result<(), Failed> {
    let (program, folder) = (build(board)?, folder(board.name)?);
    let data = watch25::load()?;
    let bytes = std::fs::read(board::firmware().join("boards/encoder.image"))?;
    let mut twin = Twin::new(&bytes)?;
    let windows = Windows::cut(&data, 128, 64)?.list;
    let (asked, lessons): (Vec<Window>, Vec<Window>) = windows
        .into_iter()
        .partition(|window| window.subject.is_some_and(|s| HELD_OUT.contains(&s)));

    let mut powered = power_on(&program, board.machine, &folder)?;
    let session = &mut powered.session;
    assert_eq!(running(session)?, twin.image.crc());
    for (label, name) in data.labels.iter().enumerate() {
        let index = session.label(&short(name))?.index;
        twin.probe.add_label(&short(name))?;
        let of: Vec<_> = lessons.iter().filter(|w| w.label == Some(label)).collect();
        for (example, window) in of
            .iter()
            .step_by(of.len() / PER_CLASS)
            .take(PER_CLASS)
            .enumerate()
        {
            let id = (label * PER_CLASS + example) as u32;
            twin.learn(session, id, index, values(&data, window))?;
        }
    }
    session.save()?;
    twin.agrees(session, &data, &asked)?;
    let mut stack = session.status()?.stack;
    drop(powered);

    // Without power, and then with it again.
    let mut powered = power_on(&program, board.machine, &folder)?;
    let session = &mut powered.session;
    twin.agrees(session, &data, &asked)?;
    // An example that the saved state includes counts once, also after the cut.
    session.window(values(&data, &asked[0]))?;
    session.learn((data.labels.len() * PER_CLASS - 1) as u32, 0)?;
    twin.agrees(session, &data, &asked[..1])?;

    // Other images, of int8 and of f16, that run from the next boot on.
    for other in other_images(&data, &lessons)? {
        let mut twin = Twin::new(&other)?;
        powered.session.write(Upload::Image, &other, |_| {})?;
        stack = stack.max(powered.session.status()?.stack);
        drop(powered);
        powered = power_on(&program, board.machine, &folder)?;
        let session = &mut powered.session;
        assert_eq!(running(session)?, twin.image.crc());
        let index = session.label("first")?.index;
        twin.probe.add_label("first")?;
        twin.learn(session, 1, index, values(&data, &lessons[0]))?;
        twin.agrees(session, &data, &asked[..1])?;
        // The clock counts milliseconds, and QEMU may deliver the first of them late.
        let timing = session.bench(None, 16)?;
        assert!(timing.macs > 100_000 && timing.seconds > 0.0, "{timing:?}");
        // A reboot by the wire, which the link survives.
        session.command(&Request::Reboot)?;
        assert_eq!(running(session)?, twin.image.crc());
    }
    stack = stack.max(powered.session.status()?.stack);
    measure(
        board,
        &program,
        bytes.len() as u32,
        &mut powered.session,
        stack,
    )
}

/// What the board says of its memory is what its ELF file says, and no more than it is allowed.
fn measure(
    board: &Board,
    program: &Path,
    image: u32,
    session: &mut Session<TcpLink>,
    stack: u32,
) -> Result<(), Failed> {
    let bytes = std::fs::read(program)?;
    let elf = Elf::parse(&bytes)?;
    let loaded = elf.segments()?.filter(|segment| segment.in_file > 0);
    let end = loaded
        .map(|segment| segment.load_at + segment.in_file)
        .max();
    let flash = end.unwrap_or(0) - board.flash - image;
    let ram = elf.section(".data")? + elf.section(".bss")?;
    let status = session.status()?;
    assert_eq!((status.flash, status.ram), (flash, ram));
    Ok(sizes::keep(
        board.name,
        &[
            ("flash", flash.into()),
            ("ram", ram.into()),
            ("stack", stack.into()),
        ],
    )?)
}

fn running(session: &mut Session<TcpLink>) -> Result<u32, Failed> {
    Ok(session.status()?.image.ok_or("no image")?.crc)
}

/// An encoder that nobody has trained: in int8, calibrated on real windows, and in f16.
fn other_images(data: &Dataset, lessons: &[Window]) -> Result<[Vec<u8>; 2], Failed> {
    let spec = conv1d(Shape::sequence(128, 6), 1.0, None)?;
    let encoder = Network::new(&spec, 5)?.trained();
    let about = About {
        rate_hz: 25.0,
        ..About::plain("another", 128, 6)
    };
    let calibration: Vec<f32> = lessons
        .iter()
        .step_by(40)
        .flat_map(|window| values(data, window).iter().copied())
        .collect();
    Ok([
        int8(&encoder, &about, &calibration, Method::MinMax)?,
        f16(&encoder, &about)?,
    ])
}

fn values<'d>(data: &'d Dataset, window: &Window) -> &'d [f32] {
    let from = window.start * 6;
    &data.recordings[window.recording].samples[from..from + 128 * 6]
}

/// As much of a label's name as a probe keeps.
fn short(name: &str) -> String {
    name.chars().take(20).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}
