//! What the kernels of each target class take of flash, from the benchmark's symbols: it links all that the core runs,
//! and no others.

use crate::bench::Machine;
use host::cost::Core;
use libtest_mimic::Failed;
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

/// Says which class takes more than it may, or has no function left that bears its name.
pub fn too_much(machine: &Machine) -> Result<String, Failed> {
    let program = std::fs::read(machine.program()?)?;
    let elf = Elf::parse(&program)?;
    let mut text = String::new();
    for (class, names) in CLASSES {
        // How large a packed layer is, every parser asks.
        let ours = |name: &str| {
            name.contains("9mote_core")
                && names.iter().any(|part| name.contains(part))
                && !name.contains("3dsp7packing")
        };
        let functions = elf.functions()?.filter(|(name, _)| ours(name));
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
