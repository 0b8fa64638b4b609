//! Symbols from the first byte to the device: read, pretrained, exported, generated from, taught.

mod common;

use common::{record, refusal, says};
use std::fs;
use std::path::Path;

/// Two kinds of sequences: one counts through the letters, one repeats pairs.
fn genes(folder: &Path) {
    let (mut text, letters) = (String::new(), ['A', 'C', 'G', 'T']);
    for number in 0..40 {
        let (label, step) = if number % 2 == 0 {
            ("ring", 1)
        } else {
            ("pairs", 2)
        };
        let letter = |at: usize| letters[(at / step + number) % (4 / step)];
        let sequence: String = (0..24).map(letter).collect();
        text += &format!(">s{number} label={label}\n{sequence}\n");
    }
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("all.fa"), text).unwrap();
}

#[test]
fn sequences_are_learned_generated_and_taught_to_a_device() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    genes(&at.join("genes"));
    let found = says(at, &["data", "genes"]);
    for part in [
        "40 sequences of 4 different symbols",
        "vocabulary: ACGT",
        "tcn",
    ] {
        assert!(found.contains(part), "{found}");
    }
    let pretrain = [
        "pretrain",
        "--data",
        "genes",
        "--objective",
        "next_symbol",
        "--steps",
        "40",
        "--batch",
        "8",
        "--width",
        "0.5",
        "--name",
        "g",
    ];
    let told = says(at, &pretrain);
    assert!(
        told.contains("next symbol on held-out windows: perplexity"),
        "{told}"
    );

    let generate = [
        "generate",
        "runs/g",
        "--prompt",
        "ACG",
        "--symbols",
        "12",
        "--seed",
        "3",
    ];
    let first = says(at, &generate);
    assert!(first.contains("ACG"), "{first}");
    assert_eq!(says(at, &generate), first);
    says(at, &[&generate[..], &["--int8"]].concat());
    let message = refusal(at, &["generate", "runs/g", "--prompt", "AXG"]);
    assert!(
        message.contains("symbol 2 is \"X\"") && message.contains("ACGT"),
        "{message}"
    );

    // Other recordings number their letters otherwise: the vocabulary of the image decides.
    fs::create_dir_all(at.join("more")).unwrap();
    let rows = "label,sequence\npairs,TTAATTAATTAATTAATTAATTAA\nring,TACGTACGTACGTACGTACGTACG\n";
    fs::write(at.join("more/rows.csv"), rows).unwrap();
    let device = [
        "device",
        "--simulate",
        "--image",
        "runs/g/encoder.image",
        "--flash",
        "flash.bin",
    ];
    let taught = says(
        at,
        &[
            &device[..],
            &["teach", "--data", "genes", "--per-class", "3"],
        ]
        .concat(),
    );
    assert!(taught.contains("3 examples of ring"), "{taught}");
    let asked = says(at, &[&device[..], &["infer", "--data", "more"]].concat());
    assert!(asked.contains("of 2 windows right"), "{asked}");
}

#[test]
fn a_wrong_pair_is_refused_with_the_right_ones() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    genes(&at.join("genes"));
    let with = |objective| {
        [
            "pretrain",
            "--data",
            "genes",
            "--objective",
            objective,
            "--steps",
            "1",
        ]
    };
    for objective in ["next_value", "masked", "order"] {
        let message = refusal(at, &with(objective));
        for part in [
            "makes no sense for symbols",
            "next_symbol",
            "masked_symbols",
            "nt_xent",
        ] {
            assert!(message.contains(part), "{message}");
        }
    }
    record(&at.join("waves"), false);
    let series = [
        "pretrain",
        "--data",
        "waves",
        "--window",
        "32",
        "--objective",
        "next_symbol",
    ];
    let message = refusal(
        at,
        &[&with("nt_xent")[..], &["--hand-features", "2"]].concat(),
    );
    assert!(
        message.contains("auxiliary.hand_features: expected 0 for symbols"),
        "{message}"
    );
    let message = refusal(at, &series);
    assert!(message.contains("makes no sense for series"), "{message}");
}
