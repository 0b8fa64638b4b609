//! Tells the code whether the target has the DSP instructions (`cfg(mote_dsp)`).
//!
//! Stable rustc does not show that feature to `cfg`, so it is read from the target's name: Armv7E-M always has it.
//! Armv8-M leaves it to the maker, and the assembler does not take the instructions there yet: M33 and M55 run
//! portable images.

fn main() {
    println!("cargo:rustc-check-cfg=cfg(mote_dsp)");
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("TARGET").is_ok_and(|target| target.starts_with("thumbv7em")) {
        println!("cargo:rustc-cfg=mote_dsp");
    }
}
