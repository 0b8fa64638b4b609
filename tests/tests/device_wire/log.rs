//! The log of a board in QEMU, decoded with its ELF file: the boot, and a panic that restarts.

use crate::powered::{build, folder, power_on};
use crate::{BOARDS, Board, SCRATCH, running};
use libtest_mimic::{Failed, Trial};
use mote_tests::board::{self, last_lines};
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const BOARD: Board = BOARDS[0];
/// How long a board may take for a line.
const PATIENCE: Duration = Duration::from_secs(60);

/// The test, ignored aloud where the decoder is missing.
pub fn trial() -> Trial {
    let missing = !board::required()
        && Command::new("defmt-print")
            .arg("--version")
            .output()
            .is_err();
    if missing {
        eprintln!(
            "SKIPPED the log of {}: cargo install defmt-print",
            BOARD.name
        );
    }
    let skipped = missing || board::skipped(SCRATCH, BOARD.name);
    let name = format!("{}_logs_its_boot_and_restarts_after_a_panic", BOARD.name);
    Trial::test(name, restarts).with_ignored_flag(skipped)
}

fn restarts() -> Result<(), Failed> {
    let (program, folder) = (build(&BOARD)?, folder("log")?);
    // No file for flash can be opened or made where a folder has its name.
    let flash = folder.join("flash.bin");
    std::fs::create_dir(&flash)?;
    let mut powered = power_on(&program, BOARD.machine, &folder)?;
    let log = folder.join("log.defmt");
    until(
        &program,
        &log,
        &["ERROR", "panicked", "flash.bin can be made here"],
    )?;
    std::fs::remove_dir(&flash)?;
    // Nobody restarts it but its own panic handler.
    let boot = [BOARD.name, "image watch25", "restored: false"];
    let text = until(&program, &log, &boot)?;
    assert!(text.find("panicked") < text.find("image watch25"), "{text}");
    running(&mut powered.session)?;
    Ok(())
}

/// Waits until the decoded log has all `parts`.
fn until(program: &Path, log: &Path, parts: &[&str]) -> Result<String, Failed> {
    let begun = Instant::now();
    loop {
        let text = decoded(program, log)?;
        if parts.iter().all(|part| text.contains(part)) {
            return Ok(text);
        }
        if begun.elapsed() > PATIENCE {
            return Err(format!("the log has not all of {parts:?}:\n{text}").into());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The log so far as text.
fn decoded(program: &Path, log: &Path) -> Result<String, Failed> {
    let output = Command::new("defmt-print")
        .arg("-e")
        .arg(program)
        .stdin(Stdio::from(File::open(log)?))
        .output()
        .map_err(|e| format!("defmt-print ({e}): cargo install defmt-print"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(last_lines(&output.stderr).into()),
    }
}
