//! Where the linker puts what: `memory.x`, cortex-m-rt's script, and that of the log in the program that has one.

fn main() {
    println!("cargo:rustc-link-search={}", env!("CARGO_MANIFEST_DIR"));
    println!(
        "cargo:rustc-link-arg-bin={}=-Tdefmt.x",
        env!("CARGO_PKG_NAME")
    );
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rerun-if-changed=memory.x");
}
