//! Tells the code whether the target has the DSP instructions of Armv7E-M (`cfg(mote_dsp)`).
//!
//! Stable rustc does not show that feature to `cfg`, so it is read from the target's name and from the flags:
//! Armv7E-M always has it, Armv8-M where the build says so (`-C target-cpu=cortex-m33`, `-C target-feature=+dsp`).

use std::env;

fn main() {
    println!("cargo:rustc-check-cfg=cfg(mote_dsp)");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=CARGO_ENCODED_RUSTFLAGS");
    let var = |name| env::var(name).unwrap_or_default();
    let (target, flags) = (var("TARGET"), var("CARGO_ENCODED_RUSTFLAGS"));
    let told = [
        "+dsp",
        "cortex-m33",
        "cortex-m35p",
        "cortex-m55",
        "cortex-m85",
    ]
    .iter()
    .any(|flag| flags.contains(flag));
    let refused = flags.contains("-dsp") || flags.contains("nodsp");
    if target.starts_with("thumbv7em") || target.starts_with("thumbv8m.main") && told && !refused {
        println!("cargo:rustc-cfg=mote_dsp");
    }
}
