//! What every layer costs on a Cortex-M4, in instructions, against `budgets.toml`: no growth over 0.5 %.
//!
//! Builds `firmware/bench`, runs it in QEMU, which counts exactly, and compares every output with the desktop's.
//! Without its tools the test is ignored and says why, unless `MOTE_REQUIRE_DEVICE=1`. `MOTE_BUDGETS=write` writes the
//! file anew.

mod budgets {
    pub mod cases;
}

use budgets::cases::{about, cases, made_up};
use host::export::int8_image_for;
use libtest_mimic::{Arguments, Failed, Trial};
use mote_core::image::Target;
use mote_tests::board;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

const SCRATCH: &str = env!("CARGO_TARGET_TMPDIR");
const BOARD: &str = "qemu-m4";
/// Growth that is no growth, as a fraction.
const SLACK: f64 = 0.005;
/// SysTick's steps: a layer may differ by one from run to run of different code.
const STEP: u64 = 80;

fn main() {
    let arguments = Arguments::from_args();
    let skipped = board::skipped(SCRATCH, BOARD);
    let trial = Trial::test("cortex_m4_keeps_its_budgets", keep).with_ignored_flag(skipped);
    libtest_mimic::run(&arguments, vec![trial]).exit();
}

fn keep() -> Result<(), Failed> {
    let mut found = BTreeMap::new();
    for (target, name) in [(Target::Portable, "portable"), (Target::Dsp, "dsp")] {
        let images = images(target)?;
        let desktop = desktop(&images)?;
        let device = device(name, &images)?;
        let (desktop, device) = (lines(&desktop)?, lines(&device)?);
        if desktop.len() != device.len() {
            return Err(format!("{} lines instead of {}", device.len(), desktop.len()).into());
        }
        for (desktop, device) in desktop.iter().zip(&device) {
            if desktop.crc != device.crc {
                return Err(
                    format!("{name} {}: other bits than the desktop's", device.layer).into(),
                );
            }
            found.insert(format!("{name}.{}", device.layer), device.count);
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("budgets.toml");
    if std::env::var_os("MOTE_BUDGETS").is_some_and(|v| v == "write") {
        return Ok(std::fs::write(path, as_toml(&found))?);
    }
    let kept = read(&std::fs::read_to_string(&path)?)?;
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

/// All cases one after the other, each at a multiple of 16.
fn images(target: Target) -> Result<Vec<u8>, Failed> {
    let mut images = Vec::new();
    for (name, spec) in cases() {
        images.extend(int8_image_for(
            &about(name, &spec),
            &made_up(&spec, 1),
            target,
        )?);
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

fn device(name: &str, images: &[u8]) -> Result<String, Failed> {
    let arguments = ["cargo", "build", "--release", "--quiet", "--bin", "bench"];
    let built = board::in_board(SCRATCH, BOARD, &arguments).output()?;
    if !built.status.success() {
        return Err(board::last_lines(&built.stderr).into());
    }
    let folder = Path::new(SCRATCH).join("bench").join(name);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("bench.images"), images)?;
    let output = Command::new("timeout")
        .args([
            "120",
            "qemu-system-arm",
            "-machine",
            "mps2-an386",
            "-icount",
            "shift=0",
        ])
        .args(["-display", "none", "-serial", "none", "-monitor", "none"])
        .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
        .arg(board::target(SCRATCH).join("thumbv7em-none-eabihf/release/bench"))
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
    let mut text = "# Instructions on a Cortex-M4 in QEMU: target class, case, layer. Written by\n\
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
