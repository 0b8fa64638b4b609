//! The `mote` command as a person meets it: own data, wrong input, Ctrl-C. Exit codes and messages are judged.

mod common;

use common::{mote, record};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs `mote` and expects exit code 2 and a message that holds every part.
fn refuses(folder: &Path, arguments: &[&str], parts: &[&str]) {
    let output = mote(folder, arguments);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    for part in parts {
        assert!(
            message.contains(part),
            "{arguments:?}: no {part:?} in {message}"
        );
    }
    assert!(!message.contains("panicked"), "{message}");
}

const SMALL: [&str; 8] = [
    "--window", "32", "--hop", "8", "--steps", "4", "--batch", "8",
];

#[test]
fn own_data_with_labels_is_judged_and_exported() {
    let folder = tempfile::tempdir().unwrap();
    record(&folder.path().join("waves"), true);
    let mut arguments = vec![
        "pretrain",
        "--data",
        "waves",
        "--pattern",
        "{subject}_{rest}",
    ];
    arguments.extend(SMALL);
    arguments.extend(["--name", "first", "--json"]);
    let output = mote(folder.path(), &arguments);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{message}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["data"]["subjects"].as_array().unwrap().len(), 3);
    assert!(report["summary"]["sets"].as_array().unwrap().len() >= 6);
    let run = folder.path().join("runs/first");
    for file in [
        "encoder.safetensors",
        "encoder.image",
        "metrics.jsonl",
        "config.toml",
        "report.html",
        "map.svg",
    ] {
        assert!(run.join(file).is_file(), "{file}");
    }

    for file in ["runs/first/encoder.image", "runs/first/encoder.safetensors"] {
        assert!(mote(folder.path(), &["inspect", file]).status.success());
    }
    refuses(folder.path(), &arguments, &["first", "--force"]);
    let bytes = fs::read(run.join("encoder.image")).unwrap();
    fs::write(folder.path().join("short.image"), &bytes[..bytes.len() / 2]).unwrap();
    refuses(
        folder.path(),
        &["inspect", "short.image"],
        &["short.image", "need", "have"],
    );
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 16;
    fs::write(folder.path().join("flipped.image"), flipped).unwrap();
    refuses(folder.path(), &["inspect", "flipped.image"], &["checksum"]);
    let mut weights = fs::read(run.join("encoder.safetensors")).unwrap();
    weights.truncate(weights.len() - 7);
    fs::write(folder.path().join("cut.safetensors"), weights).unwrap();
    refuses(
        folder.path(),
        &["inspect", "cut.safetensors"],
        &["cut.safetensors"],
    );
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    record(&folder.path().join("waves"), false);
    for threads in ["1", "3"] {
        let mut arguments = vec![
            "pretrain",
            "--data",
            "waves",
            "--quiet",
            "--threads",
            threads,
        ];
        arguments.extend(["--name", threads]);
        arguments.extend(SMALL);
        let output = mote(folder.path(), &arguments);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    for file in ["encoder.safetensors", "encoder.image"] {
        let read = |run: &str| fs::read(folder.path().join("runs").join(run).join(file)).unwrap();
        assert!(read("1") == read("3"), "{file}");
    }
}

#[test]
fn wrong_input_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    record(&here.join("waves"), true);
    fs::create_dir(here.join("empty")).unwrap();
    refuses(
        here,
        &["pretrain", "--data", "missing"],
        &["missing", "folder"],
    );
    refuses(here, &["pretrain", "--data", "empty"], &["empty", ".csv"]);
    refuses(
        here,
        &["pretrain", "--data", "waves", "--window", "999"],
        &["999", "--window"],
    );
    refuses(
        here,
        &["pretrain", "--data", "waves", "--window", "0"],
        &["window.length", "found 0"],
    );
    refuses(
        here,
        &["pretrain", "--data", "waves", "--channels", "up"],
        &["up"],
    );
    refuses(
        here,
        &["inspect", "waves/slow/0_0.csv"],
        &["expected a model image"],
    );
    for (name, text, parts) in [
        ("ragged", "a,b\n1,2\n3\n", ["line 3", "2 fields"]),
        ("words", "a,b\n1,2\n3,four\n", ["line 3", "four"]),
        ("nan", "a,b\n1,2\nNaN,4\n", ["line 3", "NaN"]),
    ] {
        fs::create_dir(here.join(name)).unwrap();
        fs::write(here.join(name).join("x.csv"), text).unwrap();
        refuses(here, &["pretrain", "--data", name, "--rate", "50"], &parts);
    }
    fs::write(here.join("wrong.toml"), "[schedule]\nsteps = \"many\"\n").unwrap();
    refuses(
        here,
        &["pretrain", "--config", "wrong.toml"],
        &["wrong.toml", "line 2"],
    );
    assert!(
        !here.join("runs").exists(),
        "a refused run leaves nothing behind"
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_after_the_step_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    record(&folder.path().join("waves"), false);
    let child = Command::new(env!("CARGO_BIN_EXE_mote"))
        .current_dir(folder.path())
        .args([
            "pretrain", "--data", "waves", "--window", "32", "--steps", "1000000", "--name", "long",
        ])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let config = folder.path().join("runs/long/metrics.jsonl");
    while !config.exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    let output = child.wait_with_output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{message}");
    assert!(message.contains("of 1000000 steps"), "{message}");
    assert!(
        message.contains("mote pretrain --resume runs/long"),
        "{message}"
    );
    let checkpoints = fs::read_dir(folder.path().join("runs/long/checkpoints"));
    assert_eq!(checkpoints.unwrap().count(), 1);
}
