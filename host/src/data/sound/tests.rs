use super::*;
use crate::data;
use hound::{SampleFormat, WavSpec, WavWriter};
use std::fs;

/// Writes `seconds` of a tone of `hz` in every channel.
fn write(file: &Path, rate: u32, channels: u16, bits: u16, format: SampleFormat, seconds: f32) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let spec = WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: bits,
        sample_format: format,
    };
    let mut writer = WavWriter::create(file, spec).unwrap();
    for i in 0..(rate as f32 * seconds) as usize {
        let value = 0.5 * (2.0 * std::f32::consts::PI * 500.0 * i as f32 / rate as f32).sin();
        for _ in 0..channels {
            match format {
                SampleFormat::Float => writer.write_sample(value).unwrap(),
                SampleFormat::Int => {
                    let full = (1u64 << (bits - 1)) as f32;
                    writer.write_sample((value * (full - 1.0)) as i32).unwrap();
                }
            }
        }
    }
    writer.finalize().unwrap();
}

fn config(path: &Path) -> DataConfig {
    DataConfig {
        path: Some(path.into()),
        ..DataConfig::default()
    }
}

#[test]
fn the_same_tone_in_every_format_sounds_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (int, float) = (SampleFormat::Int, SampleFormat::Float);
    let formats = [
        (int, 8, 1),
        (int, 16, 2),
        (int, 24, 1),
        (int, 32, 1),
        (float, 32, 2),
    ];
    for (format, bits, channels) in formats {
        let name = format!("hum/{bits}{format:?}.wav");
        write(
            &folder.path().join(name),
            16_000,
            channels,
            bits,
            format,
            0.5,
        );
    }
    write(
        &folder.path().join("hiss/high.wav"),
        44_100,
        1,
        16,
        int,
        0.5,
    );
    let mut data = data::load(&config(folder.path())).unwrap();
    assert_eq!((data.kind, data.width()), (Kind::Sound, 20));
    assert_eq!(data.labels, ["hiss", "hum"]);
    assert_eq!(data.rate_hz, 50.0);
    assert!(data.notes[0].contains("1 of 6 files are brought to 16000 Hz"));
    let front = data.front.unwrap();
    assert_eq!((front.frame, front.hop), (512, 320));
    // A frame in the middle.
    let middle = |r: usize| &data.recordings[r].samples[10 * 20..11 * 20];
    let band = (0..20)
        .max_by(|&a, &b| middle(0)[a].total_cmp(&middle(0)[b]))
        .unwrap();
    for recording in 1..6 {
        let difference = (middle(recording)[band] - middle(0)[band]).abs();
        assert!(
            difference < 0.05,
            "{}: {difference}",
            data.recordings[recording].name
        );
    }
    data.fill(49);
    assert_eq!(data.len_of(0), 49);
    assert_eq!(data.recordings[0].samples[..20], [front.silence(); 20]);
}

#[test]
fn names_say_who_said_what_and_what_is_held_out() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["7_ann_0", "7_bob_5", "8_ann_12", "8_bob_4"] {
        let file = folder.path().join(format!("{name}.wav"));
        write(&file, 8000, 1, 16, SampleFormat::Int, 0.1);
    }
    let config = DataConfig {
        pattern: Some("{label}_{subject}_{index}".into()),
        test: Some("0-4".into()),
        ..config(folder.path())
    };
    let data = data::load(&config).unwrap();
    assert_eq!((data.labels.len(), data.subjects.len()), (2, 2));
    let held: Vec<&str> = data
        .test
        .iter()
        .map(|&t| data.recordings[t].name.as_str())
        .collect();
    assert_eq!(held, ["7_ann_0.wav", "8_bob_4.wav"]);
}

#[test]
fn a_table_beside_the_files_names_them() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b", "c"] {
        let file = folder.path().join(format!("{name}.wav"));
        write(&file, 8000, 1, 16, SampleFormat::Int, 0.1);
    }
    let table = "file,label,subject,part\na.wav,dog,x,train\nb,cat,y,test\n";
    fs::write(folder.path().join("labels.csv"), table).unwrap();
    assert_eq!(data::kind(&config(folder.path())), Kind::Sound);
    let data = data::load(&config(folder.path())).unwrap();
    let labels: Vec<Option<usize>> = data.recordings.iter().map(|r| r.label).collect();
    assert_eq!(
        (data.labels.as_slice(), labels),
        (
            &["cat".into(), "dog".into()][..],
            vec![Some(1), Some(0), None]
        )
    );
    assert_eq!(data.test, [1]);
    fs::write(folder.path().join("labels.csv"), "name,label\na,dog\n").unwrap();
    let message = data::load(&config(folder.path())).unwrap_err().to_string();
    assert!(
        message.contains("column `file`") && message.contains("name, label"),
        "{message}"
    );
}

#[test]
fn damaged_files_are_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("good.wav");
    write(&file, 8000, 1, 16, SampleFormat::Int, 0.1);
    let whole = fs::read(&file).unwrap();
    let bad = folder.path().join("bad.wav");
    for (bytes, why) in [
        (&whole[..whole.len() - 11], "bad.wav: expected a WAV file"),
        (&whole[..20], "bad.wav: expected a WAV file"),
        (&b"not sound"[..], "bad.wav: expected a WAV file"),
        (&[][..], "bad.wav: expected a WAV file"),
    ] {
        fs::write(&bad, bytes).unwrap();
        let message = data::load(&config(folder.path())).unwrap_err().to_string();
        assert!(
            message.contains(why) && message.contains("remove it"),
            "{message}"
        );
    }
    let spec = WavSpec {
        channels: 1,
        sample_rate: 8000,
        bits_per_sample: 32,
        sample_format: SampleFormat::Float,
    };
    let mut writer = WavWriter::create(&bad, spec).unwrap();
    for value in [0.0, f32::NAN] {
        writer.write_sample(value).unwrap();
    }
    writer.finalize().unwrap();
    let message = data::load(&config(folder.path())).unwrap_err().to_string();
    assert!(message.contains("found NaN at sample 1"), "{message}");
    WavWriter::create(&bad, spec).unwrap().finalize().unwrap();
    let message = data::load(&config(folder.path())).unwrap_err().to_string();
    assert!(
        message.contains("bad.wav: expected samples, found none"),
        "{message}"
    );
}

#[test]
fn a_front_end_that_cannot_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(
        &folder.path().join("a.wav"),
        16_000,
        1,
        16,
        SampleFormat::Int,
        0.1,
    );
    for (sound, why) in [
        (
            SoundConfig {
                frame_ms: 100.0,
                ..Default::default()
            },
            "16000 Hz",
        ),
        (
            SoundConfig {
                bands: 0,
                ..Default::default()
            },
            "128 bands",
        ),
        (
            SoundConfig {
                low_hz: 8000.0,
                ..Default::default()
            },
            "low_hz is 8000",
        ),
        (
            SoundConfig {
                floor: f32::NAN,
                ..Default::default()
            },
            "floor",
        ),
    ] {
        let config = DataConfig {
            sound,
            ..config(folder.path())
        };
        let message = data::load(&config).unwrap_err().to_string();
        assert!(message.contains(why), "{message}");
    }
}
