//! What can go wrong around a run, and how to go on.

use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a run cannot start or keep its files.
#[derive(Error, Debug)]
pub enum RunError {
    /// No space is left.
    #[error("{}: the disk is full; nothing that was there before is lost. Free some space, or choose another folder \
        with --runs, and start again", path.display())]
    DiskFull {
        /// The file that could not be written.
        path: PathBuf,
    },
    /// Writing is not allowed there.
    #[error("{}: writing is not allowed here; choose another folder with --runs, or change its permissions", path.display())]
    Denied {
        /// The file or folder.
        path: PathBuf,
    },
    /// Nothing lies at the path.
    #[error("{}: there is no such file or folder", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// Anything else that the operating system refuses.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The reason given.
        source: io::Error,
    },
    /// A finished run has this name.
    #[error("{}: a finished run of this name is here; choose another --name, or --force to overwrite it", path.display())]
    Finished {
        /// The run's folder.
        path: PathBuf,
    },
    /// An unfinished run with checkpoints has this name.
    #[error("{path}: an unfinished run of this name is here; go on with it: mote pretrain --resume {path}; or choose another \
        --name, or --force to throw its progress away", path = path.display())]
    Unfinished {
        /// The run's folder.
        path: PathBuf,
    },
    /// A checkpoint that cannot be gone on from.
    #[error("{}: {message}; delete it to go on from an older one, or all of them to begin again", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// Metrics are shorter than when the checkpoint was written.
    #[error("{}: expected at least the {expected} bytes that were there at the checkpoint, found {found}; the file was \
        changed. Delete the run's checkpoints to begin again", path.display())]
    MetricsShort {
        /// The file.
        path: PathBuf,
        /// Bytes at the checkpoint.
        expected: u64,
        /// Bytes now.
        found: u64,
    },
    /// Something that is no run has this name.
    #[error("{}: expected a folder of an earlier run or nothing, found {found}; choose another --name", path.display())]
    NotARun {
        /// The path.
        path: PathBuf,
        /// What is there.
        found: &'static str,
    },
    /// A name that would lead elsewhere.
    #[error("--name: expected letters, digits, `-`, `_` or `.` (not at the start), found {name:?}")]
    Name {
        /// The name as given.
        name: String,
    },
    /// A configuration that cannot be read.
    #[error("{}: {message}", origin.display())]
    Config {
        /// The file, or `configuration`.
        origin: PathBuf,
        /// Line, column and reason.
        message: String,
    },
    /// A line of metrics that is no JSON, other than a last one that was cut off.
    #[error("{}, line {line}: expected one JSON object, found something else; the file was changed by hand", path.display())]
    Metrics {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// Ctrl-C cannot be caught.
    #[error("Ctrl-C cannot be caught on this system: {0}")]
    Signal(#[from] ctrlc::Error),
}

impl RunError {
    /// The error behind `source`, which happened at `path`.
    pub fn at(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Denied { path }
            }
            io::ErrorKind::NotFound => Self::Missing { path },
            _ => Self::Io { path, source },
        }
    }
}
