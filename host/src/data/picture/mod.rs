//! Pictures: IDX files, the CIFAR binaries, folders of PNG and JPEG.

pub mod cifar;
pub mod files;
pub mod idx;

use super::{DataError, Dataset, Kind, Recording, folder};
use flate2::read::GzDecoder;
use std::fs;
use std::io::Read;
use std::path::Path;

/// Bytes of a picture from a file, pixel by pixel.
pub(super) struct Picture {
    /// For messages.
    pub name: String,
    /// Its class, if it has one.
    pub label: Option<usize>,
    /// Who took it or is to be seen, if that is known.
    pub subject: Option<usize>,
    /// Whether the data hold it out for testing.
    pub test: bool,
    /// `H * W * C` values.
    pub pixels: Vec<u8>,
}

/// A data set of `pictures` of one size.
pub(super) fn dataset(
    path: &Path,
    [height, width]: [u16; 2],
    channels: usize,
    labels: Vec<String>,
    pictures: Vec<Picture>,
) -> Dataset {
    let names: &[&str] = match channels {
        1 => &["grey"],
        _ => &["red", "green", "blue"],
    };
    let names = names.iter().map(|name| name.to_string()).collect();
    let mut dataset = Dataset::new(folder::title(path, "pictures"), 0.0, names);
    dataset.kind = Kind::Pictures;
    dataset.picture = Some([height, width]);
    dataset.labels = labels;
    let test = (0..pictures.len()).filter(|&at| pictures[at].test);
    dataset.test = test.collect();
    dataset.recordings = pictures
        .into_iter()
        .map(|picture| Recording {
            name: picture.name,
            subject: picture.subject,
            label: picture.label,
            samples: picture.pixels.into_iter().map(f32::from).collect(),
        })
        .collect();
    dataset
}

/// The bytes of a file, unpacked if it ends in `.gz`.
fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    let refused = |source| DataError::Read {
        path: path.into(),
        source,
    };
    let bytes = fs::read(path).map_err(refused)?;
    if path.extension().is_none_or(|e| e != "gz") {
        return Ok(bytes);
    }
    let mut unpacked = Vec::new();
    let done = GzDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked);
    done.map_err(refused)?;
    Ok(unpacked)
}

/// A fault of a file of pictures.
fn fault(file: &Path, problem: impl Into<String>) -> DataError {
    DataError::Picture {
        file: file.into(),
        problem: problem.into(),
    }
}

/// Numbers as names of labels.
fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|label| label.to_string()).collect()
}

#[cfg(test)]
mod tests;
