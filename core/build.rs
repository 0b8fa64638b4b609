//! Tells the code whether the target has the DSP instructions (`cfg(mote_dsp)`), whether its assembler must be told
//! (`cfg(mote_armv8m)`), whether it has the vector instructions (`cfg(mote_mve)`), and whether it has an FPU that converts
//! halves (`cfg(mote_vfp)`), and which of the two instruction sets it has (`cfg(mote_thumb1)`, `cfg(mote_thumb2)`). Of a
//! desktop it tells whether it has the vectors of 64-bit x86 (`cfg(mote_sse2)`).
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

/// Cores whose compiler model has the vector instructions.
const VECTOR_CORES: [&str; 3] = ["cortex-m52", "cortex-m55", "cortex-m85"];

/// Whether these compiler flags, one after the other, leave `feature` on, which these cores have.
fn asked(flags: &str, feature: &str, cores: &[&str]) -> bool {
    let mut on = false;
    for flag in flags.split('\x1f') {
        let flag = flag.strip_prefix("-C").unwrap_or(flag).trim();
        if let Some(core) = flag.strip_prefix("target-cpu=") {
            on |= cores.contains(&core);
        }
    }
    for flag in flags.split('\x1f') {
        let flag = flag.strip_prefix("-C").unwrap_or(flag).trim();
        for named in flag
            .strip_prefix("target-feature=")
            .unwrap_or_default()
            .split(',')
        {
            match named.split_at_checked(1) {
                Some(("+", name)) if name == feature => on = true,
                Some(("-", name)) if name == feature => on = false,
                _ => {}
            }
        }
    }
    on
}

fn main() {
    println!(
        "cargo:rustc-check-cfg=cfg(mote_dsp, mote_armv8m, mote_mve, mote_vfp, mote_thumb1, mote_thumb2, mote_sse2)"
    );
    println!("cargo:rerun-if-changed=build.rs");
    let target = var("TARGET").unwrap_or_default();
    let flags = var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let features = var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    if target.starts_with("x86_64") && features.split(',').any(|feature| feature == "sse2") {
        println!("cargo:rustc-cfg=mote_sse2");
    }
    let main = target.starts_with("thumbv8m.main");
    let armv8m = main && asked(&flags, "dsp", &CORES);
    if armv8m && asked(&flags, "mve", &VECTOR_CORES) {
        println!("cargo:rustc-cfg=mote_mve");
    }
    if armv8m {
        println!("cargo:rustc-cfg=mote_armv8m");
    }
    if target.ends_with("-eabihf") && (main || target.starts_with("thumbv7em")) {
        println!("cargo:rustc-cfg=mote_vfp");
    }
    if target.starts_with("thumbv6m") || target.starts_with("thumbv8m.base") {
        println!("cargo:rustc-cfg=mote_thumb1");
    }
    if target.starts_with("thumbv7m") || target.starts_with("thumbv7em") || main {
        println!("cargo:rustc-cfg=mote_thumb2");
    }
    if armv8m || target.starts_with("thumbv7em") {
        println!("cargo:rustc-cfg=mote_dsp");
    }
}
