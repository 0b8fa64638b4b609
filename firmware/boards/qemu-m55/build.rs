//! Lets the linker find `memory.x`, and place the words of the log in the program that has one.

fn main() {
    println!("cargo:rustc-link-search={}", env!("CARGO_MANIFEST_DIR"));
    println!(
        "cargo:rustc-link-arg-bin={}=-Tdefmt.x",
        env!("CARGO_PKG_NAME")
    );
    println!("cargo:rerun-if-changed=memory.x");
}
