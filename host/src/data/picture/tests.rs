use crate::data::{DataConfig, DataError, Dataset, Folds, Kind, SplitBy, kind, load};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write;
use std::path::Path;

fn at(path: &Path) -> DataConfig {
    DataConfig {
        path: Some(path.into()),
        ..DataConfig::default()
    }
}

fn read(path: &Path) -> Result<Dataset, DataError> {
    load(&at(path))
}

fn idx(dims: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dims.len() as u8];
    dims.iter().for_each(|dim| bytes.extend(dim.to_be_bytes()));
    bytes.extend(values);
    bytes
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

#[test]
fn idx_files_are_read_with_labels_and_the_part_held_out() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let pixels: Vec<u8> = (0..24).collect();
    let images = idx(&[4, 2, 3], &pixels);
    fs::write(here.join("train-images-idx3-ubyte.gz"), packed(&images)).unwrap();
    fs::write(here.join("train-labels-idx1-ubyte"), "").unwrap();
    let labels = idx(&[4], &[0, 2, 1, 0]);
    fs::write(here.join("train-labels-idx1-ubyte.gz"), packed(&labels)).unwrap();
    fs::write(
        here.join("t10k-images-idx3-ubyte"),
        idx(&[1, 2, 3], &[9; 6]),
    )
    .unwrap();
    fs::write(here.join("t10k-labels-idx1-ubyte"), idx(&[1], &[1])).unwrap();
    let data = read(here).unwrap();
    assert_eq!(
        (kind(&at(here)), data.kind),
        (Kind::Pictures, Kind::Pictures)
    );
    assert_eq!(data.picture, Some([2, 3]));
    assert_eq!(data.labels, ["0", "1", "2"]);
    assert_eq!(data.cut(128, 64), (6, 6));
    let of = |name: &str| {
        let found = data
            .recordings
            .iter()
            .position(|r| r.name.starts_with(name));
        found.unwrap()
    };
    let second = &data.recordings[of("train") + 1];
    assert_eq!(second.samples, [6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
    assert_eq!(second.label, Some(2));
    assert_eq!(data.test, [of("t10k")]);
    let (_, folds) = Folds::new(data, 5, 6).unwrap();
    assert_eq!((folds.by, folds.count), (SplitBy::Given, 1));
    assert_eq!(folds.split(0).train.len(), 4);
}

#[test]
fn broken_idx_files_are_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (images, labels) = (
        here.join("a-images-idx3-ubyte"),
        here.join("a-labels-idx1-ubyte"),
    );
    let whole = idx(&[2, 2, 2], &[0; 8]);
    for (bytes, part) in [
        (whole[..whole.len() - 1].to_vec(), "expected 8 values"),
        (whole[..9].to_vec(), "cut off"),
        (b"PNG?".to_vec(), "expected an IDX file"),
        (Vec::new(), "expected an IDX file"),
        (idx(&[2, 0, 2], &[]), "1 to 65535 pixels"),
        (idx(&[u32::MAX, u32::MAX, u32::MAX], &[1]), "too many"),
    ] {
        fs::write(&images, bytes).unwrap();
        let message = read(here).unwrap_err().to_string();
        assert!(
            message.contains(part) && message.contains("a-images"),
            "{message}"
        );
    }
    fs::write(&images, whole).unwrap();
    fs::write(&labels, idx(&[3], &[0; 3])).unwrap();
    let message = read(here).unwrap_err().to_string();
    assert!(
        message.contains("expected 2 labels") && message.contains("found 3"),
        "{message}"
    );
    fs::remove_file(labels).unwrap();
    assert!(read(here).unwrap().labels.is_empty());
}

#[test]
fn cifar_batches_become_pixels_of_three_colours() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let record = |label: &[u8], red: u8| {
        let planes = (0..3072).map(move |i| red + (i / 1024) as u8);
        label.iter().copied().chain(planes).collect::<Vec<u8>>()
    };
    let train = [record(&[1], 10), record(&[0], 20)].concat();
    fs::write(here.join("data_batch_1.bin"), &train).unwrap();
    fs::write(here.join("test_batch.bin"), record(&[1], 30)).unwrap();
    fs::write(here.join("batches.meta.txt"), "airplane\nautomobile\n\n").unwrap();
    let data = read(here).unwrap();
    assert_eq!((data.picture, data.width()), (Some([32, 32]), 3));
    assert_eq!(data.labels, ["airplane", "automobile"]);
    assert_eq!(
        data.recordings[1].samples[..6],
        [20.0, 21.0, 22.0, 20.0, 21.0, 22.0]
    );
    assert_eq!(data.test, [2]);
    fs::write(here.join("data_batch_1.bin"), &train[..5000]).unwrap();
    let message = read(here).unwrap_err().to_string();
    assert!(message.contains("3073 bytes, found 5000"), "{message}");

    let hundred = tempfile::tempdir().unwrap();
    fs::write(hundred.path().join("train.bin"), record(&[7, 42], 1)).unwrap();
    let data = read(hundred.path()).unwrap();
    assert_eq!(
        (data.recordings[0].label, data.labels.len()),
        (Some(42), 43)
    );
}

fn save(path: &Path, picture: image::DynamicImage) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    picture.save(path).unwrap();
}

#[test]
fn folders_of_pictures_have_labels_and_one_size() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let grey = image::DynamicImage::new_luma8(40, 20);
    save(&here.join("train/cat/1.png"), grey.clone());
    save(&here.join("train/dog/2.JPG"), grey.clone());
    save(&here.join("test/dog/3.jpeg"), grey);
    let mut data = read(here).unwrap();
    assert_eq!((data.width(), data.picture), (1, Some([32, 32])));
    assert_eq!(data.labels, ["cat", "dog"]);
    assert_eq!(data.recordings[data.test[0]].label, Some(1));
    assert_eq!(data.test.len(), 1);
    let red = image::Rgb([255, 0, 0]);
    let mut colour = image::RgbImage::from_pixel(30, 10, red);
    // The middle square is kept.
    colour.put_pixel(0, 0, image::Rgb([0, 0, 0]));
    save(&here.join("train/cat/4.png"), colour.into());
    let config = DataConfig {
        side: Some(8),
        ..at(here)
    };
    data = load(&config).unwrap();
    assert_eq!((data.width(), data.picture), (3, Some([8, 8])));
    let found = data
        .recordings
        .iter()
        .find(|r| r.name.ends_with("cat/4"))
        .unwrap();
    assert!(
        found
            .samples
            .chunks(3)
            .all(|pixel| pixel == [255.0, 0.0, 0.0])
    );
    fs::write(here.join("train/cat/5.png"), b"no picture").unwrap();
    let message = read(here).unwrap_err().to_string();
    assert!(
        message.contains("5.png") && message.contains("expected a PNG or JPEG"),
        "{message}"
    );
}

#[test]
fn fewer_pictures_keep_parts_and_labels() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let labels: Vec<u8> = (0..200).map(|i| (i % 4) as u8).collect();
    for (part, count) in [("train", 200usize), ("test", 40)] {
        let images = idx(&[count as u32, 1, 1], &vec![1; count]);
        fs::write(here.join(format!("{part}-images-idx3-ubyte")), images).unwrap();
        let labels = idx(&[count as u32], &labels[..count]);
        fs::write(here.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
    }
    let config = DataConfig {
        most: Some(60),
        ..at(here)
    };
    let data = load(&config).unwrap();
    assert!(
        (56..=60).contains(&data.recordings.len()),
        "{}",
        data.recordings.len()
    );
    assert!((8..=10).contains(&data.test.len()), "{:?}", data.test);
    for label in 0..4 {
        let of = data
            .recordings
            .iter()
            .filter(|r| r.label == Some(label))
            .count();
        assert!((14..=15).contains(&of), "{of}");
    }
    assert!(
        data.test
            .iter()
            .all(|&r| data.recordings[r].name.starts_with("test"))
    );
    assert!(data.notes[0].contains("of 240"));
}

#[test]
fn names_of_pictures_say_who_and_what_and_what_is_held_out() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for name in ["cup_anna_0", "cup_ben_1", "dog_anna_0", "dog_anna_12"] {
        image::GrayImage::new(4, 4)
            .save(here.join(format!("{name}.png")))
            .unwrap();
    }
    let config = DataConfig {
        pattern: Some("{label}_{subject}_{index}".into()),
        test: Some("1-20".into()),
        ..at(here)
    };
    let data = load(&config).unwrap();
    assert_eq!((data.labels.len(), data.subjects.len()), (2, 2));
    let of = |recording: usize| {
        let recording = &data.recordings[recording];
        let [label, subject] = [recording.label, recording.subject].map(Option::unwrap);
        (data.labels[label].as_str(), data.subjects[subject].as_str())
    };
    assert_eq!(data.test, [1, 3]);
    assert_eq!((of(1), of(2)), (("cup", "ben"), ("dog", "anna")));
    let wrong = DataConfig {
        pattern: Some("{label}-{index}".into()),
        ..at(here)
    };
    let message = load(&wrong).unwrap_err().to_string();
    assert!(message.contains("cup_anna_0"), "{message}");
}
