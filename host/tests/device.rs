//! `mote device --simulate` as a person meets it: taught, asked, kept, and given another image.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn mote(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mote"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

/// Runs `mote device --simulate --flash state.flash` with a result as JSON.
fn device(folder: &Path, arguments: &[&str]) -> serde_json::Value {
    let mut all = vec!["device", "--simulate", "--flash", "state.flash", "--json"];
    all.extend(arguments);
    let output = mote(folder, &all);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {message}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refuses(folder: &Path, arguments: &[&str], code: i32, parts: &[&str]) {
    let output = mote(folder, arguments);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
    for part in parts {
        assert!(
            message.contains(part),
            "{arguments:?}: no {part:?} in {message}"
        );
    }
}

/// Six recordings of two channels, a slow wave or a fast one, in `folder/LABEL/`.
fn record(folder: &Path) {
    for number in 0..6 {
        let (label, pace) = if number % 2 == 0 {
            ("slow", 0.1)
        } else {
            ("fast", 0.9)
        };
        fs::create_dir_all(folder.join(label)).unwrap();
        let mut text = String::from("time,left,right\n");
        for t in 0..160 {
            let phase = pace * f64::from(t) + f64::from(number);
            text += &format!("{},{},{}\n", f64::from(t) / 50.0, phase.sin(), phase.cos());
        }
        fs::write(folder.join(label).join(format!("{number}.csv")), text).unwrap();
    }
}

fn pretrain(folder: &Path, name: &str, seed: &str) {
    let output = mote(
        folder,
        &[
            "pretrain", "--data", "waves", "--window", "32", "--hop", "8", "--steps", "4",
            "--batch", "8", "--name", name, "--seed", seed, "--quiet",
        ],
    );
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_simulated_device_is_taught_asked_and_remembers() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    record(&here.join("waves"));
    refuses(here, &["device", "--simulate", "status"], 2, &["--image"]);
    pretrain(here, "first", "1");

    let status = device(here, &["status"]);
    assert_eq!(status["image"]["samples"], 32);
    assert_eq!(status["labels"], 0);
    let infer = ["device", "--simulate", "infer", "--data", "waves"];
    refuses(here, &infer, 1, &["has learned nothing"]);

    let labels = device(here, &["teach", "--data", "waves", "--per-class", "3"]);
    assert_eq!(labels.as_array().unwrap().len(), 2);
    assert!(
        labels
            .as_array()
            .unwrap()
            .iter()
            .all(|l| l["examples"] == 3)
    );
    // Another process, the same flash: it still knows.
    let answers = device(here, &["infer", "--data", "waves", "--limit", "20"]);
    assert_eq!(answers["labelled"], 20);
    assert!(answers["right"].as_u64().unwrap() >= 18, "{answers}");

    device(here, &["labels", "rename", "slow", "calm"]);
    device(here, &["snapshot", "save", "learned.snapshot"]);
    let left = device(here, &["labels", "forget", "calm"]);
    assert_eq!(left.as_array().unwrap().len(), 1);
    assert_eq!(
        device(here, &["labels", "forget", "--all"]),
        serde_json::json!([])
    );
    device(here, &["snapshot", "load", "learned.snapshot"]);
    let names: Vec<_> = device(here, &["labels"])
        .as_array()
        .unwrap()
        .iter()
        .map(|label| label["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["fast", "calm"]);

    let bench = device(here, &["bench", "--repeats", "2"]);
    let layers = bench["layers"].as_array().unwrap();
    let macs = |timing: &serde_json::Value| timing["macs"].as_u64().unwrap();
    assert_eq!(layers.iter().map(macs).sum::<u64>(), macs(&bench["all"]));
    assert!(bench["all"]["seconds"].as_f64().unwrap() > 0.0);

    // Another image: the old state means nothing to it.
    pretrain(here, "second", "2");
    let old = ["--image", "runs/first/encoder.image"];
    let mut upload = vec!["device", "--simulate", "--flash", "state.flash", "--json"];
    upload.extend(old);
    upload.extend(["upload", "runs/second/encoder.image"]);
    let output = mote(here, &upload);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(status["labels"], 0);
    refuses(
        here,
        &[
            "device",
            "--simulate",
            "--flash",
            "state.flash",
            "snapshot",
            "load",
            "learned.snapshot",
        ],
        1,
        &["cannot use this snapshot"],
    );
}

#[test]
fn the_own_sensor_is_taught_and_watched() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    record(&here.join("waves"));
    pretrain(here, "first", "1");
    // Without a sensor of two channels there is nothing to teach from; the shipped recordings have six.
    let own = [
        "device",
        "--simulate",
        "teach",
        "--own",
        "wave",
        "--seconds",
        "0.2",
    ];
    refuses(here, &own, 1, &["2 channels", "gives 6"]);
    let labels = device(
        here,
        &[
            "teach",
            "--own",
            "both",
            "--data",
            "waves",
            "--seconds",
            "1.5",
        ],
    );
    assert!(labels[0]["examples"].as_u64().unwrap() > 0, "{labels}");
    device(here, &["labels", "forget", "both"]);
    device(here, &["teach", "--data", "waves", "--per-class", "3"]);
    let output = mote(
        here,
        &[
            "device",
            "--simulate",
            "--flash",
            "state.flash",
            "watch",
            "--data",
            "waves",
            "--seconds",
            "1.5",
        ],
    );
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("fast") && text.contains('%'), "{text}");
}

#[test]
fn what_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    refuses(
        here,
        &["device", "status"],
        2,
        &["--port", "--tcp", "--simulate"],
    );
    refuses(
        here,
        &["device", "--port", "/dev/no-such-port", "status"],
        2,
        &["/dev/no-such-port"],
    );
    // A port on which nobody listens, and one where somebody listens but says nothing.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    refuses(
        here,
        &["device", "--tcp", &address, "--timeout", "0.05", "status"],
        1,
        &["does not answer", "4 tries"],
    );
    drop(listener);
    refuses(
        here,
        &["device", "--tcp", &address, "status"],
        2,
        &[&address],
    );
    fs::write(here.join("no.image"), "nothing").unwrap();
    refuses(
        here,
        &["device", "--simulate", "--image", "no.image", "status"],
        2,
        &["image"],
    );
}

#[test]
fn a_device_of_another_version_is_explained() {
    use std::io::{Read, Write};
    let folder = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let newer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut decoder = mote_core::wire::Decoder::<{ mote_core::wire::MAX_LEN }>::new();
        let mut byte = [0];
        while stream.read_exact(&mut byte).is_ok() {
            if let Some(Ok(frame)) = decoder.push(byte[0]) {
                let mut plain = vec![0x80 | (mote_core::wire::VERSION + 1)];
                plain.extend(frame.sequence.to_le_bytes());
                plain.push(77);
                plain.extend(mote_core::crc::crc32(&plain).to_le_bytes());
                stream.write_all(&stuffed(&plain)).unwrap();
            }
        }
    });
    refuses(
        folder.path(),
        &["device", "--tcp", &address, "status"],
        1,
        &["version 3", "version 2", "update"],
    );
    newer.join().unwrap();
}

/// COBS of few bytes, between two zeros.
fn stuffed(plain: &[u8]) -> Vec<u8> {
    let mut frame = vec![0];
    for piece in plain.split(|byte| *byte == 0) {
        frame.push(piece.len() as u8 + 1);
        frame.extend(piece);
    }
    frame.push(0);
    frame
}

/// Eight sounds of a second, a low tone or a high one, in `folder/LABEL/`.
fn sing(folder: &Path) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    for number in 0..8 {
        let (label, hz) = [("low", 300.0), ("high", 1800.0)][number % 2];
        fs::create_dir_all(folder.join(label)).unwrap();
        let file = folder.join(label).join(format!("{number}.wav"));
        let mut writer = hound::WavWriter::create(file, spec).unwrap();
        for at in 0..8000 {
            let phase = std::f64::consts::TAU * (hz + 20.0 * number as f64) * f64::from(at) / 8e3;
            writer.write_sample((9000.0 * phase.sin()) as i16).unwrap();
        }
        writer.finalize().unwrap();
    }
}

#[test]
fn a_device_hears_as_its_image_says() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    sing(&here.join("tones"));
    // Another front end than without a configuration.
    let front = "data.sound.bands = 12\ndata.sound.frame_ms = 16.0\nencoder.preset = \"conv1d\"\n\
                 encoder.width = 0.5\nwindow.length = 24\nwindow.hop = 12\n";
    fs::write(here.join("front.toml"), front).unwrap();
    let output = mote(
        here,
        &[
            "pretrain",
            "--data",
            "tones",
            "--config",
            "front.toml",
            "--steps",
            "4",
            "--batch",
            "8",
            "--name",
            "tones",
            "--quiet",
        ],
    );
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{message}");

    device(here, &["teach", "--data", "tones", "--per-class", "6"]);
    let answers = device(here, &["infer", "--data", "tones", "--limit", "16"]);
    assert_eq!(
        (&answers["labelled"], &answers["right"]),
        (&16.into(), &16.into())
    );
    // Its microphone plays the sound itself.
    let own = [
        "teach",
        "--own",
        "song",
        "--data",
        "tones/low",
        "--seconds",
        "1.5",
    ];
    let labels = device(here, &own);
    let taught = labels
        .as_array()
        .unwrap()
        .iter()
        .find(|l| l["name"] == "song");
    assert!(
        taught.unwrap()["examples"].as_u64().unwrap() > 0,
        "{labels}"
    );
}
