//! A run that is killed again and again ends in the same bytes as one that is left alone.
#![cfg(unix)]

mod common;

use common::{WAVES, checkpoints, mote, record, same_files, wait};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Its trainings have 25 epochs of eight steps, each saved; a checkpoint is larger than a pipe holds.
const RECIPE: [&str; 10] = [
    "--steps",
    "200",
    "--batch",
    "8",
    "--width",
    "0.5",
    "--checkpoint-epochs",
    "1",
    "--checkpoint-minutes",
    "0",
];

fn spawn(folder: &Path, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_mote"))
        .current_dir(folder)
        .args(["pretrain", "--quiet"])
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn kill(mut child: Child) {
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
}

/// A number below `sides`, after Knuth's MMIX generator.
fn dice(state: &mut u64, sides: u64) -> u64 {
    *state = state
        .wrapping_mul(6364136223846793005)
        .wrapping_add(1442695040888963407);
    (*state >> 33) % sides
}

/// Kills the run while it writes the checkpoint of `step`: a pipe that nobody empties lies where its temporary file
/// would be.
fn kill_within_a_write(here: &Path, step: u32) {
    let run = here.join("runs/killed");
    let mut child = spawn(here, &[&["--name", "killed"], &WAVES[..], &RECIPE].concat());
    assert!(wait(&mut child, || run.join("config.toml").exists()));
    fs::create_dir_all(run.join("checkpoints")).unwrap();
    let name = format!("pretrain-{step:010}.checkpoint");
    let pipe = run.join(format!("checkpoints/.{name}.{}.partial", child.id()));
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let (sender, receiver) = std::sync::mpsc::channel();
    let reader = pipe.clone();
    std::thread::spawn(move || {
        let mut written = [0; 100];
        let mut pipe = fs::File::open(reader).unwrap();
        pipe.read_exact(&mut written).unwrap();
        sender.send((written, pipe)).unwrap();
    });
    let (written, _pipe) = receiver
        .recv_timeout(Duration::from_secs(60))
        .expect("the run should have come to this checkpoint");
    assert!(written.starts_with(b"mote-chk"));
    kill(child);
    assert!(pipe.exists() && !checkpoints(&run).contains(&name));
}

#[test]
fn a_run_killed_twenty_times_ends_in_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    record(&here.join("waves"), true);
    let arguments = [
        &["pretrain", "--quiet", "--name", "whole"],
        &WAVES[..],
        &RECIPE,
    ]
    .concat();
    let output = mote(here, &arguments);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    kill_within_a_write(here, 184);
    let run = here.join("runs/killed");
    // Go back, so that there is more to interrupt.
    fs::remove_dir_all(run.join("checkpoints")).unwrap();
    let (mut state, mut kills) = (0x5eed, 1);
    loop {
        let mut child = spawn(here, &["--resume", "runs/killed"]);
        // So many checkpoints further, so much later; sometimes before it has even read the data.
        let (more, later) = (dice(&mut state, 3), dice(&mut state, 8_000));
        let mut alive = true;
        for _ in 0..more {
            let before = checkpoints(&run);
            alive = alive && wait(&mut child, || checkpoints(&run) != before);
        }
        std::thread::sleep(Duration::from_micros(later));
        if !alive || run.join("finished").exists() {
            assert!(child.wait().unwrap().success());
            break;
        }
        kill(child);
        kills += 1;
    }
    assert!(kills >= 20, "only {kills} kills; the run is too short");
    same_files(here, ["whole", "killed"], &format!("after {kills} kills"));
    let entries = fs::read_dir(run.join("checkpoints")).unwrap().flatten();
    let left: Vec<_> = entries.map(|entry| entry.file_name()).collect();
    assert_eq!(left.len(), 4, "two of each training stay, not {left:?}");
}

#[test]
fn a_run_goes_on_only_as_it_began() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    record(&here.join("waves"), true);
    let run = here.join("runs/killed");
    let mut child = spawn(here, &[&["--name", "killed"], &WAVES[..], &RECIPE].concat());
    assert!(wait(&mut child, || !checkpoints(&run).is_empty()));
    kill(child);

    let refuses = |arguments: &[&str], parts: &[&str]| {
        let output = mote(here, &[&["pretrain"], arguments].concat());
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
        for part in parts {
            assert!(message.contains(part), "no {part:?} in {message}");
        }
    };
    refuses(
        &[&["--name", "killed"], &WAVES[..], &RECIPE].concat(),
        &["--resume", "--force"],
    );
    let resume = ["--resume", "runs/killed"];
    refuses(
        &[&resume[..], &["--seed", "3"]].concat(),
        &["seed was 0 and is 3"],
    );
    refuses(&["--resume", "runs/none"], &["runs/none"]);
    refuses(&["--resume", "waves"], &["config.toml"]);

    let config = fs::read_to_string(run.join("config.toml")).unwrap();
    let changed = config.replace("warm_up = 0.05", "warm_up = 0.5");
    assert_ne!(config, changed);
    fs::write(run.join("config.toml"), changed).unwrap();
    refuses(&resume, &["schedule.warm_up was 0.05", "is 0.5"]);
    fs::write(run.join("config.toml"), config).unwrap();

    let recording = here.join("waves/slow/0_0.csv");
    let text = fs::read_to_string(&recording).unwrap();
    fs::write(&recording, text.replacen("0.1", "0.2", 1)).unwrap();
    refuses(&resume, &["have changed since this run began", "SHA-256"]);
    fs::write(&recording, text).unwrap();

    let threads = [&resume[..], &["--threads", "1", "--quiet"]].concat();
    assert!(
        mote(here, &[&["pretrain"], &threads[..]].concat())
            .status
            .success()
    );
    refuses(&resume, &["finished"]);
}
