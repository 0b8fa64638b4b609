//! What every layer costs on a Cortex-M4 and a Cortex-M55, in instructions, against `budgets.toml`: no growth over 0.5 %.
//!
//! Builds `firmware/bench`, runs it in QEMU, which counts exactly, and compares every output with the desktop's, also
//! those of small layers of odd shapes.
//! Without its tools the test is ignored and says why, unless `MOTE_REQUIRE_DEVICE=1`. `MOTE_BUDGETS=write` writes the
//! file anew.

mod budgets {
    pub mod cases;
}

use budgets::cases::{about, cases, made_up, odd, trained};
use host::export::{QuantizedEncoder, f16, int8_image_for};
use libtest_mimic::{Arguments, Failed, Trial};
use mote_core::image::Target;
use mote_tests::board;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

const SCRATCH: &str = env!("CARGO_TARGET_TMPDIR");
/// What is measured with f16 weights: activations in f32 fit the scratch of the bench.
const FITS_F32: [&str; 6] = ["a", "d", "e", "g", "k", "conv1d"];
/// Growth that is no growth, as a fraction.
const SLACK: f64 = 0.005;
/// SysTick's steps: a layer may differ by one from run to run of different code.
const STEP: u64 = 80;

/// A core, and the classes of images that it runs: as they are called here, and as they are written.
struct Core {
    board: &'static str,
    machine: &'static str,
    target: &'static str,
    classes: &'static [(&'static str, Class)],
}

/// How an image computes.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    I8(Target),
    F16,
}

const CORES: [Core; 2] = [
    Core {
        board: "qemu-m4",
        machine: "mps2-an386",
        target: "thumbv7em-none-eabihf",
        classes: &[
            ("portable", Class::I8(Target::Portable)),
            ("dsp", Class::I8(Target::Dsp)),
            ("f16", Class::F16),
        ],
    },
    Core {
        board: "qemu-m55",
        machine: "mps3-an547",
        target: "thumbv8m.main-none-eabihf",
        // Its vectors run over plain weights.
        classes: &[
            ("mve", Class::I8(Target::Portable)),
            ("vector-f16", Class::F16),
        ],
    },
];

fn main() {
    let arguments = Arguments::from_args();
    let trials = CORES.map(|core| {
        let skipped = board::skipped(SCRATCH, core.board);
        let name = format!("{}_keeps_its_budgets", core.board);
        Trial::test(name, move || keep(&core)).with_ignored_flag(skipped)
    });
    libtest_mimic::run(&arguments, trials.into()).exit();
}

fn keep(core: &Core) -> Result<(), Failed> {
    let _one_at_a_time = board::BUILD
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let arguments = ["cargo", "build", "--release", "--quiet", "--bin", "bench"];
    let built = board::in_board(SCRATCH, core.board, &arguments).output()?;
    if !built.status.success() {
        return Err(board::last_lines(&built.stderr).into());
    }
    let mut found = BTreeMap::new();
    for &(name, class) in core.classes {
        // The board's memory holds so many images of f16.
        let count = if class == Class::F16 { 150 } else { usize::MAX };
        let odd = odd()
            .into_iter()
            .take(count)
            .map(|encoder| ("odd", encoder));
        measured(core, &format!("{name}-odd"), &images(odd, class)?)?;
        let named = cases()
            .into_iter()
            .filter(|(name, _)| class != Class::F16 || FITS_F32.contains(name))
            .map(|(name, spec)| (name, made_up(&spec, 1)));
        for line in measured(core, name, &images(named, class)?)? {
            found.insert(format!("{name}.{}", line.layer), line.count);
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("budgets.toml");
    let mut kept = read(&std::fs::read_to_string(&path)?)?;
    if std::env::var_os("MOTE_BUDGETS").is_some_and(|v| v == "write") {
        kept.retain(|layer, _| {
            let mut classes = core.classes.iter();
            !classes.any(|(class, _)| layer.split('.').next() == Some(class))
        });
        kept.extend(found);
        return Ok(std::fs::write(path, as_toml(&kept))?);
    }
    let mut grown = String::new();
    for (layer, &count) in &found {
        match kept.get(layer) {
            Some(&budget) if count as f64 > budget as f64 * (1.0 + SLACK) + STEP as f64 => {
                writeln!(grown, "{layer}: {count} instructions, budget {budget}")?;
            }
            Some(_) => {}
            None => writeln!(grown, "{layer}: {count} instructions, no budget")?,
        }
    }
    match grown.is_empty() {
        true => Ok(()),
        false => {
            Err(format!("{grown}MOTE_BUDGETS=write cargo test --test budgets accepts them").into())
        }
    }
}

/// What the core counted; an error where its bits are not the desktop's.
fn measured(core: &Core, name: &str, images: &[u8]) -> Result<Vec<Line>, Failed> {
    let desktop = lines(&desktop(images)?)?;
    let device = lines(&device(core, name, images)?)?;
    if desktop.len() != device.len() {
        return Err(format!("{} lines instead of {}", device.len(), desktop.len()).into());
    }
    for (index, (desktop, device)) in desktop.iter().zip(&device).enumerate() {
        if desktop.crc != device.crc {
            let layer = &device.layer;
            return Err(
                format!("{name} {layer}, line {index}: other bits than the desktop's").into(),
            );
        }
    }
    Ok(device)
}

/// All images one after the other, each at a multiple of 16.
fn images(
    encoders: impl Iterator<Item = (&'static str, QuantizedEncoder)>,
    class: Class,
) -> Result<Vec<u8>, Failed> {
    let mut images = Vec::new();
    for (name, encoder) in encoders {
        let about = about(name, &encoder.spec);
        images.extend(match class {
            Class::I8(target) => int8_image_for(&about, &encoder, target)?,
            Class::F16 => f16(&trained(&encoder), &about)?,
        });
        images.resize(images.len().next_multiple_of(16), 0);
    }
    Ok(images)
}

struct NoCounter;

impl mote_bench::Counter for NoCounter {
    fn start(&mut self) {}

    fn stop(&mut self) -> u32 {
        0
    }
}

fn desktop(images: &[u8]) -> Result<String, Failed> {
    let (chunks, _) = images.as_chunks::<16>();
    let aligned: Vec<u128> = chunks.iter().map(|&c| u128::from_ne_bytes(c)).collect();
    let mut scratch = vec![0_u128; mote_bench::SCRATCH_LEN / 16];
    let mut text = String::new();
    mote_bench::run(
        bytemuck::cast_slice(&aligned),
        bytemuck::cast_slice_mut(&mut scratch),
        &mut NoCounter,
        &mut text,
    )?;
    Ok(text)
}

fn device(core: &Core, name: &str, images: &[u8]) -> Result<String, Failed> {
    let folder = Path::new(SCRATCH).join("bench").join(name);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("bench.images"), images)?;
    let output = Command::new("timeout")
        .args([
            "120",
            "qemu-system-arm",
            "-machine",
            core.machine,
            "-icount",
            "shift=0",
        ])
        .args(["-display", "none", "-serial", "none", "-monitor", "none"])
        .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
        .arg(
            board::target(SCRATCH)
                .join(core.target)
                .join("release/bench"),
        )
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.success() {
        true => Ok(text),
        false => Err(format!("the board ended with {}:\n{text}", output.status).into()),
    }
}

/// One line of the benchmark.
struct Line {
    layer: String,
    count: u64,
    crc: String,
}

fn lines(text: &str) -> Result<Vec<Line>, Failed> {
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let &[name, layer, _macs, count, crc] = words.as_slice() else {
            return Err(Failed::from(format!("not a line of the benchmark: {line}")));
        };
        Ok(Line {
            layer: format!("{name}.{layer}"),
            count: count.parse()?,
            crc: crc.to_owned(),
        })
    };
    text.lines().map(line).collect()
}

fn as_toml(found: &BTreeMap<String, u64>) -> String {
    let mut text = "# Instructions in QEMU, on a Cortex-M4 (portable, dsp) and a Cortex-M55 (mve): class, case, layer. Written by\n\
                    # MOTE_BUDGETS=write cargo test -p mote-tests --test budgets\n"
        .to_owned();
    for (layer, count) in found {
        text += &format!("\"{layer}\" = {count}\n");
    }
    text
}

fn read(text: &str) -> Result<BTreeMap<String, u64>, Failed> {
    let entries = text
        .lines()
        .filter(|l| !l.starts_with('#') && !l.is_empty());
    let entry = |line: &str| {
        let (name, count) = line.split_once(" = ").ok_or("a budget without a number")?;
        Ok((name.trim_matches('"').to_owned(), count.parse()?))
    };
    entries.map(entry).collect()
}
