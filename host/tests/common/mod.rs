//! What the tests of the command share.
#![allow(dead_code, reason = "each test uses its own part")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Runs `mote` in `folder` to its end.
pub fn mote(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mote"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

/// Names of the whole checkpoints of a run.
pub fn checkpoints(run: &Path) -> Vec<String> {
    let entries = fs::read_dir(run.join("checkpoints")).into_iter().flatten();
    let names = entries.flatten().map(|entry| entry.file_name());
    names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.'))
        .collect()
}

/// How runs read what [`record`] has put into `waves`: whole people, windows of 32 samples every 8.
pub const WAVES: [&str; 8] = [
    "--data",
    "waves",
    "--pattern",
    "{subject}_{rest}",
    "--window",
    "32",
    "--hop",
    "8",
];

/// Six recordings of two channels by three people, a slow wave or a fast one, in `folder/LABEL/`.
pub fn record(folder: &Path, labelled: bool) {
    for number in 0..6 {
        let (label, pace) = if number % 2 == 0 {
            ("slow", 0.1)
        } else {
            ("fast", 0.9)
        };
        let place = if labelled {
            folder.join(label)
        } else {
            folder.to_path_buf()
        };
        fs::create_dir_all(&place).unwrap();
        let mut text = String::from("time,left,right\n");
        for t in 0..160 {
            let phase = pace * f64::from(t) + f64::from(number);
            text += &format!("{},{},{}\n", f64::from(t) / 50.0, phase.sin(), phase.cos());
        }
        fs::write(place.join(format!("{}_{number}.csv", number / 2)), text).unwrap();
    }
}
