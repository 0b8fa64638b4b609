//! A teacher's embeddings: a table of NumPy or safetensors with one row for each window or for each recording.
//!
//! Rows are in the order that `mote data DIR --rows FILE` writes: recordings in the order in which people count their
//! names (of arrays, IDX and CIFAR files: as they lie there), the windows of each by their start.

use super::dataset::hex;
use super::{DataError, Dataset, Windows, npy};
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;

/// The name of the tensor that is read, where a safetensors file has several.
const TENSOR: &str = "embeddings";

/// What a teacher says of each window.
#[derive(Clone, PartialEq, Debug)]
pub struct TeacherEmbeddings {
    /// Values in a row.
    pub dim: usize,
    /// Whether each window has a row of its own, or all of a recording share one.
    pub per_window: bool,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    values: Vec<f32>,
    /// The row of each recording's first window.
    first: Vec<usize>,
    hop: usize,
}

impl TeacherEmbeddings {
    /// Reads the file at `path` for `windows` of `dataset`, and standardises each column over the rows of the recordings
    /// `train`, so that a common offset or a large column does not hide the others.
    ///
    /// # Errors
    /// If it cannot be read, holds no table of finite numbers, or the number of rows does not fit.
    pub fn read(
        path: &Path,
        dataset: &Dataset,
        windows: &Windows,
        train: &[usize],
    ) -> Result<Self, DataError> {
        let bytes = fs::read(path).map_err(|source| DataError::Read {
            path: path.into(),
            source,
        })?;
        let (shape, values) = match path.extension().and_then(|e| e.to_str()) {
            Some("npy") => npy::numbers(&bytes),
            Some("safetensors") => tensor(&bytes),
            _ => Err("expected a file called .npy or .safetensors; save the embeddings so".into()),
        }
        .map_err(|problem| fault(path, problem))?;
        let [rows, dim] = *shape else {
            return Err(fault(
                path,
                format!("expected a table of rows and columns, found {shape:?}; reshape it"),
            ));
        };
        let (per, all) = (windows.list.len(), dataset.recordings.len());
        if rows != per && rows != all || dim == 0 || dim > usize::from(u16::MAX) {
            return Err(fault(
                path,
                format!(
                    "expected a row for each of the {per} windows, or for each of the {all} recordings, of 1 to 65535 \
                     values, found {rows} rows of {dim}; `mote data DIR --rows rows.csv` writes down which rows are \
                     wanted, in which order"
                ),
            ));
        }
        if let Some(at) = values.iter().position(|v| !(*v as f32).is_finite()) {
            return Err(fault(
                path,
                format!(
                    "expected finite numbers, found {} in row {}, column {}; compute the embeddings again",
                    values[at],
                    at / dim,
                    at % dim
                ),
            ));
        }
        let mut first = vec![0; all];
        for (row, window) in windows.list.iter().enumerate().rev() {
            first[window.recording] = row;
        }
        let mut teacher = Self {
            dim,
            per_window: rows == per,
            sha256: hex(&Sha256::digest(&bytes)),
            values: Vec::new(),
            first,
            hop: windows.hop,
        };
        let training: Vec<usize> = if teacher.per_window {
            let trains = |w: &super::Window| train.binary_search(&w.recording).is_ok();
            let rows = windows.list.iter().enumerate();
            rows.filter(|(_, w)| trains(w))
                .map(|(row, _)| row)
                .collect()
        } else {
            train.to_vec()
        };
        teacher.values = standardised(values, dim, &training);
        Ok(teacher)
    }

    /// What it says of the window of `recording` that begins at sample `start`.
    pub fn row(&self, recording: usize, start: usize) -> &[f32] {
        let row = if self.per_window {
            self.first
                .get(recording)
                .map_or(0, |first| first + start / self.hop)
        } else {
            recording
        };
        self.values
            .get(row * self.dim..(row + 1) * self.dim)
            .unwrap_or_default()
    }
}

/// The only table of a safetensors file, or the one called `embeddings`.
fn tensor(bytes: &[u8]) -> Result<(Vec<usize>, Vec<f64>), String> {
    let file = SafeTensors::deserialize(bytes)
        .map_err(|e| format!("expected a safetensors file, found {e}; save it again"))?;
    let names = file.names();
    let name = match names.as_slice() {
        [one] => *one,
        _ => TENSOR,
    };
    let table = file.tensor(name).map_err(|_| {
        format!("expected one tensor, or one called {TENSOR:?} among several, found {names:?}; rename it")
    })?;
    let data = table.data();
    macro_rules! as_numbers {
        ($type:ty) => {{
            let words = data.as_chunks::<{ size_of::<$type>() }>().0.iter();
            words
                .map(|word| f64::from(<$type>::from_le_bytes(*word)))
                .collect()
        }};
    }
    let values = match table.dtype() {
        Dtype::F64 => as_numbers!(f64),
        Dtype::F32 => as_numbers!(f32),
        Dtype::F16 => as_numbers!(f16),
        Dtype::BF16 => as_numbers!(bf16),
        other => {
            return Err(format!(
                "expected F64, F32, F16 or BF16 in tensor {name:?}, found {other:?}; convert it"
            ));
        }
    };
    Ok((table.shape().to_vec(), values))
}

/// Columns of mean 0 and deviation 1 over the rows named; one that never moves there becomes 0.
fn standardised(values: Vec<f64>, dim: usize, rows: &[usize]) -> Vec<f32> {
    let (mut mean, mut variance) = (vec![0.0; dim], vec![0.0; dim]);
    let row = |row: &usize| &values[row * dim..(row + 1) * dim];
    let count = rows.len().max(1) as f64;
    for values in rows.iter().map(row) {
        mean.iter_mut()
            .zip(values)
            .for_each(|(m, v)| *m += v / count);
    }
    for values in rows.iter().map(row) {
        let moved = values.iter().zip(&mean);
        variance
            .iter_mut()
            .zip(moved)
            .for_each(|(s, (v, m))| *s += (v - m).powi(2) / count);
    }
    let scale = |(variance, mean): (&f64, &f64)| {
        let deviation = variance.sqrt();
        if deviation > 1e-6 * mean.abs() && deviation > 0.0 {
            1.0 / deviation
        } else {
            0.0
        }
    };
    let scale: Vec<f64> = variance.iter().zip(&mean).map(scale).collect();
    let standard = |(at, v): (usize, &f64)| ((v - mean[at % dim]) * scale[at % dim]) as f32;
    values.iter().enumerate().map(standard).collect()
}

fn fault(file: &Path, problem: impl Into<String>) -> DataError {
    DataError::series(file.display(), problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Recording;
    use safetensors::tensor::TensorView;

    /// Three recordings with two, one and three windows of 4 samples every 2.
    fn data() -> (Dataset, Windows) {
        let mut data = Dataset::new("steps", 1.0, vec!["x".into()]);
        for (name, len) in [("a", 6), ("b", 4), ("c", 8)] {
            data.recordings.push(Recording {
                name: name.into(),
                subject: None,
                label: None,
                samples: vec![0.0; len],
            });
        }
        let windows = Windows::cut(&data, 4, 2).unwrap();
        (data, windows)
    }

    fn read(name: &str, bytes: &[u8]) -> Result<TeacherEmbeddings, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let (data, windows) = data();
        TeacherEmbeddings::read(&path, &data, &windows, &[0, 2])
    }

    fn table(rows: usize) -> Vec<u8> {
        let values: Vec<u8> = (0..2 * rows)
            .flat_map(|v| (if v % 2 == 0 { v as f32 } else { 7.0 }).to_le_bytes())
            .collect();
        let view = TensorView::new(Dtype::F32, vec![rows, 2], &values).unwrap();
        safetensors::serialize([("anything", view)], None).unwrap()
    }

    #[test]
    fn each_window_finds_its_row() {
        let teacher = read("t.safetensors", &table(6)).unwrap();
        assert!(teacher.per_window && teacher.dim == 2);
        // Rows 0, 1, 3, 4 and 5 train: values 0, 2, 6, 8, 10 have mean 5.2 and deviation 3.709...
        let deviation = 13.76_f64.sqrt();
        for (recording, start, value) in [(0, 0, 0.0), (0, 2, 2.0), (1, 0, 4.0), (2, 4, 10.0)] {
            let row = teacher.row(recording, start);
            let expected = ((value - 5.2) / deviation) as f32;
            assert!((row[0] - expected).abs() < 1e-6, "{recording} {start}");
            // The other column never moves.
            assert_eq!(row[1], 0.0);
        }
    }

    #[test]
    fn windows_of_a_recording_may_share_a_row() {
        let teacher = read("t.safetensors", &table(3)).unwrap();
        assert!(!teacher.per_window);
        assert_eq!(teacher.row(2, 0), teacher.row(2, 4));
        assert_eq!((teacher.row(0, 0)[0], teacher.row(2, 0)[0]), (-1.0, 1.0));
    }

    #[test]
    fn tables_that_do_not_fit_are_refused_in_words() {
        for (name, bytes, part) in [
            (
                "t.safetensors",
                table(4),
                "6 windows, or for each of the 3 recordings, of 1 to 65535 values, found 4 rows",
            ),
            (
                "t.safetensors",
                b"hello".to_vec(),
                "expected a safetensors file",
            ),
            ("t.npy", b"hello".to_vec(), "as numpy.save writes it"),
            ("t.csv", table(6), "called .npy or .safetensors"),
        ] {
            let message = read(name, &bytes).unwrap_err().to_string();
            assert!(
                message.contains(part) && message.contains(name),
                "{message}"
            );
        }
        let view = |bytes| TensorView::new(Dtype::F32, vec![3, 1], bytes).unwrap();
        let bytes: Vec<u8> = [1.0, f32::NAN, 2.0]
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect();
        let nan = safetensors::serialize([("t", view(&bytes))], None).unwrap();
        let message = read("t.safetensors", &nan).unwrap_err().to_string();
        assert!(message.contains("row 1, column 0"), "{message}");
        let two = safetensors::serialize([("a", view(&bytes)), ("b", view(&bytes))], None).unwrap();
        let message = read("t.safetensors", &two).unwrap_err().to_string();
        assert!(message.contains("called \"embeddings\""), "{message}");
    }
}
