use super::*;
use crate::data::{DataConfig, DataError, Windows, kind, load};

fn read_as(files: &[(&str, &[u8])], unit: Option<Unit>) -> Result<Dataset, DataError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let config = DataConfig {
        path: Some(folder.path().into()),
        symbols: unit,
        ..DataConfig::default()
    };
    assert_eq!(kind(&config), Kind::Symbols);
    load(&config)
}

fn read(files: &[(&str, &str)]) -> Result<Dataset, DataError> {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(n, t)| (*n, t.as_bytes())).collect();
    read_as(&files, None)
}

#[test]
fn text_files_are_sequences_of_characters_labelled_by_folder() {
    let data = read(&[("en/a.txt", "abba\r\n"), ("de/b.txt", "bä")]).unwrap();
    assert_eq!(data.vocabulary, ["", "\n", "a", "b", "ä"]);
    assert_eq!(data.labels, ["de", "en"]);
    let named = |name: &str| data.recordings.iter().find(|r| r.name == name).unwrap();
    assert_eq!(named("en/a").samples, [2.0, 3.0, 3.0, 2.0, 1.0]);
    assert_eq!(
        (named("de/b").label, named("de/b").samples.len()),
        (Some(0), 2)
    );
    assert_eq!((data.width(), data.whole), (1, None));
}

#[test]
fn bytes_are_called_by_the_character_of_their_number() {
    let data = read_as(&[("a.txt", b"\xff\x00\xff")], Some(Unit::Bytes)).unwrap();
    assert_eq!(data.vocabulary, ["", "\0", "\u{ff}"]);
    assert_eq!(data.recordings[0].samples, [2.0, 1.0, 2.0]);
    let message = read_as(&[("a.txt", b"one\ntwo \xff")], None)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("a.txt, line 2") && message.contains("0xff"),
        "{message}"
    );
    assert!(message.contains("--symbols bytes"), "{message}");
}

#[test]
fn fasta_has_names_labels_and_sequences_over_several_lines() {
    let data = read(&[(
        "genes.fa",
        ">one label=up\nACGT\nacgn\n\n>two|label=down more\nTTTT\n",
    )])
    .unwrap();
    assert_eq!(data.vocabulary, ["", "A", "C", "G", "N", "T"]);
    assert_eq!(data.labels, ["down", "up"]);
    assert_eq!(
        data.recordings[0].samples,
        [1.0, 2.0, 3.0, 5.0, 1.0, 2.0, 3.0, 4.0]
    );
    assert_eq!(data.recordings[1].label, Some(0));
    let by_folder = read(&[("up/a.fna", ">x\nAC\n"), ("down/b.fna", ">y\nGT\n")]).unwrap();
    assert_eq!(by_folder.labels, ["down", "up"]);
    assert_eq!(by_folder.whole, Some(2));
}

#[test]
fn a_table_of_sequences_has_a_row_for_each() {
    let data = read(&[("p.csv", "class,sequence\n+,acgt\n-,ttaa\n")]).unwrap();
    assert_eq!((data.labels.len(), data.whole), (2, Some(4)));
    assert_eq!(data.recordings[1].samples, [4.0, 4.0, 1.0, 1.0]);
    assert_eq!(
        complements(&data.vocabulary),
        Some(vec![0.0, 4.0, 3.0, 2.0, 1.0])
    );
    assert_eq!(complements(&["".into(), "x".into()]), None);
}

#[test]
fn events_make_one_sequence_a_user_ordered_by_time() {
    let log = "user,item,time\nbob,milk,3\nann,tea,1\nbob,bread,2\nann,tea,0.5\n";
    let data = read(&[("log.csv", log)]).unwrap();
    assert_eq!(data.vocabulary, ["", "bread", "milk", "tea"]);
    assert_eq!(data.subjects, ["ann", "bob"]);
    assert_eq!(data.recordings[0].samples, [3.0, 3.0]);
    assert_eq!(data.recordings[1].samples, [1.0, 2.0]);
    let dates = "user,item,time\na,x,2024-02-01\na,y,2024-01-01\n";
    assert_eq!(
        read(&[("log.csv", dates)]).unwrap().recordings[0].samples,
        [2.0, 1.0]
    );
}

#[test]
fn faults_name_file_line_and_symbol() {
    for (name, text, parts) in [
        ("a.fa", "ACGT\n", ["line 1", "\"ACGT\""]),
        ("a.fa", ">x\nAC\nA7\n", ["line 3", "'7' in column 2"]),
        ("a.fa", ">x\n>y\nA\n", ["line 1", "x"]),
        ("a.txt", "", ["a.txt, line 1", "empty"]),
        ("a.csv", "label,sequence\nx,\n", ["line 2", "empty field"]),
        (
            "a.csv",
            "label,sequence\nx,a\u{7}b\n",
            ["line 2", "symbol 2"],
        ),
        ("a.csv", "label,sequence\nx\n", ["line 2", "found 1"]),
        (
            "a.csv",
            "user,item,time\na,b,1\na,c,soon\n",
            ["line 3", "\"soon\""],
        ),
        ("a.csv", "user,item,time\na,,1\n", ["line 2", "column item"]),
        (
            "a.csv",
            "user,item,label\na,b,x\na,b,y\n",
            ["line 3", "\"y\""],
        ),
    ] {
        let message = read(&[(name, text)]).unwrap_err().to_string();
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
}

#[test]
fn what_finds_no_place_in_the_vocabulary_is_blank_and_noted() {
    let rows = (0..300).map(|i| format!("u,item{i},{i}\nu,item{},{i}\n", i.min(200)));
    let log: String = std::iter::once("user,item,time\n".to_owned())
        .chain(rows)
        .collect();
    let data = read(&[("log.csv", &log)]).unwrap();
    assert_eq!(data.vocabulary.len(), 1 + MOST_SYMBOLS);
    assert!(data.recordings[0].samples.contains(&BLANK));
    assert!(
        data.notes[0].contains("300 different symbols"),
        "{:?}",
        data.notes
    );
}

#[test]
fn short_sequences_are_filled_up_in_front_and_another_vocabulary_can_be_taken() {
    let mut data = read(&[("a.txt", "abc"), ("b.txt", "cabbage")]).unwrap();
    let (length, hop) = data.cut(5, 2);
    data.fill(length);
    assert_eq!(data.recordings[0].samples, [0.0, 0.0, 1.0, 2.0, 3.0]);
    assert_eq!(Windows::cut(&data, length, hop).unwrap().list.len(), 3);
    assert_eq!(data.cut(100, 50), (7, 7));
    data.spell(&["", "c", "b"].map(String::from));
    assert_eq!(data.recordings[0].samples, [0.0, 0.0, 0.0, 2.0, 1.0]);
    assert!(
        data.notes.iter().any(|note| note.contains("3 symbols")),
        "{:?}",
        data.notes
    );
}

#[test]
fn vocabularies_are_shown_in_few_words() {
    assert_eq!(
        shown(&["", "\n", " ", "a"].map(String::from)),
        "\\n\u{2423}a"
    );
    assert_eq!(shown(&["", "tea", "milk"].map(String::from)), "tea milk");
}
