//! Two data sets of different kinds as one pair: motion with words, sound with pictures.

mod common;

use common::{refusal, says, tone};
use host::data::watch25;
use std::fs;
use std::path::Path;

/// The numbers in the first row of `text` that begins so.
fn row(text: &str, begin: &str) -> Vec<f32> {
    let line = text.lines().find_map(|line| line.strip_prefix(begin));
    let line = line.unwrap_or_else(|| panic!("no {begin:?} in {text}"));
    let fields = line.split_whitespace();
    fields.filter_map(|field| field.parse().ok()).collect()
}

#[test]
fn recordings_that_ship_are_found_by_the_name_of_their_exercise_and_it_by_them() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let data = watch25::load().unwrap();
    let mut table = String::from("file,caption\nnobody,walking\n");
    for recording in &data.recordings[..139] {
        let label = &data.labels[recording.label.unwrap()];
        table += &format!("{}.csv,{label}\n", recording.name);
    }
    fs::write(here.join("captions.csv"), table).unwrap();
    let pretrain = [
        "pretrain",
        "--pair-with",
        "captions.csv",
        "--most",
        "56",
        "--steps",
        "60",
        "--batch",
        "32",
        "--width",
        "0.25",
        "--hand-features",
        "0",
        "--name",
        "words",
    ];
    let told = says(here, &pretrain);
    for part in [
        "1 of 56 recordings of watch25 have no partner in captions and are left out, such as recording 139",
        "85 of 140 recordings of captions have no partner in watch25 and are left out, such as nobody",
        "one takes series of watch25, the other symbols of captions",
        "The second encoder (symbols of captions)",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    // Of people that neither has seen: far more than by chance, either way.
    for way in [
        "series of watch25 -> symbols of captions",
        "symbols of captions -> series of watch25",
    ] {
        let [found, chance] = row(&told, way)[..] else {
            panic!("{told}");
        };
        assert!(
            found > 2.0 * chance && chance > 5.0,
            "{way}: {found} {chance}"
        );
    }
    for name in ["encoder", "partner"] {
        says(here, &["inspect", &format!("runs/words/{name}.image")]);
        says(
            here,
            &["inspect", &format!("runs/words/{name}.safetensors")],
        );
    }

    let other = [&pretrain[..3], &["--objective", "vicreg"]].concat();
    let message = refusal(here, &other);
    assert!(
        message.contains("--pair-with") && message.contains("vicreg"),
        "{message}"
    );
    let message = refusal(here, &["pretrain", "--pair-with", "nowhere"]);
    assert!(message.contains("nowhere: there is no such"), "{message}");
}

/// A bright bar that lies or stands.
fn bar(file: &Path, lies: bool, number: usize) {
    let side = 16;
    let at = 4 + number % 8;
    let pixel = |p: u32| {
        let (row, column) = (p / side, p % side);
        let across = if lies { row } else { column };
        if across.abs_diff(at as u32) < 2 {
            230
        } else {
            (p * 37 % 60) as u8
        }
    };
    let pixels: Vec<u8> = (0..side * side).map(pixel).collect();
    image::save_buffer(file, &pixels, side, side, image::ExtendedColorType::L8).unwrap();
}

#[test]
fn sounds_find_pictures_and_what_does_not_match_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir_all(here.join("sounds")).unwrap();
    fs::create_dir_all(here.join("others")).unwrap();
    for number in 0..24 {
        let lies = number % 2 == 0;
        let label = if lies { "lies" } else { "stands" };
        fs::create_dir_all(here.join("pictures").join(label)).unwrap();
        bar(
            &here.join(format!("pictures/{label}/{number}.png")),
            lies,
            number,
        );
        let hz = if lies { 300.0 } else { 2500.0 };
        tone(&here.join(format!("sounds/{number}.wav")), hz, number);
    }
    tone(&here.join("others/song.wav"), 300.0, 0);
    fs::write(here.join("small.toml"), "[data]\nside = 16\n").unwrap();
    let pretrain = [
        "pretrain",
        "--config",
        "small.toml",
        "--data",
        "pictures",
        "--steps",
        "40",
        "--batch",
        "8",
        "--width",
        "0.25",
        "--name",
        "bars",
        "--force",
        "--pair-with",
    ];
    let with = |other: &'static str| [&pretrain[..], &[other]].concat();
    let told = says(here, &with("sounds"));
    // The sounds have the labels of the pictures, so that both encoders are judged.
    assert!(
        told.matches("labels: 2 (").count() == 2 && told.contains("sound of sounds"),
        "{told}"
    );
    let found = row(&told, "pictures of pictures -> sound of sounds");
    assert_eq!(found.len(), 2, "{told}");
    let text = says(here, &["inspect", "runs/bars/partner.image"]);
    assert!(text.contains("1x49x20"), "{text}");

    // Both encoders are judged in every fold.
    let folds = [
        "--folds", "2", "--steps", "3", "--batch", "8", "--width", "0.25",
    ];
    let evaluate = ["evaluate", "--config", "small.toml", "--data", "pictures"];
    let told = says(
        here,
        &[&evaluate[..], &["--pair-with", "sounds"], &folds].concat(),
    );
    for part in [
        "2 folds, 1 seeds from 0",
        "Held-out accuracy in %, mean ± deviation of 2 runs",
        "The second encoder (sound of sounds): Held-out accuracy in %, mean ± deviation of 2 runs",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }

    // What is to be seen, in a table beside the pictures; some are told of twice.
    let mut table = String::from("file,caption\n");
    for number in 0..24 {
        let label = ["lies", "stands"][number % 2];
        table += &format!("{label}/{number}.png,the bar {label}\n");
        if number < 4 {
            table += &format!("{label}/{number}.png,it {label}\n");
        }
    }
    fs::write(here.join("pictures/captions.csv"), table).unwrap();
    let told = says(here, &with("pictures/captions.csv"));
    for part in [
        "24 pictures of 16 x 16",
        "28 sequences tell of 24 events",
        "pictures of pictures -> symbols of captions",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }

    let message = refusal(here, &with("others"));
    for part in ["expected files of equal names", "lies/0", "song.wav"] {
        assert!(message.contains(part), "{message}");
    }
    let message = refusal(here, &with("pictures"));
    assert!(message.contains("found the same"), "{message}");
    let alone = [&pretrain[..pretrain.len() - 1], &["--objective", "paired"]].concat();
    let message = refusal(here, &alone);
    assert!(
        message.contains("no sense for pictures; right ones are nt_xent")
            && message.contains("--pair-with DIR"),
        "{message}"
    );
}
