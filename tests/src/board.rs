//! The boards of `firmware/boards`, built and run in QEMU.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// Boards share a target folder, so they are built one after the other.
pub static BUILD: Mutex<()> = Mutex::new(());

/// Whether every board must run: `MOTE_REQUIRE_DEVICE=1`.
pub fn required() -> bool {
    asked("MOTE_REQUIRE_DEVICE")
}

/// Whether every crate of silicon must build, which takes many minutes: `MOTE_REQUIRE_SILICON=1`.
pub fn silicon_required() -> bool {
    asked("MOTE_REQUIRE_SILICON")
}

fn asked(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| value == "1")
}

/// The `firmware` folder.
pub fn firmware() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware")
}

/// Where boards are built; `scratch` is the test's own folder, `CARGO_TARGET_TMPDIR`.
pub fn target(scratch: &str) -> PathBuf {
    Path::new(scratch).join("boards")
}

/// A command in the board's folder, through the script that finds a toolchain.
pub fn in_board(scratch: &str, board: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(firmware().join("toolchain.sh"));
    command
        .args(arguments)
        .current_dir(firmware().join("boards").join(board))
        .stdin(Stdio::null());
    // Settings of the desktop's build must not leak into the device's.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let of_cargo = text.starts_with("CARGO") && text != "CARGO_HOME";
        if of_cargo || text.starts_with("RUSTC") || text.contains("RUSTFLAGS") {
            command.env_remove(&name);
        }
    }
    command.env("CARGO_TARGET_DIR", target(scratch));
    command
}

/// What keeps a board from running here.
pub fn missing(scratch: &str, board: &str) -> Option<String> {
    let qemu = Command::new("qemu-system-arm").arg("--version").output();
    if !qemu.is_ok_and(|q| q.status.success()) {
        return Some("qemu-system-arm is not installed".to_owned());
    }
    match in_board(scratch, board, &[]).output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(last_lines(&output.stderr)),
        Err(error) => Some(format!("firmware/toolchain.sh: {error}")),
    }
}

/// Why `board` is skipped, if it is: without `MOTE_REQUIRE_DEVICE=1` only the Cortex-M4 runs, because each
/// further one takes a minute to build. Says so aloud.
pub fn skipped(scratch: &str, board: &str) -> bool {
    let why = if required() {
        None
    } else if board != "qemu-m4" {
        Some("set MOTE_REQUIRE_DEVICE=1 to build and run all boards".to_owned())
    } else {
        missing(scratch, board)
    };
    if let Some(why) = &why {
        eprintln!("SKIPPED {board}: {why}");
    }
    why.is_some()
}

/// The end of what a command said.
pub fn last_lines(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}
