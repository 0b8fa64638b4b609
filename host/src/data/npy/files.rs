//! Where arrays lie: files beside each other, or in one `.npz` archive, which is a zip file of them.

use super::array::{Array, parse};
use crate::data::DataError;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use zip::ZipArchive;
use zip::result::ZipError;

/// Bytes that an array of an archive may take when unpacked: more is taken for a broken or hostile file.
const MOST: u64 = 1 << 33;

/// A set of arrays by name.
pub(super) struct Files {
    /// `x.npy`, or the archive.
    path: PathBuf,
    archive: Option<ZipArchive<BufReader<File>>>,
}

impl Files {
    /// Opens `path`, which is `x.npy` or an archive.
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        let archive = if super::is_archive(path) {
            let file = File::open(path).map_err(|source| refused(path, source))?;
            let archive = ZipArchive::new(BufReader::new(file)).map_err(|error| {
                DataError::series(
                    path.display(),
                    format!(
                        "expected an archive as numpy.savez writes it, found another format ({error}); save it again"
                    ),
                )
            })?;
            Some(archive)
        } else {
            None
        };
        Ok(Self {
            path: path.into(),
            archive,
        })
    }

    /// Where the array called `name` lies, for messages.
    pub(super) fn place(&self, name: &str) -> String {
        if self.archive.is_some() {
            format!("{}, array {name}", self.path.display())
        } else {
            self.beside(name).display().to_string()
        }
    }

    /// The array called `name`, if there is one.
    pub(super) fn read(&mut self, name: &str) -> Result<Option<Array>, DataError> {
        let place = self.place(name);
        let bytes = match &mut self.archive {
            Some(archive) => unpack(archive, name).map_err(|error| {
                DataError::series(&place, format!("cannot be unpacked: {error}"))
            })?,
            None => {
                let file = self.beside(name);
                let read = |file: &Path| fs::read(file).map_err(|source| refused(file, source));
                file.exists().then(|| read(&file)).transpose()?
            }
        };
        let array = bytes.map(|bytes| parse(&bytes)).transpose();
        array.map_err(|problem| DataError::series(place, problem))
    }

    fn beside(&self, name: &str) -> PathBuf {
        match name {
            // Its own name may be spelled `X`.
            "x" => self.path.clone(),
            name => self.path.with_file_name(format!("{name}.npy")),
        }
    }
}

fn unpack(
    archive: &mut ZipArchive<BufReader<File>>,
    name: &str,
) -> Result<Option<Vec<u8>>, ZipError> {
    let spelled = [name.to_owned(), name.to_uppercase()].map(|name| format!("{name}.npy"));
    let Some(index) = spelled.iter().find_map(|name| archive.index_for_name(name)) else {
        return Ok(None);
    };
    let entry = archive.by_index(index)?;
    let mut bytes = Vec::new();
    entry.take(MOST).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

fn refused(path: &Path, source: std::io::Error) -> DataError {
    DataError::Read {
        path: path.into(),
        source,
    }
}
