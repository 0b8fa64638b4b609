//! What the tests of the command share.
#![allow(dead_code, reason = "each test uses its own part")]

use hound::{SampleFormat, WavSpec, WavWriter};
use std::f32::consts::TAU;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

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

/// Runs `mote`, expects success, and gives what it said.
#[track_caller]
pub fn says(folder: &Path, arguments: &[&str]) -> String {
    let output = mote(folder, arguments);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {message}");
    String::from_utf8_lossy(&output.stdout).into_owned() + &message
}

/// Runs `mote`, expects that it refuses its input, and gives the reason.
#[track_caller]
pub fn refusal(folder: &Path, arguments: &[&str]) -> String {
    let output = mote(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Waits until `ready`, or the child ends (then false).
pub fn wait(child: &mut Child, ready: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while !ready() {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "no progress");
        std::thread::sleep(Duration::from_micros(300));
    }
    true
}

/// What two runs that are the same have in common.
const FILES: [&str; 4] = [
    "encoder.safetensors",
    "encoder.image",
    "metrics.jsonl",
    "config.toml",
];

/// Fails where two runs under `here/runs` differ; `when` says what was done to them.
#[track_caller]
pub fn same_files(here: &Path, runs: [&str; 2], when: &str) {
    for file in FILES {
        let [one, other] =
            runs.map(|run| fs::read(here.join("runs").join(run).join(file)).unwrap());
        assert!(one == other, "{file} differs {when}");
    }
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

/// A tone of half a second, with a pause somewhere.
pub fn tone(file: &Path, hz: f32, number: usize) {
    let spec = WavSpec {
        channels: 1,
        sample_rate: 8000,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut writer = WavWriter::create(file, spec).unwrap();
    for i in 0..4000 {
        let quiet = (i / 200) % 13 == number % 13;
        let value = (TAU * hz * i as f32 / 8000.0).sin();
        let loud = if quiet { 0.0 } else { 12_000.0 };
        writer.write_sample((loud * value) as i16).unwrap();
    }
    writer.finalize().unwrap();
}
