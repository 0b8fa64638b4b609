//! The files of one kind in and below a folder, in natural order.

use super::{DataError, natural};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Deeper folders are taken for a loop of links.
const DEPTH: usize = 16;

/// One file's names.
#[derive(Debug)]
pub(super) struct Name {
    /// The path to open.
    pub(super) path: PathBuf,
    /// The path below the folder with `/` between parts, without its ending.
    pub(super) below: String,
    /// The last part of it.
    pub(super) stem: String,
    /// The first sub-folder, if the file lies in one.
    pub(super) folder: Option<String>,
}

impl Name {
    fn new(path: PathBuf, parts: &[String]) -> Self {
        let stem = path
            .file_stem()
            .map(|s| s.to_string_lossy().into_owned())
            .unwrap_or_default();
        let below = parts
            .iter()
            .chain([&stem])
            .cloned()
            .collect::<Vec<_>>()
            .join("/");
        Self {
            path,
            below,
            stem,
            folder: parts.first().cloned(),
        }
    }
}

/// What to call the data at `path`: the name of its folder or file; `otherwise` where there is none.
pub(super) fn title(path: &Path, otherwise: &str) -> String {
    let name = path.canonicalize().ok();
    let name = name.and_then(|p| p.file_stem().map(|n| n.to_string_lossy().into_owned()));
    name.unwrap_or_else(|| otherwise.into())
}

/// Whether a file name ends in `.csv`.
pub(super) fn is_csv(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".csv")
}

/// Lists the files whose names `wanted` accepts. Hidden ones are passed over.
pub(super) fn list(path: &Path, wanted: fn(&str) -> bool) -> Result<Vec<Name>, DataError> {
    let refused = |source: std::io::Error| match source.kind() {
        ErrorKind::NotFound => DataError::Missing { path: path.into() },
        _ => DataError::Read {
            path: path.into(),
            source,
        },
    };
    if fs::metadata(path).map_err(refused)?.is_file() {
        return Ok(vec![Name::new(path.into(), &[])]);
    }
    let (mut names, mut others) = (Vec::new(), 0);
    walk(path, wanted, &mut Vec::new(), &mut names, &mut others)?;
    if names.is_empty() {
        return Err(DataError::NoFiles {
            path: path.into(),
            others,
        });
    }
    names.sort_by(|a, b| natural::compare(&a.below, &b.below).then_with(|| a.path.cmp(&b.path)));
    Ok(names)
}

fn walk(
    folder: &Path,
    wanted: fn(&str) -> bool,
    parts: &mut Vec<String>,
    names: &mut Vec<Name>,
    others: &mut usize,
) -> Result<(), DataError> {
    let refused = |path: &Path, source| DataError::Read {
        path: path.into(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(|e| refused(folder, e))? {
        let path = entry.map_err(|e| refused(folder, e))?.path();
        let name = path
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        if fs::metadata(&path).map_err(|e| refused(&path, e))?.is_dir() {
            if parts.len() < DEPTH {
                parts.push(name);
                walk(&path, wanted, parts, names, others)?;
                parts.pop();
            }
        } else if wanted(&name) {
            names.push(Name::new(path, parts));
        } else {
            *others += 1;
        }
    }
    Ok(())
}
