//! The `mote` command as a person meets it: own data, wrong input, Ctrl-C. Exit codes and messages are judged.

mod common;

use common::{mote, record, says, tone};
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

/// Grey 8 x 8 pictures of two labels in `folder/LABEL/`: a bright upper half, or a bright left one.
fn paint(folder: &Path) {
    for number in 0..24u32 {
        let left = number % 2 == 0;
        let place = folder.join(if left { "left" } else { "upper" });
        fs::create_dir_all(&place).unwrap();
        let picture = image::GrayImage::from_fn(8, 8, |x, y| {
            let bright = if left { x < 4 } else { y < 4 };
            image::Luma([if bright { 200 } else { 20 } + (7 * x + 3 * y + 5 * number) as u8 % 17])
        });
        picture.save(place.join(format!("{number}.png"))).unwrap();
    }
}

#[test]
fn pictures_become_an_image() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    paint(&here.join("halves"));
    fs::write(
        here.join("small.toml"),
        "[data]\nside = 8\n[encoder]\nwidth = 0.25\n[schedule]\nsteps = 4\nbatch = 8\n",
    )
    .unwrap();
    let arguments = ["--data", "halves", "--config", "small.toml"];
    let run = |more: &[&str]| {
        let all = [&["pretrain"], arguments.as_slice(), more].concat();
        mote(here, &all)
    };
    for objective in ["nt_xent", "masked", "hand_features"] {
        let output = run(&["--objective", objective, "--name", objective, "--json"]);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{message}");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["data"]["picture"], serde_json::json!([8, 8]));
        let image = format!("runs/{objective}/encoder.image");
        let output = mote(here, &["inspect", &image]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("8 x 8"), "{text}");
    }
    for objective in ["order", "cpc"] {
        let pretrain = ["pretrain", "--objective", objective];
        let refused = [&pretrain, arguments.as_slice()].concat();
        let reason = format!("{objective} makes no sense for pictures");
        refuses(here, &refused, &[&reason, "nt_xent"]);
    }
}

#[test]
fn data_are_described_and_views_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    record(&here.join("waves"), true);
    paint(&here.join("halves"));
    let said = |arguments: &[&str]| {
        let output = mote(here, arguments);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {message}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let text = said(&["data", "waves"]);
    for part in ["6 recordings", "conv1d", "nt_xent", "--pattern"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = said(&["data", "waves", "--window", "999", "--hop", "9"]);
    assert!(text.contains("--window 128"), "{text}");
    let text = said(&["data", "halves"]);
    assert!(
        text.contains("24 pictures of 32 x 32") && text.contains("resnet8"),
        "{text}"
    );
    said(&["views", "--data", "waves", "--window", "32"]);
    let svg = fs::read_to_string(here.join("views.svg")).unwrap();
    assert!(svg.contains("pair 2 b") && svg.contains("left") && svg.ends_with("</svg>\n"));
    said(&[
        "views",
        "--data",
        "halves",
        "--windows",
        "2",
        "--pairs",
        "1",
    ]);
    let sheet = image::open(here.join("views.png")).unwrap();
    assert_eq!((sheet.width(), sheet.height()), (3 * 100, 2 * 100));
}

#[test]
fn a_comparison_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    record(&here.join("waves"), true);
    let mut arguments = vec!["compare", "--data", "waves", "--objectives", "vicreg,order"];
    arguments.extend(SMALL);
    let config = "[objective]\nname = \"paired\"\nchannels = [\"right\"]\n";
    fs::write(here.join("paired.toml"), config).unwrap();
    let compare = |arguments: &[&str]| {
        let output = mote(here, arguments);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{message}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let first = compare(&arguments);
    assert!(
        first.contains("vicreg x1") && first.contains("random init"),
        "{first}"
    );
    assert!(!first.contains("done before"), "{first}");
    for part in [
        "M4 instr.",
        "all labels: ",
        "one run says nothing about noise",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }
    let paired = [
        "compare",
        "--data",
        "waves",
        "--config",
        "paired.toml",
        "--to",
        "pairs",
    ];
    let paired = compare(&[&paired[..], &SMALL].concat());
    assert!(
        paired.contains("paired x1") && paired.contains("takes left alone"),
        "{paired}"
    );
    let page = fs::read_to_string(here.join("runs/compare/compare.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("order x1"));
    let file = here.join("runs/compare/order-width1-fold0-seed0.json");
    fs::remove_file(&file).unwrap();
    let second = compare(&arguments);
    assert_eq!(second.matches("done before").count(), 1, "{second}");
    assert!(file.is_file());
    arguments.extend(["--hand-features", "0"]);
    assert!(
        !compare(&arguments).contains("done before"),
        "another recipe is trained anew"
    );
}

#[test]
fn every_objective_trains_on_a_series() {
    let folder = tempfile::tempdir().unwrap();
    record(&folder.path().join("waves"), true);
    let names = [
        "moco",
        "barlow_twins",
        "vicreg",
        "cpc",
        "next_value",
        "masked",
        "order",
        "hand_features",
    ];
    for name in names {
        let mut arguments = vec![
            "pretrain",
            "--data",
            "waves",
            "--quiet",
            "--objective",
            name,
        ];
        arguments.extend(SMALL);
        arguments.extend(["--name", name, "--hand-features", "0"]);
        let output = mote(folder.path(), &arguments);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {message}");
    }
    fs::write(
        folder.path().join("sum.toml"),
        "[objective]\nname = \"combined\"\n[[objective.terms]]\nname = \"vicreg\"\n\
         [[objective.terms]]\nname = \"order\"\nweight = 0.5\n[[objective.terms]]\nname = \"moco\"\n",
    )
    .unwrap();
    let mut arguments = vec![
        "pretrain", "--data", "waves", "--config", "sum.toml", "--quiet",
    ];
    arguments.extend(SMALL);
    arguments.extend(["--name", "sum"]);
    let output = mote(folder.path(), &arguments);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    refuses(
        folder.path(),
        &["pretrain", "--objective", "magic"],
        &["magic", "barlow_twins"],
    );
}

#[test]
fn sound_that_goes_on_is_asked_what_comes_next() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir_all(here.join("tones")).unwrap();
    for number in 0..8 {
        let hz = if number % 2 == 0 { 300.0 } else { 2500.0 };
        tone(&here.join(format!("tones/{number}.wav")), hz, number);
    }
    let pretrain = ["pretrain", "--data", "tones", "--force", "--objective"];
    let short = [
        "--window", "10", "--hop", "5", "--steps", "3", "--batch", "8",
    ];
    for name in ["cpc", "next_value", "masked", "order"] {
        let all = [&pretrain[..], &[name, "--name", name], &short].concat();
        let told = says(here, &all);
        assert!(told.contains("Everything is in"), "{told}");
    }
    // Half a second fills no window of one, and nothing comes after what was filled up.
    let whole = [&pretrain[..], &["cpc"]].concat();
    refuses(here, &whole, &["cpc asks", "49 samples", "--window 25"]);
    let compare = [
        "compare",
        "--data",
        "tones",
        "--objectives",
        "cpc",
        "--steps",
        "3",
    ];
    refuses(here, &compare, &["cpc asks"]);
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

#[test]
fn a_training_that_diverges_names_the_layer_and_the_last_good_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    record(&folder.path().join("waves"), true);
    // Soon each step shrinks the weights by many times their length.
    fs::write(
        folder.path().join("steep.toml"),
        "[window]\nlength = 32\nhop = 8\n[objective]\nname = \"masked\"\n[auxiliary]\nhand_features = 0\n\
         [schedule]\nlearning_rate = 100\nweight_decay = 4.7\nwarm_up = 1\nsteps = 1000\nbatch = 8\n\
         [checkpoint]\nepochs = 1\nminutes = 0\n",
    )
    .unwrap();
    let arguments = [
        "pretrain",
        "--data",
        "waves",
        "--config",
        "steep.toml",
        "--quiet",
        "--name",
        "steep",
    ];
    let output = mote(folder.path(), &arguments);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    for part in [
        "training stopped: step ",
        " of layer ",
        "is not finite; lower the learning rate",
        "The last good checkpoint is of step ",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let path = message.split(": runs/steep").nth(1).unwrap();
    let path = format!("runs/steep{}", path.lines().next().unwrap());
    assert!(folder.path().join(&path).is_file(), "{path}: {message}");
}
