//! Arrays of NumPy: a folder with `x.npy`, and beside it `y.npy` with labels and `subject.npy`, if there are any.
//!
//! `x` has one row for each window: `(N, T)` or `(N, T, C)` values of a series, or pictures of `(N, H, W, C)` values
//! with 1 or 3 channels (one of bytes as `(N, H, W)` too). Numbers may be of any plain little-endian type. The format is
//! that of NumPy's enhancement proposal 1: magic, version, length of a header, the header (a dictionary in Python's
//! spelling), the values.

use super::{DataConfig, DataError, Dataset, Kind, Recording};
use std::fs;
use std::path::Path;

/// Whether a file is the array of windows, by its name.
pub(super) fn is_array(name: &str) -> bool {
    name == "x.npy" || name == "X.npy"
}

/// An array, row by row.
struct Array {
    /// Extent of each dimension.
    shape: Vec<usize>,
    /// NumPy's name of the type without byte order, such as `f4`.
    kind: String,
    values: Vec<f64>,
}

/// Whether `file` holds pictures or a series; a series where it cannot be read.
pub(super) fn kind(file: &Path) -> Kind {
    match read(file).map(|x| (x.shape.len(), x.kind)) {
        Ok((4, _)) => Kind::Pictures,
        Ok((3, kind)) if kind == "u1" => Kind::Pictures,
        _ => Kind::Series,
    }
}

/// Reads `file`, which is called `x.npy`, and what lies beside.
pub(super) fn load(file: &Path, config: &DataConfig) -> Result<Dataset, DataError> {
    let x = read(file)?;
    let bytes = x.kind == "u1";
    let (picture, length, width) = match *x.shape.as_slice() {
        [_, t] => (None, t, 1),
        [_, h, w] if bytes => (Some([h, w]), h * w, 1),
        [_, t, c] => (None, t, c),
        [_, h, w, c @ (1 | 3)] => (Some([h, w]), h * w, c),
        _ => {
            return Err(fault(
                file,
                format!(
                    "expected (N, T), (N, T, C) or pictures of (N, H, W, 1 or 3), found {:?}; reshape the array",
                    x.shape
                ),
            ));
        }
    };
    let rows = x.shape[0];
    if rows == 0 || length == 0 || width == 0 || width > usize::from(u16::MAX) {
        return Err(fault(
            file,
            format!("expected windows of some values, found {:?}", x.shape),
        ));
    }
    let labels = names(file, "y", rows)?;
    let subjects = names(file, "subject", rows)?;
    let channels: Vec<String> = match (picture, width) {
        (Some(_), 1) => vec!["grey".into()],
        (Some(_), _) => ["red", "green", "blue"].map(String::from).to_vec(),
        (None, _) if config.channels.len() == width => config.channels.clone(),
        (None, _) => (1..=width).map(|c| format!("c{c}")).collect(),
    };
    let folder = file.parent().and_then(|folder| folder.canonicalize().ok());
    let name = folder.and_then(|f| f.file_name().map(|n| n.to_string_lossy().into_owned()));
    let rate = if picture.is_some() {
        0.0
    } else {
        config.rate_hz.unwrap_or(1.0)
    };
    let mut dataset = Dataset::new(name.unwrap_or_else(|| "arrays".into()), rate, channels);
    if let Some(sides) = picture {
        let sides = sides.map(|side| u16::try_from(side).ok());
        let [Some(h), Some(w)] = sides else {
            return Err(fault(
                file,
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
            return Err(fault(
                file,
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
    Ok(dataset)
}

/// What the rows are called.
struct Names {
    /// Each name once.
    distinct: Vec<String>,
    /// Which of them each row has.
    of_row: Vec<usize>,
}

/// The distinct numbers of the array called `name` beside `x`, in order, and which of them each row has.
fn names(x: &Path, name: &str, rows: usize) -> Result<Option<Names>, DataError> {
    let file = x.with_file_name(format!("{name}.npy"));
    if !file.exists() {
        return Ok(None);
    }
    let array = read(&file)?;
    if array.shape != [rows] {
        return Err(fault(
            &file,
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

fn fault(file: &Path, problem: impl Into<String>) -> DataError {
    DataError::Series {
        place: file.display().to_string(),
        problem: problem.into(),
    }
}

fn read(file: &Path) -> Result<Array, DataError> {
    let bytes = fs::read(file).map_err(|source| DataError::Read {
        path: file.into(),
        source,
    })?;
    parse(&bytes).map_err(|problem| fault(file, problem))
}

/// Shape and numbers of an array of bytes.
///
/// # Errors
/// A message, if they are no such array.
pub(super) fn numbers(bytes: &[u8]) -> Result<(Vec<usize>, Vec<f64>), String> {
    parse(bytes).map(|array| (array.shape, array.values))
}

fn parse(bytes: &[u8]) -> Result<Array, String> {
    let (head, values) = header(bytes).ok_or(
        "expected an array as numpy.save writes it, found another format or a cut-off header",
    )?;
    let after = |key: &str| {
        head.split_once(&format!("'{key}':"))
            .map(|(_, rest)| rest.trim_start())
    };
    let kind = after("descr")
        .and_then(|rest| rest.split('\'').nth(1))
        .unwrap_or_default();
    if after("fortran_order").is_none_or(|rest| !rest.starts_with("False")) {
        return Err("expected rows one after the other, found Fortran order; save numpy.ascontiguousarray(x)".into());
    }
    let shape = after("shape").and_then(|rest| rest.strip_prefix('(')?.split_once(')'));
    let shape = shape
        .map_or("", |(shape, _)| shape)
        .split(',')
        .map(str::trim);
    let shape: Result<Vec<usize>, _> = shape.filter(|s| !s.is_empty()).map(str::parse).collect();
    let shape = shape.map_err(|_| format!("expected a shape of whole numbers, found {head}"))?;
    let (order, kind) = kind.split_at_checked(1).unwrap_or_default();
    macro_rules! as_numbers {
        ($type:ty) => {{
            let (words, rest) = values.as_chunks::<{ size_of::<$type>() }>();
            let numbers = words
                .iter()
                .map(|word| <$type>::from_le_bytes(*word) as f64);
            (numbers.collect::<Vec<f64>>(), rest.is_empty())
        }};
    }
    let (numbers, whole) = match (order, kind) {
        (">", _) => {
            return Err(
                "expected little-endian numbers, found big-endian ones; convert the array".into(),
            );
        }
        (_, "f4") => as_numbers!(f32),
        (_, "f8") => as_numbers!(f64),
        (_, "i1") => as_numbers!(i8),
        (_, "i2") => as_numbers!(i16),
        (_, "i4") => as_numbers!(i32),
        (_, "i8") => as_numbers!(i64),
        (_, "u1" | "b1") => as_numbers!(u8),
        (_, "u2") => as_numbers!(u16),
        (_, "u4") => as_numbers!(u32),
        (_, "u8") => as_numbers!(u64),
        _ => {
            return Err(format!(
                "expected plain numbers, found the type {order}{kind}; convert the array"
            ));
        }
    };
    let expected = shape
        .iter()
        .try_fold(1usize, |all, &dim| all.checked_mul(dim));
    if !whole || expected != Some(numbers.len()) {
        return Err(format!(
            "expected values for the shape {shape:?}, found {}; the file is cut off, save it again",
            numbers.len()
        ));
    }
    Ok(Array {
        shape,
        kind: kind.into(),
        values: numbers,
    })
}

/// The header and the bytes behind it.
fn header(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let rest = bytes.strip_prefix(b"\x93NUMPY")?;
    let (len, rest) = match rest {
        [1, _, a, b, rest @ ..] => (u16::from_le_bytes([*a, *b]) as usize, rest),
        [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest),
        _ => return None,
    };
    let (head, values) = rest.split_at_checked(len)?;
    Some((std::str::from_utf8(head).ok()?, values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::load;

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
}
