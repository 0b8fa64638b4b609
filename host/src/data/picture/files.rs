//! Folders of PNG and JPEG files; the first sub-folder is the label, unless a pattern says otherwise.
//!
//! Sub-folders `train` and `test` above the labels divide the data, and so does `{index}` in a pattern.

use super::super::folder::Name;
use super::super::pattern::{Fields, Held, Pattern};
use super::{Picture, fault};
use crate::data::{DataConfig, DataError, Dataset, distinct};
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
pub(in super::super) fn load(
    path: &Path,
    names: &[Name],
    config: &DataConfig,
) -> Result<Dataset, DataError> {
    let side = config.side.unwrap_or(SIDE);
    let pattern = config.pattern.as_deref().map(Pattern::parse).transpose()?;
    let held = Held::new(config.test.as_deref(), pattern.as_ref())?;
    let known = names
        .iter()
        .map(|name| facts(name, pattern.as_ref(), &held));
    let known = known.collect::<Result<Vec<_>, _>>()?;
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
    let [labels, subjects] = [
        distinct(known.iter().map(|facts| &facts.label)),
        distinct(known.iter().map(|facts| &facts.subject)),
    ];
    let index = |names: &[String], name: Option<String>| {
        name.and_then(|name| names.iter().position(|known| *known == name))
    };
    let pictures = pictures
        .into_iter()
        .zip(names)
        .zip(known)
        .map(|((picture, name), facts)| Picture {
            name: name.below.clone(),
            label: index(&labels, facts.label),
            subject: index(&subjects, facts.subject),
            test: facts.test,
            pixels: if colour {
                picture.to_rgb8().into_raw()
            } else {
                picture.to_luma8().into_raw()
            },
        })
        .collect();
    let channels = if colour { 3 } else { 1 };
    let mut dataset = super::dataset(path, [side, side], channels, labels, pictures);
    dataset.subjects = subjects;
    Ok(dataset)
}

/// What the path of a file says.
struct Facts {
    label: Option<String>,
    subject: Option<String>,
    test: bool,
}

fn facts(name: &Name, pattern: Option<&Pattern>, held: &Held) -> Result<Facts, DataError> {
    let fields = match pattern {
        Some(pattern) => pattern.of(name)?,
        None => Fields::default(),
    };
    let (test, label) = part(name);
    Ok(Facts {
        label: fields.label.or(label),
        subject: fields.subject,
        test: test || held.holds(fields.index.as_deref()),
    })
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
