//! IDX files, as of the MNIST family (LeCun, Cortes and Burges): `…-images-idx3-ubyte` beside `…-labels-idx1-ubyte`.
//!
//! Two zero bytes, the type (8: unsigned bytes), the number of dimensions, each dimension as a big-endian `u32`, then
//! the values. Files whose names have `t10k` or `test` are the part held out for testing.

use super::super::folder::Name;
use super::{Picture, fault, numbered, read};
use crate::data::{DataError, Dataset};
use std::path::{Path, PathBuf};

/// Whether a file is one of pictures, by its name.
pub(in super::super) fn is_images(name: &str) -> bool {
    name.contains("images") && name.contains("idx3")
}

/// Reads all image files and their labels.
pub(in super::super) fn load(path: &Path, names: &[Name]) -> Result<Dataset, DataError> {
    let mut size = None;
    let (mut pictures, mut classes) = (Vec::new(), 0);
    for name in names {
        let file = &name.path;
        let bytes = read(file)?;
        let (dims, pixels) = parse(file, &bytes, 3)?;
        let &[count, height, width] = dims.as_slice() else {
            continue;
        };
        let found = [height, width].map(|n| u16::try_from(n).unwrap_or(0));
        if found.contains(&0) || *size.get_or_insert(found) != found {
            return Err(fault(
                file,
                format!(
                    "expected pictures of 1 to 65535 pixels a side, all of one size, found {height} x {width}; \
                     keep other sizes in another folder"
                ),
            ));
        }
        let labels = labels(file, count)?;
        let test = name.stem.contains("t10k") || name.stem.contains("test");
        for (at, pixels) in pixels.chunks_exact(height * width).enumerate() {
            let label = labels.as_ref().map(|labels| usize::from(labels[at]));
            classes = classes.max(label.map_or(0, |label| label + 1));
            pictures.push(Picture {
                name: format!("{} {at}", name.stem),
                label,
                test,
                subject: None,
                pixels: pixels.to_vec(),
            });
        }
    }
    let size = size.unwrap_or([1, 1]);
    Ok(super::dataset(path, size, 1, numbered(classes), pictures))
}

/// The labels beside an image file, if the file is there.
fn labels(images: &Path, count: usize) -> Result<Option<Vec<u8>>, DataError> {
    let name = images.file_name().unwrap_or_default().to_string_lossy();
    let name = name.replace("images", "labels").replace("idx3", "idx1");
    let file: PathBuf = images.with_file_name(name);
    if !file.exists() {
        return Ok(None);
    }
    let bytes = read(&file)?;
    let (dims, labels) = parse(&file, &bytes, 1)?;
    if dims != [count] {
        return Err(fault(
            &file,
            format!(
                "expected {count} labels, one for each picture of {}, found {}; the files do not belong together",
                images.display(),
                dims.first().copied().unwrap_or_default()
            ),
        ));
    }
    Ok(Some(labels.to_vec()))
}

/// Dimensions and values of unsigned bytes.
fn parse<'a>(
    file: &Path,
    bytes: &'a [u8],
    wanted: usize,
) -> Result<(Vec<usize>, &'a [u8]), DataError> {
    let head = bytes.get(..4).unwrap_or_default();
    if head != [0, 0, 8, wanted as u8] {
        return Err(fault(
            file,
            format!(
                "expected an IDX file of unsigned bytes with {wanted} dimensions (00 00 08 {wanted:02x}), \
                 found {head:02x?}; download it again"
            ),
        ));
    }
    let mut dims = Vec::new();
    for at in 0..wanted {
        let word = bytes.get(4 + 4 * at..8 + 4 * at);
        let word: Option<[u8; 4]> = word.and_then(|word| word.try_into().ok());
        let Some(word) = word else {
            return Err(fault(file, "the header is cut off; download it again"));
        };
        dims.push(u32::from_be_bytes(word) as usize);
    }
    let values = bytes.get(4 + 4 * wanted..).unwrap_or_default();
    let expected = dims
        .iter()
        .try_fold(1usize, |all, &dim| all.checked_mul(dim));
    if expected != Some(values.len()) {
        return Err(fault(
            file,
            format!(
                "expected {} values for dimensions {dims:?}, found {}; the file is cut off, download it again",
                expected.map_or_else(|| "too many".into(), |n| n.to_string()),
                values.len()
            ),
        ));
    }
    Ok((dims, values))
}
