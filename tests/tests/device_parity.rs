//! The suite of `firmware/suite` in QEMU and on the desktop: the texts must be equal.
//!
//! A board whose tools are missing counts as ignored and says why. With `MOTE_REQUIRE_DEVICE=1` every
//! board must run; without it only the Cortex-M4 is built, because each further one takes a minute.

use libtest_mimic::{Arguments, Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

/// The boards; the first one runs by default.
const BOARDS: [&str; 6] = [
    "qemu-m4", "qemu-m0", "qemu-m3", "qemu-m7", "qemu-m33", "qemu-m55",
];

/// Boards share a target folder, so they are built one after the other.
static BUILD: Mutex<()> = Mutex::new(());

fn main() {
    let arguments = Arguments::from_args();
    let required = std::env::var_os("MOTE_REQUIRE_DEVICE").is_some_and(|v| v == "1");
    let trials = BOARDS.map(|board| {
        let skip = if required {
            None
        } else if board != BOARDS[0] {
            Some("set MOTE_REQUIRE_DEVICE=1 to build and run all boards".to_owned())
        } else {
            missing(board)
        };
        if let Some(why) = &skip {
            eprintln!("SKIPPED {board}: {why}");
        }
        Trial::test(format!("{board}_equals_the_desktop"), move || parity(board))
            .with_ignored_flag(skip.is_some())
    });
    libtest_mimic::run(&arguments, trials.into()).exit();
}

fn firmware() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware")
}

/// A command in the board's folder, through the script that finds a toolchain.
fn in_board(board: &str, arguments: &[&str]) -> Command {
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
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("boards");
    command.env("CARGO_TARGET_DIR", target);
    command
}

/// What keeps a board from running here.
fn missing(board: &str) -> Option<String> {
    let qemu = Command::new("qemu-system-arm").arg("--version").output();
    if !qemu.is_ok_and(|q| q.status.success()) {
        return Some("qemu-system-arm is not installed".to_owned());
    }
    match in_board(board, &[]).output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(last_lines(&output.stderr)),
        Err(error) => Some(format!("firmware/toolchain.sh: {error}")),
    }
}

fn parity(board: &str) -> Result<(), Failed> {
    let _one_at_a_time = BUILD
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let Output {
        status,
        stdout,
        stderr,
    } = in_board(board, &["cargo", "run", "--release", "--quiet"]).output()?;
    let device = String::from_utf8_lossy(&stdout).replace("\r\n", "\n");
    if !status.success() {
        let told = last_lines(&stderr);
        return Err(format!("{board} ended with {status}:\n{device}\n{told}").into());
    }
    let mut desktop = String::new();
    mote_suite::run(&mut desktop)?;
    match difference(&desktop, &device) {
        None => Ok(()),
        Some(text) => Err(format!("{board} differs from the desktop:\n{text}").into()),
    }
}

/// The first lines that differ, with the line before them.
fn difference(desktop: &str, device: &str) -> Option<String> {
    if desktop == device {
        return None;
    }
    let (a, b): (Vec<_>, Vec<_>) = (desktop.lines().collect(), device.lines().collect());
    let at = (0..a.len().max(b.len())).find(|&i| a.get(i) != b.get(i));
    let at = at.unwrap_or(a.len());
    let line = |lines: &[&str], i: usize| (*lines.get(i).unwrap_or(&"(nothing)")).to_owned();
    let before = at.checked_sub(1).map_or(String::new(), |i| line(&a, i));
    Some(format!(
        "  {before}\n- desktop {}\n- device  {}",
        line(&a, at),
        line(&b, at)
    ))
}

fn last_lines(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}
