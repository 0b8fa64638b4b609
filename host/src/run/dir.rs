//! A folder for each run: `runs/NAME/`.

use super::checkpoint::FOLDER as CHECKPOINTS;
use super::{RunError, atomic};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The run's configuration, in TOML.
pub const CONFIG: &str = "config.toml";
/// Its progress, in JSON lines; the same bytes for the same seed.
pub const METRICS: &str = "metrics.jsonl";
/// How fast it was, in JSON lines; never the same twice.
pub const TIMING: &str = "timing.jsonl";
/// The trained weights.
pub const WEIGHTS: &str = "encoder.safetensors";
/// The model image.
pub const IMAGE: &str = "encoder.image";
/// What says which symbol comes next: the encoder's places with the head of `next_symbol`, in f16.
pub const GENERATOR_WEIGHTS: &str = "generator.safetensors";
/// The same in int8.
pub const GENERATOR_IMAGE: &str = "generator.image";
/// The trained weights of the second encoder, where two modalities were paired.
pub const PARTNER_WEIGHTS: &str = "partner.safetensors";
/// Its model image.
pub const PARTNER_IMAGE: &str = "partner.image";
/// Folder of the curves for TensorBoard, one folder in it for each training.
pub const TENSORBOARD: &str = "tensorboard";
/// Says that the run reached its end.
const FINISHED: &str = "finished";

/// The folder of one run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunDir {
    path: PathBuf,
}

impl RunDir {
    /// Makes `root/name`, together with `root`. The folder of a run that never came to a checkpoint is used again,
    /// and so is any other run's with `force`; its metrics and checkpoints are removed, other files stay until
    /// they are replaced.
    ///
    /// # Errors
    /// For a name that is no plain file name, for a run that is finished or has checkpoints without `force`, for a
    /// folder that holds something else, and if the folder cannot be made.
    pub fn create(root: &Path, name: &str, force: bool) -> Result<Self, RunError> {
        let plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
            return Err(RunError::Name { name: name.into() });
        }
        let path = root.join(name);
        fs::create_dir_all(root).map_err(|e| RunError::at(root, e))?;
        match fs::create_dir(&path) {
            Ok(()) => return Ok(Self { path }),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(RunError::at(&path, error)),
        }
        let run = Self { path };
        run.check()?;
        if run.is_finished() && !force {
            return Err(RunError::Finished { path: run.path });
        }
        let checkpoints = run.file(CHECKPOINTS);
        if checkpoints.exists() {
            if !run.is_finished() && !force {
                return Err(RunError::Unfinished { path: run.path });
            }
            fs::remove_dir_all(&checkpoints).map_err(|e| RunError::at(&checkpoints, e))?;
        }
        atomic::sweep(&run.path);
        for name in [FINISHED, METRICS, TIMING] {
            match fs::remove_file(run.file(name)) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(RunError::at(&run.file(name), error));
                }
                _ => {}
            }
        }
        Ok(run)
    }

    /// Makes a folder named by the local date and time and by `dataset`, such as
    /// `2026-11-23-2107-watch25`; with a number behind it where that is taken.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn create_dated(root: &Path, dataset: &str) -> Result<Self, RunError> {
        let clean = |c: char| if c.is_alphanumeric() { c } else { '-' };
        let dataset: String = dataset.chars().map(clean).collect();
        let stamp = jiff::ZonedDateTime::now()
            .strftime("%Y-%m-%d-%H%M")
            .to_string();
        fs::create_dir_all(root).map_err(|e| RunError::at(root, e))?;
        let mut number = 1;
        loop {
            let suffix = if number == 1 {
                String::new()
            } else {
                format!("-{number}")
            };
            let path = root.join(format!("{stamp}-{dataset}{suffix}"));
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self { path }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(RunError::at(&path, error)),
            }
        }
    }

    /// The run in an existing folder.
    ///
    /// # Errors
    /// If there is no folder, or one without a run in it.
    pub fn open(path: &Path) -> Result<Self, RunError> {
        let run = Self { path: path.into() };
        let found = fs::metadata(path).map_err(|e| RunError::at(path, e))?;
        if !found.is_dir() || !run.file(CONFIG).is_file() {
            return Err(RunError::NotARun {
                path: path.into(),
                found: if found.is_dir() {
                    "a folder without config.toml"
                } else {
                    "a file"
                },
            });
        }
        atomic::sweep(&run.path);
        Ok(run)
    }

    /// Whether the folder is empty or a run's.
    fn check(&self) -> Result<(), RunError> {
        let not = |found| RunError::NotARun {
            path: self.path.clone(),
            found,
        };
        if !self.path.is_dir() {
            return Err(not("a file"));
        }
        let mut entries = fs::read_dir(&self.path).map_err(|e| RunError::at(&self.path, e))?;
        if entries.next().is_some() && !self.file(CONFIG).is_file() {
            return Err(not("a folder of other files"));
        }
        Ok(())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of one of its files.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes one of its files, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), RunError> {
        atomic::write(&self.file(name), bytes)
    }

    /// Marks the run as finished, so that it is not overwritten by accident.
    ///
    /// # Errors
    /// If the mark cannot be written.
    pub fn finish(&self) -> Result<(), RunError> {
        self.write(FINISHED, b"")
    }

    /// Whether the run reached its end.
    pub fn is_finished(&self) -> bool {
        self.file(FINISHED).exists()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_run_is_overwritten_only_by_force() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().join("deep/runs");
        let run = RunDir::create(&root, "first", false).unwrap();
        run.write(CONFIG, b"seed = 1").unwrap();
        run.write(METRICS, b"{}\n").unwrap();
        assert!(!run.is_finished());
        assert_eq!(RunDir::create(&root, "first", false).unwrap(), run);
        assert!(!run.file(METRICS).exists());
        run.finish().unwrap();
        let message = RunDir::create(&root, "first", false)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("--force") && message.contains("first"),
            "{message}"
        );
        assert!(!RunDir::create(&root, "first", true).unwrap().is_finished());
        assert_eq!(RunDir::open(&root.join("first")).unwrap(), run);
    }

    #[test]
    fn progress_is_thrown_away_only_by_force() {
        let root = tempfile::tempdir().unwrap();
        let run = RunDir::create(root.path(), "long", false).unwrap();
        run.write(CONFIG, b"seed = 1").unwrap();
        let store = crate::run::Store::new(run.path(), "pretrain", 1);
        store.save(5, &5u64).unwrap();
        let message = RunDir::create(root.path(), "long", false)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("--resume") && message.contains("--force"),
            "{message}"
        );
        assert!(store.latest::<u64>().unwrap().is_some());
        RunDir::create(root.path(), "long", true).unwrap();
        assert!(store.latest::<u64>().unwrap().is_none());
    }

    #[test]
    fn folders_of_other_things_are_left_alone() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("photos")).unwrap();
        fs::write(root.path().join("photos/a.jpg"), "x").unwrap();
        fs::write(root.path().join("note"), "x").unwrap();
        for name in ["photos", "note"] {
            for force in [false, true] {
                let error = RunDir::create(root.path(), name, force).unwrap_err();
                assert!(matches!(error, RunError::NotARun { .. }), "{error}");
            }
            assert!(matches!(
                RunDir::open(&root.path().join(name)),
                Err(RunError::NotARun { .. })
            ));
        }
        assert!(matches!(
            RunDir::open(&root.path().join("no")),
            Err(RunError::Missing { .. })
        ));
    }

    #[test]
    fn names_cannot_lead_elsewhere() {
        let root = tempfile::tempdir().unwrap();
        for name in ["", "..", ".hidden", "a/b", "a\\b", "a b", "/etc"] {
            let error = RunDir::create(root.path(), name, false).unwrap_err();
            assert!(matches!(error, RunError::Name { .. }), "{name}: {error}");
        }
    }

    #[test]
    fn dated_names_never_collide() {
        let root = tempfile::tempdir().unwrap();
        let a = RunDir::create_dated(root.path(), "my data").unwrap();
        let b = RunDir::create_dated(root.path(), "my data").unwrap();
        assert_ne!(a, b);
        assert!(a.path().to_string_lossy().contains("-my-data"));
    }
}
