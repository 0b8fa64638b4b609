//! The suite of `firmware/suite` in QEMU and on the desktop: the texts must be equal.
//!
//! A board whose tools are missing counts as ignored and says why. With `MOTE_REQUIRE_DEVICE=1` every
//! board must run; without it only the Cortex-M4 is built, because each further one takes a minute.

use libtest_mimic::{Arguments, Failed, Trial};
use mote_tests::board::{self, BUILD, in_board, last_lines};
use std::process::Output;

/// The boards; the first one runs by default.
const BOARDS: [&str; 6] = [
    "qemu-m4", "qemu-m0", "qemu-m3", "qemu-m7", "qemu-m33", "qemu-m55",
];

/// Where boards are built.
const SCRATCH: &str = env!("CARGO_TARGET_TMPDIR");

fn main() {
    let arguments = Arguments::from_args();
    let trials = BOARDS.map(|board| {
        let skipped = board::skipped(SCRATCH, board);
        Trial::test(format!("{board}_equals_the_desktop"), move || parity(board))
            .with_ignored_flag(skipped)
    });
    libtest_mimic::run(&arguments, trials.into()).exit();
}

fn parity(board: &str) -> Result<(), Failed> {
    let _one_at_a_time = BUILD
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let Output {
        status,
        stdout,
        stderr,
    } = in_board(
        SCRATCH,
        board,
        &["cargo", "run", "--release", "--quiet", "--bin", "suite"],
    )
    .output()?;
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
