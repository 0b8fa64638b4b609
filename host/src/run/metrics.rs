//! What is measured while a run works: one JSON object a line, on the disk as soon as it is known.

use super::RunError;
use serde::Serialize;
use serde_json::Value;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Appends to a file of JSON lines. A process killed at any moment leaves whole lines and at most one
/// that is cut off, which [`read`] passes over and [`Metrics::resume`] drops.
#[derive(Debug)]
pub struct Metrics {
    path: PathBuf,
    file: File,
}

impl Metrics {
    /// Begins an empty file.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn create(path: &Path) -> Result<Self, RunError> {
        let file = File::create(path).map_err(|e| RunError::at(path, e))?;
        Ok(Self {
            path: path.into(),
            file,
        })
    }

    /// Goes on with a file that is there after its first `len` bytes; what follows, written after the checkpoint from
    /// which a run goes on, is dropped.
    ///
    /// # Errors
    /// If it cannot be read or written, or is shorter.
    pub fn resume(path: &Path, len: u64) -> Result<Self, RunError> {
        let at = |e| RunError::at(path, e);
        // Appending after a cut needs no seek.
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .map_err(at)?;
        let found = file.metadata().map_err(at)?.len();
        if found < len {
            return Err(RunError::MetricsShort {
                path: path.into(),
                expected: len,
                found,
            });
        }
        file.set_len(len).map_err(at)?;
        Ok(Self {
            path: path.into(),
            file,
        })
    }

    /// Bytes so far, all of them on the disk when this returns.
    ///
    /// # Errors
    /// If the system cannot tell or cannot write.
    pub fn position(&self) -> Result<u64, RunError> {
        let at = |e| RunError::at(&self.path, e);
        self.file.sync_data().map_err(at)?;
        Ok(self.file.metadata().map_err(at)?.len())
    }

    /// Adds one line. Numbers that are not finite become `null`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn record(&mut self, value: &impl Serialize) -> Result<(), RunError> {
        let mut line = serde_json::to_vec(value).map_err(|e| RunError::at(&self.path, e.into()))?;
        line.push(b'\n');
        // One call for the line, unbuffered: nothing of it waits in this process.
        self.file
            .write_all(&line)
            .map_err(|e| RunError::at(&self.path, e))
    }
}

/// Reads all whole lines.
///
/// # Errors
/// If the file cannot be read or a line other than the last is no JSON.
pub fn read(path: &Path) -> Result<Vec<Value>, RunError> {
    let bytes = fs::read(path).map_err(|e| RunError::at(path, e))?;
    // What follows the last line break was cut off, be it JSON by chance or not.
    let whole = bytes
        .iter()
        .rposition(|&b| b == b'\n')
        .map_or(0, |end| end + 1);
    let lines = bytes[..whole].split(|&b| b == b'\n').enumerate();
    lines
        .filter(|(_, line)| !line.is_empty())
        .map(|(number, line)| {
            serde_json::from_slice(line).map_err(|_| RunError::Metrics {
                path: path.into(),
                line: number + 1,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lines_are_there_before_the_file_is_closed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.jsonl");
        let mut metrics = Metrics::create(&path).unwrap();
        metrics.record(&json!({"step": 1, "loss": 2.5})).unwrap();
        metrics
            .record(&json!({"step": 2, "loss": f64::NAN}))
            .unwrap();
        assert_eq!(
            read(&path).unwrap(),
            [
                json!({"step": 1, "loss": 2.5}),
                json!({"step": 2, "loss": null})
            ]
        );
    }

    #[test]
    fn a_line_cut_off_anywhere_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.jsonl");
        let text = "{\"step\":1}\n{\"step\":23}\n";
        for end in 0..=text.len() {
            fs::write(&path, &text[..end]).unwrap();
            let whole = text[..end].matches('\n').count();
            assert_eq!(read(&path).unwrap().len(), whole);
        }
    }

    #[test]
    fn going_on_forgets_what_came_after_the_checkpoint() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.jsonl");
        let mut metrics = Metrics::create(&path).unwrap();
        metrics.record(&json!({"step": 1})).unwrap();
        let position = metrics.position().unwrap();
        metrics.record(&json!({"step": 2})).unwrap();
        let mut metrics = Metrics::resume(&path, position).unwrap();
        assert_eq!(metrics.position().unwrap(), position);
        metrics.record(&json!({"step": 3})).unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "{\"step\":1}\n{\"step\":3}\n"
        );
        let error = Metrics::resume(&path, 99).unwrap_err().to_string();
        assert!(error.contains("99") && error.contains("22"), "{error}");
    }

    #[test]
    fn lines_changed_by_hand_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.jsonl");
        fs::write(&path, "{}\nhello\n{}\n").unwrap();
        assert!(matches!(
            read(&path),
            Err(RunError::Metrics { line: 2, .. })
        ));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_says_so() {
        let mut metrics = Metrics::create(Path::new("/dev/full")).unwrap();
        let error = metrics.record(&json!({})).unwrap_err();
        assert!(matches!(error, RunError::DiskFull { .. }), "{error}");
    }
}
