//! The crates of real boards: each builds, has its vectors where the core looks for them, keeps to the part's flash and
//! RAM, names a chip that probe-rs knows, and grows no larger than its budget. None of them was ever run.
//!
//! Building all takes many minutes, so the test runs with `MOTE_REQUIRE_SILICON=1` only and says when it does not.

use libtest_mimic::{Arguments, Failed, Trial};
use mote_tests::board::{self, BUILD, in_board, last_lines};
use mote_tests::elf::{Elf, Segment};
use mote_tests::sizes;

const SCRATCH: &str = env!("CARGO_TARGET_TMPDIR");

/// A part, after its maker's data sheet.
struct Part {
    board: &'static str,
    target: &'static str,
    /// The name in probe-rs 0.32.0's registry, looked up there: `targets/` has it in STM32F4_Series.yaml (a package of
    /// STM32F446RE), nRF52_Series.yaml, STM32H7_Series.yaml (of STM32H743ZI), RP2040.yaml and RP235x.yaml.
    chip: &'static str,
    /// First byte and length of flash and RAM.
    flash: (u32, u32),
    ram: (u32, u32),
    /// Where the core, or the boot code before it, finds the vectors.
    vectors: u32,
}

const PARTS: [Part; 5] = [
    Part {
        board: "nucleo-f446re",
        target: "thumbv7em-none-eabihf",
        chip: "STM32F446RETx",
        flash: (0x0800_0000, 512 << 10),
        ram: (0x2000_0000, 128 << 10),
        vectors: 0x0800_0000,
    },
    Part {
        board: "nrf52840-dk",
        target: "thumbv7em-none-eabihf",
        chip: "nRF52840_xxAA",
        flash: (0, 1 << 20),
        ram: (0x2000_0000, 256 << 10),
        vectors: 0,
    },
    Part {
        board: "nucleo-h743zi2",
        target: "thumbv7em-none-eabihf",
        chip: "STM32H743ZITx",
        flash: (0x0800_0000, 2 << 20),
        ram: (0x2400_0000, 512 << 10),
        vectors: 0x0800_0000,
    },
    Part {
        board: "pico",
        target: "thumbv6m-none-eabi",
        chip: "RP2040",
        flash: (0x1000_0000, 2 << 20),
        ram: (0x2000_0000, 264 << 10),
        vectors: 0x1000_0100,
    },
    Part {
        board: "pico2",
        target: "thumbv8m.main-none-eabihf",
        chip: "RP235x",
        flash: (0x1000_0000, 4 << 20),
        ram: (0x2000_0000, 520 << 10),
        vectors: 0x1000_0000,
    },
];

/// Bytes of the image that every board carries.
fn image_len() -> Result<u32, Failed> {
    let path = board::firmware().join("boards/encoder.image");
    Ok(std::fs::metadata(path)?.len() as u32)
}

fn main() {
    let arguments = Arguments::from_args();
    let trials = PARTS.map(|part| {
        let skipped = !board::silicon_required();
        if skipped {
            let board = part.board;
            eprintln!("SKIPPED {board}: set MOTE_REQUIRE_SILICON=1 to build the boards of silicon");
        }
        let name = format!("{}_fits_its_part", part.board);
        Trial::test(name, move || fits(&part)).with_ignored_flag(skipped)
    });
    libtest_mimic::run(&arguments, trials.into()).exit();
}

fn fits(part: &Part) -> Result<(), Failed> {
    let _one_at_a_time = BUILD
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let arguments = ["cargo", "build", "--release", "--quiet"];
    let built = in_board(SCRATCH, part.board, &arguments).output()?;
    if !built.status.success() {
        return Err(last_lines(&built.stderr).into());
    }
    let folder = board::firmware().join("boards").join(part.board);
    let config = std::fs::read_to_string(folder.join(".cargo/config.toml"))?;
    if !config.contains(&format!("\"--chip\", \"{}\"", part.chip)) {
        return Err(format!("the runner does not name {}: {config}", part.chip).into());
    }
    let program = board::target(SCRATCH)
        .join(part.target)
        .join("release")
        .join(part.board);
    let bytes = std::fs::read(program)?;
    let elf = Elf::parse(&bytes)?;
    let (mut flash, mut ram) = (0, 0);
    for Segment {
        virtual_at,
        load_at,
        in_file,
        in_memory,
        ..
    } in elf.segments()?
    {
        if in_file > 0 {
            inside(load_at, in_file, part.flash)?;
            flash += in_file;
        }
        let (start, len) = part.ram;
        if (start..start + len).contains(&virtual_at) {
            inside(virtual_at, in_memory, part.ram)?;
            ram += in_memory;
        } else {
            inside(virtual_at, in_memory, part.flash)?;
        }
    }
    let vectors = elf
        .at(part.vectors, 8)
        .ok_or("no vectors where the core looks for them")?;
    let (words, _) = vectors.as_chunks::<4>();
    let [stack, reset] = [u32::from_le_bytes(words[0]), u32::from_le_bytes(words[1])];
    let (start, len) = part.ram;
    if stack <= start || stack > start + len {
        return Err(format!("the stack begins at {stack:#x}, outside of RAM").into());
    }
    inside(reset & !1, 2, part.flash)?;
    if reset & 1 == 0 {
        return Err("the reset vector is no Thumb address".into());
    }
    let flash = flash.saturating_sub(image_len()?);
    Ok(sizes::keep(
        part.board,
        &[("flash", flash.into()), ("ram", ram.into())],
    )?)
}

fn inside(at: u32, len: u32, (start, room): (u32, u32)) -> Result<(), Failed> {
    match at >= start && u64::from(at) + u64::from(len) <= u64::from(start) + u64::from(room) {
        true => Ok(()),
        false => Err(format!("{len} bytes at {at:#x} lie outside of {room} at {start:#x}").into()),
    }
}
