//! Runs that train two networks: a wider twin and its pupil, or two encoders of paired modalities.

mod common;

use common::{WAVES, mote, record, says};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RECIPE: [&str; 5] = [
    "--steps",
    "60",
    "--batch=8",
    "--checkpoint-minutes=0",
    "--checkpoint-epochs=1",
];

fn pretrain(here: &Path, arguments: &[&str]) -> (bool, String) {
    let all = [&["pretrain", "--quiet"], &WAVES[..], &RECIPE, arguments].concat();
    let output = mote(here, &all);
    (
        output.status.success(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

fn file(here: &Path, run: &str, name: &str) -> Vec<u8> {
    fs::read(here.join("runs").join(run).join(name)).unwrap()
}

/// Trains `whole` with one thread, and `killed` with three, killed once for each of `tasks` after its first checkpoint;
/// both must write the same `files`.
fn same_after_kills(here: &Path, recipe: &[&str], tasks: &[&str], files: &[&str]) {
    let whole = [&["--name", "whole", "--threads", "1"], recipe].concat();
    let (done, message) = pretrain(here, &whole);
    assert!(done, "{message}");
    let run = here.join("runs/killed");
    for (round, task) in tasks.iter().enumerate() {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mote"));
        command.current_dir(here);
        command.args(["pretrain", "--quiet", "--threads", "3"]);
        match round {
            0 => command
                .args(WAVES)
                .args(RECIPE)
                .args(["--name", "killed"])
                .args(recipe),
            _ => command.args(["--resume", "runs/killed"]),
        };
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        let saved = || {
            let entries = fs::read_dir(run.join("checkpoints")).into_iter().flatten();
            let mut names = entries.flatten().map(|e| e.file_name());
            names.any(|name| name.to_string_lossy().starts_with(task))
        };
        while !saved() {
            let waited = begun.elapsed();
            assert!(waited < Duration::from_secs(120), "no checkpoint of {task}");
            assert!(child.try_wait().unwrap().is_none(), "{task} ended unseen");
            std::thread::sleep(Duration::from_micros(300));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(!run.join("finished").exists());
    let output = mote(here, &["pretrain", "--quiet", "--resume", "runs/killed"]);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{message}");
    for name in files {
        let same = file(here, "whole", name) == file(here, "killed", name);
        assert!(same, "{name} differs");
    }
}

#[test]
fn a_run_with_a_wider_twin_is_the_same_after_kills_and_with_other_threads() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    record(&here.join("waves"), true);
    same_after_kills(
        here,
        &["--width", "0.25", "--teacher-width", "2"],
        &["teacher", "pretrain"],
        &["encoder.safetensors", "encoder.image", "metrics.jsonl"],
    );
    let config = String::from_utf8(file(here, "whole", "config.toml")).unwrap();
    assert!(config.contains("name = \"distillation\"") && config.contains("name = \"nt_xent\""));
    let metrics = String::from_utf8(file(here, "whole", "metrics.jsonl")).unwrap();
    assert!(metrics.contains("\"kind\":\"teacher\""), "{metrics}");
}

#[test]
fn two_encoders_of_one_recording_are_the_same_after_a_kill_and_work_alone() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    record(&here.join("waves"), true);
    let config = "[objective]\nname = \"paired\"\nchannels = [\"right\"]\n";
    fs::write(here.join("paired.toml"), config).unwrap();
    let files = [
        "encoder.safetensors",
        "encoder.image",
        "partner.safetensors",
        "partner.image",
        "metrics.jsonl",
    ];
    let recipe = ["--config", "paired.toml", "--width", "0.25"];
    same_after_kills(here, &recipe, &["pretrain"], &files);
    // Either is an encoder of one channel like any other.
    for (name, channel) in [("encoder.image", "left"), ("partner.image", "right")] {
        let text = says(here, &["inspect", &format!("runs/whole/{name}")]);
        assert!(text.contains(channel), "{text}");
    }
    let report = String::from_utf8(file(here, "whole", "report.html")).unwrap();
    assert!(report.contains("The second encoder (right)"));

    let (done, message) = pretrain(here, &["--objective", "paired", "--name", "unpaired"]);
    assert!(
        !done && message.contains("two sensors of three axes"),
        "{message}"
    );
}

#[test]
fn two_data_sets_are_the_same_after_a_kill_and_either_encoder_works_alone() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    record(&here.join("waves"), true);
    fs::create_dir_all(here.join("words")).unwrap();
    for (number, word) in ["calm", "wild"].iter().cycle().take(6).enumerate() {
        // One longer than the others, so that a place in it is drawn.
        let text = format!("{word} {word} {}", "and on ".repeat(number * 4));
        fs::write(
            here.join(format!("words/{}_{number}.txt", number / 2)),
            text,
        )
        .unwrap();
    }
    let files = [
        "encoder.safetensors",
        "encoder.image",
        "partner.safetensors",
        "partner.image",
        "metrics.jsonl",
        "config.toml",
    ];
    let partner = "[objective]\nname = \"paired\"\n[objective.partner]\nwindow = 32\nhop = 32\n";
    fs::write(here.join("partner.toml"), partner).unwrap();
    let recipe = [
        "--config",
        "partner.toml",
        "--pair-with",
        "words",
        "--width",
        "0.25",
    ];
    same_after_kills(here, &recipe, &["pretrain"], &files);
    for (name, part) in [("encoder.image", "left"), ("partner.image", "symbol")] {
        let text = says(here, &["inspect", &format!("runs/whole/{name}")]);
        assert!(text.contains(part), "{text}");
    }

    let alone = ["--config", "partner.toml", "--name", "alone"];
    let (done, message) = pretrain(here, &alone);
    assert!(
        !done && message.contains("beside it, objective.with"),
        "{message}"
    );

    // The same recordings with one other word are other data.
    fs::remove_file(here.join("runs/killed/finished")).unwrap();
    fs::write(here.join("words/0_0.txt"), "calm wild").unwrap();
    let (done, message) = pretrain(here, &["--resume", "runs/killed"]);
    assert!(!done && message.contains("have changed"), "{message}");
}

/// A table as `numpy.save` writes it.
fn npy(rows: usize, columns: usize, value: impl Fn(usize, usize) -> f32) -> Vec<u8> {
    let head =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((head.len() as u16).to_le_bytes());
    bytes.extend(head.as_bytes());
    for row in 0..rows {
        (0..columns).for_each(|column| bytes.extend(value(row, column).to_le_bytes()));
    }
    bytes
}

#[test]
fn embeddings_of_a_file_are_learned_from_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    record(&here.join("waves"), true);
    let rows = [&["data", "--rows", "rows.csv"], &WAVES[..]].concat();
    let output = mote(here, &rows);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let rows = fs::read_to_string(here.join("rows.csv")).unwrap();
    let rows: Vec<&str> = rows.lines().skip(1).collect();
    // Six recordings of 160 samples.
    assert_eq!(rows.len(), 6 * 17, "{rows:?}");
    let slow: Vec<bool> = rows.iter().map(|row| row.contains("slow")).collect();
    assert!(slow.contains(&true) && slow.contains(&false));

    let table = npy(rows.len(), 8, |row, column| {
        let class = if slow[row] { 1.0 } else { -1.0 };
        class * (column as f32 - 3.5) + (row * column) as f32 % 0.3
    });
    fs::write(here.join("teacher.npy"), &table).unwrap();
    let learn = [
        "--teacher",
        "teacher.npy",
        "--width",
        "0.25",
        "--hand-features",
        "0",
        "--name",
    ];
    let (done, message) = pretrain(here, &[&learn[..], &["taught"]].concat());
    assert!(done, "{message}");
    let metrics = String::from_utf8(file(here, "taught", "metrics.jsonl")).unwrap();
    let losses: Vec<f64> = metrics
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|line| line["kind"] == "pretrain")
        .filter_map(|line| line["loss"].as_f64())
        .collect();
    // Two unrelated directions cost 2.
    let (first, last) = (losses[0], losses[losses.len() - 1]);
    assert!(last < 0.3 && last < first, "{losses:?}");

    fs::write(here.join("teacher.npy"), npy(7, 8, |_, _| 0.0)).unwrap();
    let (done, message) = pretrain(here, &[&learn[..], &["short"]].concat());
    assert!(
        !done && message.contains("each of the 102 windows"),
        "{message}"
    );
    assert!(
        message.contains("found 7 rows of 8") && message.contains("--rows"),
        "{message}"
    );
    assert!(!here.join("runs/short").exists());
}
