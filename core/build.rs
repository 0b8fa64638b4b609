//! Tells the code whether the target has the DSP instructions (`cfg(mote_dsp)`), and whether its assembler must be told
//! (`cfg(mote_armv8m)`).
//!
//! Stable rustc does not show that feature to `cfg`. Armv7E-M always has it, so its name says it. Armv8-M leaves it to
//! the maker, so the flags must: `-C target-cpu=cortex-m33` (or another core that has it) or `-C target-feature=+dsp`.
//! Without them the assembler refuses the instructions, and the core runs portable images.

use std::env::var;

/// Cores of Armv8-M whose compiler model has the DSP instructions.
const CORES: [&str; 6] = [
    "cortex-m33",
    "cortex-m35p",
    "cortex-m52",
    "cortex-m55",
    "cortex-m85",
    "star-mc1",
];

/// Whether these compiler flags, one after the other, leave the DSP instructions on.
fn asked(flags: &str) -> bool {
    let mut dsp = false;
    for flag in flags.split('\x1f') {
        let flag = flag.strip_prefix("-C").unwrap_or(flag).trim();
        if let Some(core) = flag.strip_prefix("target-cpu=") {
            dsp |= CORES.contains(&core);
        }
    }
    for flag in flags.split('\x1f') {
        let flag = flag.strip_prefix("-C").unwrap_or(flag).trim();
        for feature in flag
            .strip_prefix("target-feature=")
            .unwrap_or_default()
            .split(',')
        {
            match feature {
                "+dsp" => dsp = true,
                "-dsp" => dsp = false,
                _ => {}
            }
        }
    }
    dsp
}

fn main() {
    println!("cargo:rustc-check-cfg=cfg(mote_dsp, mote_armv8m)");
    println!("cargo:rerun-if-changed=build.rs");
    let target = var("TARGET").unwrap_or_default();
    let flags = var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let armv8m = target.starts_with("thumbv8m.main") && asked(&flags);
    if armv8m {
        println!("cargo:rustc-cfg=mote_armv8m");
    }
    if armv8m || target.starts_with("thumbv7em") {
        println!("cargo:rustc-cfg=mote_dsp");
    }
}
