//! What the kernels of each target class take of flash, from the benchmark's symbols: it links all that the core runs,
//! and no others.

use crate::bench::Machine;
use host::cost::Core;
use libtest_mimic::Failed;
use mote_tests::board;
use mote_tests::elf::Elf;
use std::fmt::Write as _;

/// Most bytes that the kernels of one class take.
const MOST: u32 = 20 << 10;

/// Each class, and what the names of its functions contain.
const CLASSES: [(&str, &[&str]); 4] = [
    (
        "portable",
        &["6kernel2i8", "6kernel6output", "4arch4rows", "4arch4pool"],
    ),
    ("dsp", &["6kernel3dsp", "4arch3dsp"]),
    ("mve", &["6kernel3mve", "4arch3mve"]),
    ("f16", &["6kernel3f16", "4arch4half"]),
];

/// What the names of functions contain that the program `only` links for its image, and no kernels besides.
const ONLY: [&str; 5] = [
    "6kernel2i86conv2d",
    "6kernel2i816global_stat_pool",
    "6kernel2i85dense",
    "6kernel6output",
    "4arch4rows",
];

/// Whether a function is a kernel, or part of one, whose name contains one of `names`.
fn ours(name: &str, names: &[&str]) -> bool {
    name.contains("9mote_core")
        && names.iter().any(|part| name.contains(part))
        // How large a packed layer is, every parser asks.
        && !name.contains("3dsp7packing")
}

/// Says which kernels a program links that its one image does not need, or lacks. It runs on Cortex-M4, which has packed,
/// plain and half-precision ones, and links without a panic, as all of that board do.
pub fn only(scratch: &str) -> Result<String, Failed> {
    let arguments = ["cargo", "build", "--release", "--quiet", "--bin", "only"];
    let built = board::in_board(scratch, "no-panic", &arguments).output()?;
    if !built.status.success() {
        return Err(board::last_lines(&built.stderr).into());
    }
    let made = board::target(scratch).join("thumbv7em-none-eabihf/release/only");
    let program = std::fs::read(made)?;
    let elf = Elf::parse(&program)?;
    let (mut text, mut bytes, mut seen) = (String::new(), 0, [false; ONLY.len()]);
    for (name, len) in elf.functions()? {
        if CLASSES.iter().any(|(_, names)| ours(&name, names)) {
            match ONLY.iter().position(|part| name.contains(part)) {
                Some(kind) => seen[kind] = true,
                None => writeln!(text, "only: links {name}")?,
            }
            bytes += len;
        }
    }
    println!("only: {bytes} bytes of kernels");
    for (kind, seen) in ONLY.iter().zip(seen) {
        if !seen {
            writeln!(text, "only: lacks {kind}")?;
        }
    }
    Ok(text)
}

/// Says which class takes more than it may, or has no function left that bears its name.
pub fn too_much(machine: &Machine) -> Result<String, Failed> {
    let program = std::fs::read(machine.program()?)?;
    let elf = Elf::parse(&program)?;
    let mut text = String::new();
    for (class, names) in CLASSES {
        let functions = elf.functions()?.filter(|(name, _)| ours(name, names));
        let bytes: u32 = functions.map(|(_, bytes)| bytes).sum();
        println!("{}.{class}: {bytes} bytes of flash", machine.core.name());
        let most = match class {
            "mve" if machine.core != Core::M55 => 0,
            "dsp" if !machine.core.has_dsp() => 0,
            _ => MOST,
        };
        if bytes > most || (bytes == 0) != (most == 0) {
            writeln!(
                text,
                "{}.{class}: {bytes} bytes of flash, of at most {most}",
                machine.core.name()
            )?;
        }
    }
    Ok(text)
}
