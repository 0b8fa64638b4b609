//! Folders of PNG and JPEG files; the first sub-folder is the label.
//!
//! Sub-folders `train` and `test` above the labels divide the data; other names do not.

use super::super::folder::Name;
use super::{Picture, fault};
use crate::data::{DataError, Dataset};
use image::imageops::FilterType;
use rayon::prelude::*;
use std::path::Path;

/// Side of the pictures without `data.side`.
pub const SIDE: u16 = 32;

/// Whether a file is a picture, by its ending.
pub(in super::super) fn is_picture(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".png", ".jpg", ".jpeg"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Reads all files, each cut to a square about its middle and scaled to `side` pixels.
pub(in super::super) fn load(path: &Path, names: &[Name], side: u16) -> Result<Dataset, DataError> {
    let read = |name: &Name| {
        let file = &name.path;
        let bytes = super::read(file)?;
        let picture = image::load_from_memory(&bytes).map_err(|e| {
            fault(
                file,
                format!("expected a PNG or JPEG picture: {e}; save it again or remove it"),
            )
        })?;
        let (width, height) = (picture.width(), picture.height());
        let square = width.min(height);
        let (x, y) = ((width - square) / 2, (height - square) / 2);
        let picture = picture.crop_imm(x, y, square, square);
        Ok(picture.resize_exact(side.into(), side.into(), FilterType::Triangle))
    };
    let pictures: Vec<Result<image::DynamicImage, DataError>> =
        names.par_iter().map(read).collect();
    let pictures = pictures.into_iter().collect::<Result<Vec<_>, _>>()?;
    let colour = pictures.iter().any(|picture| picture.color().has_color());
    let parts: Vec<(bool, Option<String>)> = names.iter().map(part).collect();
    let mut labels: Vec<String> = parts.iter().filter_map(|part| part.1.clone()).collect();
    labels.sort_by(|a, b| super::super::natural::compare(a, b));
    labels.dedup();
    let pictures = pictures
        .into_iter()
        .zip(names)
        .zip(parts)
        .map(|((picture, name), (test, label))| Picture {
            name: name.below.clone(),
            label: label.and_then(|label| labels.iter().position(|l| *l == label)),
            test,
            pixels: if colour {
                picture.to_rgb8().into_raw()
            } else {
                picture.to_luma8().into_raw()
            },
        })
        .collect();
    let channels = if colour { 3 } else { 1 };
    Ok(super::dataset(
        path,
        [side, side],
        channels,
        labels,
        pictures,
    ))
}

/// Whether a file is held out, and its label.
fn part(name: &Name) -> (bool, Option<String>) {
    let mut folders = name.below.split('/').rev().skip(1).collect::<Vec<_>>();
    let last = folders.last().copied();
    if matches!(last, Some("train" | "test")) {
        folders.pop();
    }
    let label = folders.last().map(|label| (*label).to_owned());
    (last == Some("test"), label)
}
