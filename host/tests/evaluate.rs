//! `mote evaluate --image` as a person meets it.

mod common;

use common::{WAVES, mote, record, refusal, says};
use serde_json::Value;
use std::path::Path;

/// Trains an encoder on what [`record`] has put into `waves`; gives its report.
fn run(folder: &Path) -> Value {
    record(&folder.join("waves"), true);
    let mut arguments = vec!["pretrain", "--name", "first", "--json"];
    arguments.extend(WAVES);
    arguments.extend(["--steps", "4", "--batch", "8"]);
    let output = mote(folder, &arguments);
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What `mote evaluate` says of `image` on the data and the split of the run.
fn judge(folder: &Path, image: &str) -> Value {
    let config = "runs/first/config.toml";
    let flags = ["--config", config, "--json"];
    let output = mote(
        folder,
        &[&["evaluate", "--image", image][..], &flags].concat(),
    );
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{message}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The few-label curves of the set called `name`.
fn curves<'v>(summary: &'v Value, name: &str) -> &'v Value {
    let sets = summary["sets"].as_array().unwrap();
    let set = sets.iter().find(|set| set["name"] == name);
    &set.unwrap_or_else(|| panic!("no set {name}"))["curves"]
}

#[test]
fn an_image_alone_is_judged_as_its_run_judged_it() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let report = run(here);
    let image = "runs/first/encoder.image";
    let alone = judge(here, image);
    for (name, of_run) in [
        (image, "mote int8"),
        ("hand features", "hand features"),
        ("hand whitened", "hand whitened"),
    ] {
        let (mine, theirs) = (curves(&alone, name), curves(&report["summary"], of_run));
        assert!(mine.as_array().unwrap().len() >= 3, "{mine}");
        assert_eq!(mine, theirs, "{name}");
    }
    let notes = alone["notes"].as_array().unwrap();
    let is_caveat = |note: &Value| note.as_str().unwrap().contains("trained on");
    assert!(notes.iter().any(is_caveat));

    // The same bits in another packing; and in halves, without rounding to int8.
    let weights = "runs/first/encoder.safetensors";
    let quantize = |target: &str| {
        let (data, image) = (
            ["--data", "waves", "--window", "32", "--hop", "8"],
            format!("{target}.image"),
        );
        let target = ["quantize", weights, "--target", target, "--output", &image];
        says(here, &[&target[..], &data].concat());
        let summary = judge(here, &image);
        curves(&summary, &image).clone()
    };
    assert_eq!(quantize("dsp"), quantize("portable"));
    says(
        here,
        &[
            "quantize",
            weights,
            "--format",
            "f16",
            "--output",
            "half.image",
        ],
    );
    let half = judge(here, "half.image");
    let linear = |summary: &Value, set: usize| summary["sets"][set]["linear"]["mean"].as_f64();
    let (half, f32) = (linear(&half, 0), linear(&report["summary"], 0));
    assert!(
        (half.unwrap() - f32.unwrap()).abs() < 0.05,
        "{half:?} {f32:?}"
    );
}

#[test]
fn what_an_image_cannot_take_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    run(here);
    let image = ["evaluate", "--image", "runs/first/encoder.image"];
    let refused = |further: &[&str]| refusal(here, &[&image[..], further].concat());
    let waves = ["--data", "waves"];
    let pattern = ["--pattern", "{subject}_{rest}"];
    let own = [&waves[..], &pattern].concat();

    let error = refused(&[]);
    assert!(
        error.contains("left, right") && error.contains("ax"),
        "{error}"
    );
    let error = refused(&[&own[..], &["--channels", "right,left"]].concat());
    assert!(
        error.contains("(left, right)") && error.contains("right, left"),
        "{error}"
    );
    let error = refused(&[&own[..], &["--window", "16"]].concat());
    assert!(
        error.contains("32 samples in a window") && error.contains("16"),
        "{error}"
    );
    for flag in ["--steps", "--seed"] {
        let error = refused(&[&own[..], &[flag, "5"]].concat());
        assert!(error.contains(flag), "{error}");
    }
    let weights = ["evaluate", "--image", "runs/first/encoder.safetensors"];
    let error = refusal(here, &[&weights[..], &own].concat());
    assert!(error.contains("mote quantize"), "{error}");
}
