//! The binary versions of CIFAR-10 and CIFAR-100 (Krizhevsky, 2009): one or two bytes of label, then 1024 bytes each of
//! red, green and blue, of 32 x 32 pixels.
//!
//! CIFAR-10 has `data_batch_1.bin` to `5` and `test_batch.bin`, CIFAR-100 `train.bin` and `test.bin` with a coarse
//! label before the fine one, which is used. Names of labels are read from `batches.meta.txt` or
//! `fine_label_names.txt` if they lie beside.

use super::super::folder::Name;
use super::{Picture, fault, numbered, read};
use crate::data::{DataError, Dataset};
use std::fs;
use std::path::Path;

/// Pixels of a picture.
const PIXELS: usize = 1024;

/// Bytes of labels before the pixels of each picture, if the file is one of CIFAR's by its name.
fn label_bytes(name: &str) -> Option<usize> {
    match name {
        "train.bin" | "test.bin" => Some(2),
        "test_batch.bin" => Some(1),
        _ if name.starts_with("data_batch_") && name.ends_with(".bin") => Some(1),
        _ => None,
    }
}

/// Whether a file is one of CIFAR's, by its name.
pub(in super::super) fn is_batch(name: &str) -> bool {
    label_bytes(name).is_some()
}

/// Reads all batches.
pub(in super::super) fn load(path: &Path, names: &[Name]) -> Result<Dataset, DataError> {
    let mut pictures = Vec::new();
    let (mut classes, mut labels) = (0, None);
    for name in names {
        let file = &name.path;
        let file_name = file.file_name().unwrap_or_default().to_string_lossy();
        let before = label_bytes(&file_name).unwrap_or(1);
        let bytes = read(file)?;
        let record = before + 3 * PIXELS;
        if bytes.is_empty() || !bytes.len().is_multiple_of(record) {
            return Err(fault(
                file,
                format!(
                    "expected whole pictures of {record} bytes, found {} bytes; download it again (the binary \
                     version)",
                    bytes.len()
                ),
            ));
        }
        let beside = if before == 1 {
            "batches.meta.txt"
        } else {
            "fine_label_names.txt"
        };
        labels = labels.or_else(|| fs::read_to_string(file.with_file_name(beside)).ok());
        for (at, bytes) in bytes.chunks_exact(record).enumerate() {
            let (label, planes) = bytes.split_at(before);
            let label = usize::from(label[before - 1]);
            classes = classes.max(label + 1);
            pictures.push(Picture {
                name: format!("{} {at}", name.stem),
                label: Some(label),
                test: file_name.starts_with("test"),
                subject: None,
                pixels: (0..3 * PIXELS)
                    .map(|i| planes[i % 3 * PIXELS + i / 3])
                    .collect(),
            });
        }
    }
    let named: Vec<String> = labels
        .unwrap_or_default()
        .lines()
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect();
    let labels = if named.len() >= classes {
        named
    } else {
        numbered(classes)
    };
    Ok(super::dataset(path, [32, 32], 3, labels, pictures))
}
