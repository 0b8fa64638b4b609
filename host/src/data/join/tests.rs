use super::*;
use crate::data::Recording;
use std::fs;

/// A data set of recordings of these names, each with its number as its only sample.
fn data(name: &str, names: &[&str]) -> Dataset {
    let mut data = Dataset::new(name, 0.0, vec!["c".into()]);
    let recordings = names.iter().enumerate().map(|(at, name)| Recording {
        name: (*name).into(),
        subject: None,
        label: None,
        samples: vec![at as f32],
    });
    data.recordings = recordings.collect();
    data
}

fn numbers(data: &Dataset) -> Vec<f32> {
    data.recordings.iter().map(|r| r.samples[0]).collect()
}

#[test]
fn paths_match_without_endings_and_leftovers_are_noted() {
    let mut pictures = data("pictures", &["a/x", "a/y", "b/x", "b/z"]);
    let mut sounds = data("sounds", &["b/x.WAV", "c/x.wav", "a/x.wav"]);
    pictures.test = vec![2, 3];
    join(&mut pictures, &mut sounds).unwrap();
    assert_eq!(numbers(&pictures), [0.0, 2.0]);
    assert_eq!(numbers(&sounds), [2.0, 0.0]);
    assert_eq!((&pictures.test, &sounds.test), (&vec![1], &vec![1]));
    let [own, others] = &pictures.notes[..] else {
        panic!("{:?}", pictures.notes);
    };
    assert!(
        own.contains("2 of 4 recordings of pictures have no partner in sounds")
            && own.ends_with("a/y"),
        "{own}"
    );
    assert!(
        others.contains("1 of 3") && others.ends_with("c/x.wav"),
        "{others}"
    );
}

#[test]
fn file_names_match_where_only_one_has_folders() {
    let mut pictures = data("pictures", &["boot/1", "boot/2", "shirt/3"]);
    let mut captions = data("captions", &["3.png", "./2.png"]);
    join(&mut pictures, &mut captions).unwrap();
    assert_eq!(numbers(&pictures), [1.0, 2.0]);
    assert_eq!(numbers(&captions), [1.0, 0.0]);
}

#[test]
fn captions_of_one_picture_are_read_one_after_the_other() {
    let mut pictures = data("pictures", &["1.png", "2.png"]);
    let mut captions = data("captions", &["2.png", "1.png", "2.png", "2.png"]);
    captions.kind = Kind::Symbols;
    join(&mut pictures, &mut captions).unwrap();
    let texts: Vec<_> = captions.recordings.iter().map(|r| &r.samples[..]).collect();
    assert_eq!(texts, [&[1.0][..], &[0.0, BLANK, 2.0, BLANK, 3.0]]);
    assert!(captions.notes[0].contains("4 sequences tell of 2 events"));
}

#[test]
fn one_tells_the_other_what_it_knows() {
    let mut sounds = data("sounds", &["1", "2", "3"]);
    let mut captions = data("captions", &["1", "2", "3"]);
    sounds.subjects = vec!["ann".into(), "bob".into()];
    captions.labels = vec!["boot".into(), "shirt".into()];
    for at in 0..3 {
        sounds.recordings[at].subject = Some(at % 2);
        captions.recordings[at].label = Some(usize::from(at > 0));
    }
    captions.test = vec![1];
    join(&mut sounds, &mut captions).unwrap();
    for data in [&sounds, &captions] {
        assert_eq!((data.labels.len(), data.subjects.len()), (2, 2));
        let known: Vec<_> = data
            .recordings
            .iter()
            .map(|r| (r.label, r.subject))
            .collect();
        let of = |label, subject| (Some(label), Some(subject));
        assert_eq!(known, [of(0, 0), of(1, 1), of(1, 0)]);
        assert_eq!(data.test, [1]);
    }
    assert!(sounds.notes.is_empty());
}

#[test]
fn what_cannot_be_joined_says_why() {
    let refused = |first: &[&str], second: &[&str]| {
        let (mut first, mut second) = (data("pictures", first), data("captions", second));
        let error = join(&mut first, &mut second).unwrap_err();
        error.to_string()
    };
    let message = refused(&["img_1"], &["cap_1"]);
    for part in [
        "--pair-with",
        "pictures has \"img_1\"",
        "\"cap_1\"",
        "rename",
    ] {
        assert!(message.contains(part), "{message}");
    }
    // Folders on one side, and a file name that is in two of them.
    let message = refused(&["a/1", "b/1", "b/2"], &["1", "2"]);
    assert!(
        message.contains("called \"1\" in pictures") && message.contains("\"b/1\""),
        "{message}"
    );
    // Several rows of one picture.
    let message = refused(&["1", "2"], &["1", "1.png"]);
    assert!(message.contains("called \"1\" in captions"), "{message}");
    // A name that occurs twice does no harm where nobody asks for it.
    let (mut first, mut second) = (data("p", &["1", "2", "2"]), data("c", &["1"]));
    join(&mut first, &mut second).unwrap();
    assert_eq!(numbers(&first), [0.0]);

    let (mut first, mut second) = (data("p", &["1", "2"]), data("c", &["1"]));
    first.test = vec![0];
    let message = join(&mut first, &mut second).unwrap_err().to_string();
    assert!(message.contains("all 1 are held out"), "{message}");
}

#[test]
fn the_same_folder_twice_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.txt"), "a").unwrap();
    let with = DataConfig {
        path: Some(folder.path().join(".")),
        ..DataConfig::default()
    };
    let mut first = load(&with).unwrap();
    let message = read(&mut first, Some(folder.path()), &with).unwrap_err();
    let message = message.to_string();
    assert!(
        message.contains("found the same") && message.contains("channels ="),
        "{message}"
    );
}

#[test]
fn events_that_the_second_recorded_too_briefly_are_left_out_of_both() {
    let (mut first, mut second) = (data("p", &["1", "2"]), data("c", &["1", "2"]));
    second.recordings[1].samples = vec![0.0; 5];
    keep_long(&mut first, &mut second, 5).unwrap();
    assert_eq!((numbers(&first), second.recordings.len()), (vec![1.0], 1));
    assert!(first.notes[0].contains("such as 1"), "{:?}", first.notes);
    let message = keep_long(&mut first, &mut second, 6)
        .unwrap_err()
        .to_string();
    assert!(message.contains("window of 6 samples"), "{message}");
}
