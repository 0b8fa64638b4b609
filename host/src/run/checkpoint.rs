//! Checkpoints: the state of a training in files of which each is there whole or not at all.
//!
//! A file begins with [`MAGIC`], the version and a CRC-32 of the rest, all little-endian; the rest is the state as
//! postcard writes it, which keeps every bit of every number.

use super::{RunError, atomic};
use mote_core::crc::Crc32;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The first bytes of a checkpoint.
pub const MAGIC: [u8; 8] = *b"mote-chk";
/// Version of the file that this build reads and writes.
pub const VERSION: u32 = 1;
/// Folder of the checkpoints in that of their run.
pub const FOLDER: &str = "checkpoints";
const EXTENSION: &str = ".checkpoint";
/// Bytes before the state.
const HEADER: usize = 16;

/// The checkpoints of one training of a run: `checkpoints/TASK-STEP.checkpoint`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Store {
    folder: PathBuf,
    task: String,
    keep: usize,
}

impl Store {
    /// Those of `task`, such as `pretrain`, in the folder `run`; the last `keep` (at least 1) stay.
    pub fn new(run: &Path, task: &str, keep: usize) -> Self {
        Self {
            folder: run.join(FOLDER),
            task: task.into(),
            keep: keep.max(1),
        }
    }

    /// Writes the state after `step` steps, and removes those that are too many. Returns the file.
    ///
    /// # Errors
    /// If it cannot be written; older checkpoints stay then.
    pub fn save(&self, step: u64, state: &impl Serialize) -> Result<PathBuf, RunError> {
        fs::create_dir_all(&self.folder).map_err(|e| RunError::at(&self.folder, e))?;
        let path = self
            .folder
            .join(format!("{}{step:010}{EXTENSION}", self.prefix()));
        let state = postcard::to_allocvec(state).map_err(|e| wrong(&path, &e.to_string()))?;
        let mut bytes = Vec::with_capacity(HEADER + state.len());
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(Crc32::new().update(&state).finish().to_le_bytes());
        bytes.extend(state);
        atomic::write(&path, &bytes)?;
        self.prune()?;
        Ok(path)
    }

    fn prune(&self) -> Result<(), RunError> {
        for old in self.list()?.into_iter().skip(self.keep) {
            // One too many does no harm.
            let _ = fs::remove_file(old);
        }
        Ok(())
    }

    /// The newest state that is whole, with its file; `None` where there never was one. Clears away what a killed
    /// process left.
    ///
    /// # Errors
    /// If the folder cannot be read, or no checkpoint in it is whole.
    pub fn latest<T: DeserializeOwned>(&self) -> Result<Option<(PathBuf, T)>, RunError> {
        atomic::sweep(&self.folder);
        self.prune()?;
        let mut first = None;
        for path in self.list()? {
            match read(&path) {
                Ok(state) => return Ok(Some((path, state))),
                Err(error) => first = first.or(Some(error)),
            }
        }
        first.map_or(Ok(None), Err)
    }

    /// The files, the newest first.
    fn list(&self) -> Result<Vec<PathBuf>, RunError> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|e| RunError::at(&self.folder, e))?,
        };
        let prefix = self.prefix();
        let ours = |name: &String| name.starts_with(&prefix) && name.ends_with(EXTENSION);
        let mut names: Vec<String> = entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(ours)
            .collect();
        names.sort();
        Ok(names
            .iter()
            .rev()
            .map(|name| self.folder.join(name))
            .collect())
    }

    fn prefix(&self) -> String {
        format!("{}-", self.task)
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, RunError> {
    let bytes = fs::read(path).map_err(|e| RunError::at(path, e))?;
    let word = |at: usize| {
        let word = bytes.get(at..at + 4)?.first_chunk::<4>()?;
        Some(u32::from_le_bytes(*word))
    };
    let (Some(version), Some(crc), true) = (word(8), word(12), bytes.starts_with(&MAGIC)) else {
        return Err(wrong(path, "it is no checkpoint of mote"));
    };
    if version != VERSION {
        let text = format!("it has version {version}, this build reads version {VERSION}");
        return Err(wrong(path, &text));
    }
    let state = &bytes[HEADER..];
    if Crc32::new().update(state).finish() != crc {
        return Err(wrong(
            path,
            "its checksum does not fit: the disk has lost a part of it",
        ));
    }
    postcard::from_bytes(state).map_err(|e| wrong(path, &e.to_string()))
}

fn wrong(path: &Path, message: &str) -> RunError {
    RunError::Checkpoint {
        path: path.into(),
        message: message.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_stay_and_the_newest_is_read() {
        let run = tempfile::tempdir().unwrap();
        let store = Store::new(run.path(), "pretrain", 2);
        assert_eq!(store.latest::<u64>().unwrap(), None);
        let other = Store::new(run.path(), "supervise", 2);
        other.save(99, &99u64).unwrap();
        for step in [1, 2, 10, 300] {
            store
                .save(step, &vec![f64::MIN_POSITIVE, step as f64])
                .unwrap();
        }
        let (path, state) = store.latest::<Vec<f64>>().unwrap().unwrap();
        assert_eq!(state, [f64::MIN_POSITIVE, 300.0]);
        assert!(path.ends_with("checkpoints/pretrain-0000000300.checkpoint"));
        assert_eq!(store.list().unwrap().len(), 2);
        assert_eq!(other.latest::<u64>().unwrap().unwrap().1, 99);
    }

    #[test]
    fn one_that_is_not_whole_is_passed_over_and_the_only_one_is_named() {
        let run = tempfile::tempdir().unwrap();
        let store = Store::new(run.path(), "pretrain", 5);
        let older = store.save(7, &7u64).unwrap();
        let newer = store.save(8, &8u64).unwrap();
        let whole = fs::read(&newer).unwrap();
        for end in 0..whole.len() {
            fs::write(&newer, &whole[..end]).unwrap();
            assert_eq!(store.latest::<u64>().unwrap(), Some((older.clone(), 7)));
        }
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 4;
            fs::write(&newer, &flipped).unwrap();
            assert_eq!(store.latest::<u64>().unwrap(), Some((older.clone(), 7)));
        }
        fs::remove_file(&older).unwrap();
        let message = store.latest::<u64>().unwrap_err().to_string();
        assert!(message.contains("0000000008"), "{message}");
    }
}
