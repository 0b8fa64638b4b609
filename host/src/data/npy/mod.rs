//! Arrays of NumPy: a folder with `x.npy`, and beside it `y.npy` with labels and `subject.npy`, if there are any; or
//! an archive `.npz` of arrays with these names.
//!
//! `x` has one row for each window: `(N, T)` or `(N, T, C)` values of a series, or pictures of `(N, H, W, C)` values
//! with 1 or 3 channels (one of bytes as `(N, H, W)` too). Windows of a series that overlap by half are joined to the
//! recordings that they were cut from; see `rejoin.rs`.

mod array;
mod files;
mod rejoin;

use super::{DataConfig, DataError, Dataset, Kind, Recording};
use files::Files;
use std::path::Path;

/// Whether a file is the array of windows or an archive with one, by its name.
pub(super) fn is_array(name: &str) -> bool {
    name == "x.npy" || name == "X.npy" || is_archive(Path::new(name))
}

fn is_archive(file: &Path) -> bool {
    file.extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("npz"))
}

/// Whether `file` holds pictures or a series; a series where it cannot be read.
pub(super) fn kind(file: &Path) -> Kind {
    let x = Files::open(file).and_then(|mut files| files.read("x"));
    match x.map(|x| x.map(|x| (x.shape.len(), x.kind))) {
        Ok(Some((4, _))) => Kind::Pictures,
        Ok(Some((3, kind))) if kind == "u1" => Kind::Pictures,
        _ => Kind::Series,
    }
}

/// Reads `file`, which is called `x.npy`, and what lies beside; or an archive.
pub(super) fn load(file: &Path, config: &DataConfig) -> Result<Dataset, DataError> {
    let mut files = Files::open(file)?;
    let place = files.place("x");
    let x = files.read("x")?.ok_or_else(|| {
        DataError::series(
            file.display(),
            "expected an array called x with one row for each window, found none; name it so when saving",
        )
    })?;
    let bytes = x.kind == "u1";
    let (picture, length, width) = match *x.shape.as_slice() {
        [_, t] => (None, t, 1),
        [_, h, w] if bytes => (Some([h, w]), h * w, 1),
        [_, t, c] => (None, t, c),
        [_, h, w, c @ (1 | 3)] => (Some([h, w]), h * w, c),
        _ => {
            return Err(DataError::series(
                place,
                format!(
                    "expected (N, T), (N, T, C) or pictures of (N, H, W, 1 or 3), found {:?}; reshape the array",
                    x.shape
                ),
            ));
        }
    };
    let rows = x.shape[0];
    if rows == 0 || length == 0 || width == 0 || width > usize::from(u16::MAX) {
        return Err(DataError::series(
            place,
            format!("expected windows of some values, found {:?}", x.shape),
        ));
    }
    let labels = names(&mut files, "y", rows)?;
    let subjects = names(&mut files, "subject", rows)?;
    let channels: Vec<String> = match (picture, width) {
        (Some(_), 1) => vec!["grey".into()],
        (Some(_), _) => ["red", "green", "blue"].map(String::from).to_vec(),
        (None, _) if config.channels.is_empty() => (1..=width).map(|c| format!("c{c}")).collect(),
        (None, _) if config.channels.len() == width => config.channels.clone(),
        (None, _) => {
            return Err(DataError::series(
                place,
                format!(
                    "expected names for its {width} channels, found {} with --channels; name all of them, in order",
                    config.channels.len()
                ),
            ));
        }
    };
    let named = file.canonicalize().ok();
    let named = named.as_deref().and_then(|file| {
        if is_archive(file) {
            file.file_stem()
        } else {
            file.parent()?.file_name()
        }
    });
    let name = named.map(|name| name.to_string_lossy().into_owned());
    let rate = if picture.is_some() {
        0.0
    } else {
        config.rate_hz.unwrap_or(1.0)
    };
    let mut dataset = Dataset::new(name.unwrap_or_else(|| "arrays".into()), rate, channels);
    if let Some(sides) = picture {
        let sides = sides.map(|side| u16::try_from(side).ok());
        let [Some(h), Some(w)] = sides else {
            return Err(DataError::series(
                place,
                "expected pictures of at most 65535 pixels a side; scale them",
            ));
        };
        (dataset.kind, dataset.picture) = (Kind::Pictures, Some([h, w]));
    } else {
        dataset.whole = Some(length);
        if config.rate_hz.is_none() {
            dataset.notes.push(
                "an array has no clock: without --rate a sample is taken for a second".into(),
            );
        }
    }
    let index = |names: &Option<Names>, row: usize| names.as_ref().map(|n| n.of_row[row]);
    for (row, values) in x.values.chunks_exact(length * width).enumerate() {
        if let Some(at) = values.iter().position(|v| !(*v as f32).is_finite()) {
            return Err(DataError::series(
                place,
                format!(
                    "expected finite numbers, found {} in row {row}, value {at}; fill it in or remove the row \
                     (mote does not invent samples)",
                    values[at]
                ),
            ));
        }
        dataset.recordings.push(Recording {
            name: format!("row {row}"),
            subject: index(&subjects, row),
            label: index(&labels, row),
            samples: values.iter().map(|v| *v as f32).collect(),
        });
    }
    dataset.labels = labels.map_or_else(Vec::new, |names| names.distinct);
    dataset.subjects = subjects.map_or_else(Vec::new, |names| names.distinct);
    if picture.is_none() {
        rejoin::rejoin(&mut dataset, length);
    }
    Ok(dataset)
}

/// What the rows are called.
struct Names {
    /// Each name once.
    distinct: Vec<String>,
    /// Which of them each row has.
    of_row: Vec<usize>,
}

/// The distinct numbers of the array called `name`, in order, and which of them each row has.
fn names(files: &mut Files, name: &str, rows: usize) -> Result<Option<Names>, DataError> {
    let Some(array) = files.read(name)? else {
        return Ok(None);
    };
    if array.shape != [rows] {
        return Err(DataError::series(
            files.place(name),
            format!(
                "expected one number for each of the {rows} rows of x, found {:?}",
                array.shape
            ),
        ));
    }
    let mut distinct = array.values.clone();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    let of = |value: &f64| {
        distinct
            .iter()
            .position(|d| d.total_cmp(value).is_eq())
            .unwrap_or(0)
    };
    let of_row = array.values.iter().map(of).collect();
    Ok(Some(Names {
        distinct: distinct.iter().map(f64::to_string).collect(),
        of_row,
    }))
}

/// Shape and numbers of an array of bytes.
///
/// # Errors
/// A message, if they are no such array.
pub(super) fn numbers(bytes: &[u8]) -> Result<(Vec<usize>, Vec<f64>), String> {
    array::parse(bytes).map(|array| (array.shape, array.values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{SplitBy, load};
    use std::fs;
    use std::io::Write;
    use zip::write::{SimpleFileOptions, ZipWriter};

    fn npy(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
        let head = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((head.len() as u16).to_le_bytes());
        bytes.extend(head.as_bytes());
        bytes.extend(values);
        bytes
    }

    fn floats(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    fn read_folder(files: &[(&str, Vec<u8>)]) -> Result<Dataset, DataError> {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        load(&DataConfig {
            path: Some(folder.path().into()),
            ..DataConfig::default()
        })
    }

    #[test]
    fn windows_labels_and_subjects_are_read() {
        let values: Vec<f32> = (0..12).map(|v| v as f32).collect();
        let data = read_folder(&[
            ("x.npy", npy("<f4", "(2, 3, 2)", &floats(&values))),
            ("y.npy", npy("<i4", "(2,)", &[7, 0, 0, 0, 3, 0, 0, 0])),
            ("subject.npy", npy("|u1", "(2,)", &[12, 12])),
        ])
        .unwrap();
        assert_eq!(
            (data.width(), data.whole, data.kind),
            (2, Some(3), Kind::Series)
        );
        assert_eq!(
            (data.labels.as_slice(), data.subjects.as_slice()),
            (&["3".into(), "7".into()][..], &["12".into()][..])
        );
        assert_eq!(data.recordings[1].samples, [6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
        assert_eq!(
            (data.recordings[0].label, data.recordings[1].subject),
            (Some(1), Some(0))
        );
    }

    #[test]
    fn bytes_of_three_dimensions_are_pictures() {
        let data =
            read_folder(&[("x.npy", npy("|u1", "(2, 2, 2)", &[1, 2, 3, 4, 5, 6, 7, 8]))]).unwrap();
        assert_eq!((data.kind, data.picture), (Kind::Pictures, Some([2, 2])));
    }

    #[test]
    fn other_arrays_are_refused_in_words() {
        for (bytes, part) in [
            (b"hello".to_vec(), "as numpy.save writes it"),
            (npy(">f4", "(1, 1)", &[0; 4]), "little-endian"),
            (npy("<U5", "(1, 1)", &[0; 20]), "type <U5"),
            (npy("<f4", "(1, 2)", &[0; 4]), "cut off"),
            (
                npy("<f4", "(1, 18446744073709551615, 2)", &[0; 4]),
                "cut off",
            ),
            (npy("<f4", "(4,)", &[0; 16]), "(N, T)"),
            (npy("<f4", "(1, 1)", &floats(&[f32::NAN])), "row 0, value 0"),
            (npy("<f4", "(0, 4)", &[]), "some values"),
        ] {
            let message = read_folder(&[("x.npy", bytes)]).unwrap_err().to_string();
            assert!(
                message.contains(part) && message.contains("x.npy"),
                "{message}"
            );
        }
        let x = ("x.npy", npy("<f4", "(1, 1)", &[0; 4]));
        let message = read_folder(&[x, ("y.npy", npy("<i4", "(2,)", &[0; 8]))])
            .unwrap_err()
            .to_string();
        assert!(message.contains("each of the 1 rows"), "{message}");
    }

    /// A folder with an archive of these arrays, packed.
    fn archive(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let file = fs::File::create(folder.path().join("motion.npz")).unwrap();
        let mut zip = ZipWriter::new(file);
        for (name, bytes) in files {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
        folder
    }

    /// Windows of 4 samples, half of them shared with the next, cut out of a recording of each of 3 subjects.
    fn overlapping() -> tempfile::TempDir {
        let (mut values, mut subject, mut y) = (Vec::new(), Vec::new(), Vec::new());
        for person in 0..3u8 {
            for start in [0, 2, 4] {
                values.extend((0..4).map(|t| f32::from(person * 100 + start + t)));
                subject.push(person + 7);
                y.push(person % 2);
            }
        }
        archive(&[
            ("x.npy", npy("<f4", "(9, 4, 1)", &floats(&values))),
            ("subject.npy", npy("|u1", "(9,)", &subject)),
            ("y.npy", npy("|u1", "(9,)", &y)),
        ])
    }

    #[test]
    fn overlapping_windows_of_an_archive_are_joined_and_cut_again() {
        let folder = overlapping();
        let mut config = DataConfig {
            path: Some(folder.path().into()),
            channels: vec!["ax".into()],
            ..DataConfig::default()
        };
        let data = load(&config).unwrap();
        assert_eq!((data.name.as_str(), data.recordings.len()), ("motion", 3));
        let second = &data.recordings[1];
        assert_eq!(second.name, "row 3 to 5");
        assert_eq!(
            second.samples,
            [100, 101, 102, 103, 104, 105, 106, 107].map(|v| v as f32)
        );
        assert_eq!((data.whole, data.cut(128, 64)), (None, (4, 2)));
        assert!(data.notes.iter().any(|note| note.contains("joined to 3")));
        config.channels.push("ay".into());
        let message = load(&config).unwrap_err().to_string();
        assert!(message.contains("names for its 1 channels"), "{message}");
    }

    #[test]
    fn windows_that_do_not_overlap_stay_apart() {
        let values: Vec<f32> = (0..16).map(|v| v as f32).collect();
        let data = read_folder(&[("x.npy", npy("<f4", "(4, 4)", &floats(&values)))]).unwrap();
        assert_eq!((data.recordings.len(), data.whole), (4, Some(4)));
    }

    #[test]
    fn subjects_may_be_held_out_by_name() {
        let folder = overlapping();
        let mut config = DataConfig {
            path: Some(folder.path().into()),
            test_subjects: vec!["9".into(), "7".into()],
            ..DataConfig::default()
        };
        let data = load(&config).unwrap();
        assert_eq!(data.test, [0, 2]);
        let (_, folds) = crate::data::Folds::new(data, 5, 4).unwrap();
        assert_eq!((folds.by, folds.count), (SplitBy::Given, 1));
        config.test_subjects = vec!["2".into()];
        let message = load(&config).unwrap_err().to_string();
        assert!(
            message.contains("\"2\"") && message.contains("7, 8, 9"),
            "{message}"
        );
        config.test_subjects = ["7", "8", "9"].map(String::from).to_vec();
        let message = load(&config).unwrap_err().to_string();
        assert!(message.contains("left to learn from"), "{message}");
    }

    #[test]
    fn broken_archives_are_refused_in_words() {
        let folder = archive(&[("z.npy", npy("<f4", "(1, 1)", &[0; 4]))]);
        let load_it = || {
            load(&DataConfig {
                path: Some(folder.path().into()),
                ..DataConfig::default()
            })
            .unwrap_err()
            .to_string()
        };
        assert!(load_it().contains("an array called x"));
        fs::write(folder.path().join("motion.npz"), b"PK").unwrap();
        let message = load_it();
        assert!(message.contains("as numpy.savez writes it") && message.contains("motion.npz"));
        fs::write(folder.path().join("second.npz"), b"PK").unwrap();
        assert!(load_it().contains("one array of windows"));
    }
}
