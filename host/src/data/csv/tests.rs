use super::*;
use std::fs;
use tempfile::TempDir;

/// A folder of the given files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

/// A file of `rows` samples at 50 Hz.
fn even(header: &str, rows: usize) -> String {
    let channels = header.split(',').count();
    let row = |r: usize| {
        let values: Vec<String> = (0..channels).map(|c| format!("{}", r * 10 + c)).collect();
        format!("{},{}\n", r * 20, values.join(","))
    };
    format!("time,{header}\n{}", (0..rows).map(row).collect::<String>())
}

fn read(dir: &TempDir) -> Result<Dataset, DataError> {
    load(dir.path(), &DataConfig::default())
}

fn message(files: &[(&str, &str)]) -> String {
    read(&folder(files)).unwrap_err().to_string()
}

#[test]
fn folders_are_labels_and_order_is_natural() {
    let text = even("ax,ay,az", 4);
    let swapped = "az,ax,time,ay\n2,0,0,1\n12,10,20,11\n";
    let dir = folder(&[
        ("walk/s10.csv", &text),
        ("walk/s2.csv", swapped),
        ("run/deep/er/s1.CSV", &text),
        ("free.csv", &text),
        (".hidden.csv", "not,a\nrecording"),
        ("walk/notes.txt", "hello"),
    ]);
    let data = read(&dir).unwrap();
    let names: Vec<&str> = data.recordings.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "free.csv",
            "run/deep/er/s1.csv",
            "walk/s2.csv",
            "walk/s10.csv"
        ]
    );
    assert_eq!(data.labels, ["run", "walk"]);
    let labels: Vec<Option<usize>> = data.recordings.iter().map(|r| r.label).collect();
    assert_eq!(labels, [None, Some(0), Some(1), Some(1)]);
    assert_eq!(data.rate_hz, 50.0);
    assert_eq!(data.triads.len(), 1);
    // Channels are put into the order of the first file.
    assert_eq!(
        data.recordings[2].samples,
        [0.0, 1.0, 2.0, 10.0, 11.0, 12.0]
    );
    assert_eq!(
        data.recordings[2].samples[..],
        data.recordings[3].samples[..6]
    );
}

#[test]
fn a_single_file_will_do() {
    let dir = folder(&[("one.csv", &even("p", 30))]);
    let data = load(&dir.path().join("one.csv"), &DataConfig::default()).unwrap();
    assert_eq!((data.recordings.len(), data.len_of(0)), (1, 30));
    assert_eq!(data.name, "one");
}

#[test]
fn subjects_come_from_names_or_columns() {
    let text = even("ax", 4);
    let dir = folder(&[
        ("anna_1.csv", &text),
        ("bert_1.csv", &text),
        ("anna_2.csv", &text),
    ]);
    let config = DataConfig {
        pattern: Some("{subject}_{rest}".into()),
        ..DataConfig::default()
    };
    let data = load(dir.path(), &config).unwrap();
    assert_eq!(data.subjects, ["anna", "bert"]);
    assert_eq!(
        data.recordings
            .iter()
            .map(|r| r.subject)
            .collect::<Vec<_>>(),
        [Some(0), Some(0), Some(1)]
    );

    let dir = folder(&[("a.csv", "ax,subject\n1,u\n2,u\n3,v\n")]);
    let config = DataConfig {
        rate_hz: Some(10.0),
        ..DataConfig::default()
    };
    let data = load(dir.path(), &config).unwrap();
    assert_eq!(data.subjects, ["u", "v"]);
    assert_eq!(data.recordings[0].samples, [1.0, 2.0]);
    assert_eq!(data.recordings[1].name, "a.csv part 2");

    let dir = folder(&[("p1/walk/x.csv", &text)]);
    let config = DataConfig {
        pattern: Some("{subject}/{label}/{rest}".into()),
        ..DataConfig::default()
    };
    let data = load(dir.path(), &config).unwrap();
    assert_eq!(
        (data.subjects, data.labels),
        (vec!["p1".into()], vec!["walk".into()])
    );
}

#[test]
fn names_that_do_not_fit_the_pattern_are_shown() {
    let dir = folder(&[("anna.csv", &even("ax", 4))]);
    let config = DataConfig {
        pattern: Some("{subject}_{rest}".into()),
        ..DataConfig::default()
    };
    let message = load(dir.path(), &config).unwrap_err().to_string();
    assert!(
        message.contains("{subject}_{rest}") && message.contains("\"anna\""),
        "{message}"
    );
}

#[test]
fn missing_and_empty_folders() {
    let missing = load(Path::new("/no/such/folder"), &DataConfig::default());
    assert!(
        missing
            .unwrap_err()
            .to_string()
            .contains("/no/such/folder: there is no such")
    );
    assert!(message(&[]).contains("found nothing"));
    assert!(message(&[("a.txt", ""), ("b/c.json", "")]).contains("found 2 other files"));
}

#[test]
fn faults_name_their_file() {
    let good = even("ax,ay", 4);
    for (bad, expected) in [
        (
            "time,ax,ay\n0,1,2\n20,1\n",
            "bad.csv, line 3: expected 3 fields",
        ),
        ("time,ax,ay\n0,1,x\n", "bad.csv, line 2, column 3 (\"ay\")"),
        (
            "time,ax,ay\n0,1,nan\n",
            "bad.csv, line 2, column 3 (\"ay\")",
        ),
        ("", "bad.csv: the file is empty"),
        ("time,ax,ay\n", "bad.csv: expected one row"),
    ] {
        let message = message(&[("a/good.csv", &good), ("b/bad.csv", bad)]);
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_missing_channel_names_both_files() {
    let message = message(&[
        ("a.csv", &even("ax,ay,az", 4)),
        ("b.csv", &even("ax,az,q", 4)),
    ]);
    for part in ["b.csv", "a.csv", "missing here: ay", "only here: q"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn rates_must_be_known_and_agree() {
    assert!(message(&[("a.csv", "ax\n1\n2\n")]).contains("--rate HZ"));
    let slow = "time,ax\n0,1\n40,2\n80,3\n";
    let found = message(&[("a.csv", &even("ax", 4)), ("b.csv", slow)]);
    assert!(
        found.contains("expected 50.000 Hz") && found.contains("25.000 Hz"),
        "{found}"
    );

    let dir = folder(&[("b.csv", slow)]);
    let config = |rate| DataConfig {
        rate_hz: Some(rate),
        ..DataConfig::default()
    };
    assert!(load(dir.path(), &config(25.0)).is_ok());
    let found = load(dir.path(), &config(30.0)).unwrap_err().to_string();
    assert!(found.contains("given with --rate"), "{found}");
    for rate in [0.0, -1.0, f64::NAN] {
        assert!(matches!(
            load(dir.path(), &config(rate)),
            Err(DataError::BadRate { .. })
        ));
    }
}

#[test]
fn times_that_run_backwards_name_the_line() {
    let message = message(&[("a.csv", "t,ax\n0,1\n20,2\n10,3\n")]);
    assert!(
        message.contains("line 4, column 1 (\"t\"): expected a time after 20, found 10"),
        "{message}"
    );
}

#[test]
fn uneven_times_are_refused() {
    let rows: String = (0..50).map(|i| format!("{},1\n", i * i)).collect();
    let message = message(&[("a.csv", &format!("time,ax\n{rows}"))]);
    assert!(message.contains("evenly spaced"), "{message}");
}

#[test]
fn a_gap_cuts_the_recording() {
    let rows: String = (0..40)
        .map(|i| format!("{},{i}\n", i * 20 + if i < 30 { 0 } else { 500 }))
        .collect();
    let data = read(&folder(&[("a.csv", &format!("time,ax\n{rows}"))])).unwrap();
    assert_eq!((data.len_of(0), data.len_of(1)), (30, 10));
    assert!(
        data.notes
            .iter()
            .any(|n| n.contains("1 places") || n.contains("missing")),
        "{:?}",
        data.notes
    );
    assert!(data.notes.iter().any(|n| n.contains("milliseconds")));
}
