//! What the kernels of each target class take of flash, from the benchmark's symbols: it links all of them.

use crate::bench::Machine;
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
    let elf = Elf::parse(&program).ok_or("the benchmark is no ELF file")?;
    let mut text = String::new();
    for (class, names) in CLASSES {
        let ours = |name: &str| {
            name.contains("9mote_core") && names.iter().any(|part| name.contains(part))
        };
        let functions = elf.functions().filter(|(name, _)| ours(name));
        let bytes: u32 = functions.map(|(_, bytes)| bytes).sum();
        println!("{}.{class}: {bytes} bytes of flash", machine.core.name());
        let expected = class != "mve" || machine.core == host::cost::Core::M55;
        if bytes > MOST || (bytes == 0 && expected) {
            writeln!(
                text,
                "{}.{class}: {bytes} bytes of flash, of at most {MOST}",
                machine.core.name()
            )?;
        }
    }
    Ok(text)
}
