//! Text files: each is one sequence of characters or bytes; its sub-folder, if it lies in one, is its label.

use super::super::folder::{self, Name};
use super::super::{DataError, Dataset};
use super::{Collector, Sequence, Unit, bytes, fault, utf8};
use std::path::Path;

/// Whether a file is text, by its ending.
pub fn is_text(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".txt")
}

/// Reads all files. Line ends of two characters count as one.
pub fn load(path: &Path, names: &[Name], unit: Unit) -> Result<Dataset, DataError> {
    let mut collector = Collector::default();
    for name in names {
        let file = &name.path;
        let text = match unit {
            Unit::Bytes => bytes(file)?.into_iter().map(char::from).collect(),
            Unit::Characters => {
                let text = utf8(
                    file,
                    "save the file as UTF-8, or read bytes with --symbols bytes",
                )?;
                text.replace("\r\n", "\n")
            }
        };
        if text.is_empty() {
            return Err(fault(
                file,
                1,
                "expected text, found an empty file; fill it or remove it",
            ));
        }
        let symbols = text.chars().map(|c| collector.character(c)).collect();
        collector.sequences.push(Sequence {
            name: name.below.clone(),
            subject: None,
            label: name.folder.clone(),
            symbols,
        });
    }
    Ok(collector.finish(folder::title(path, "symbols")))
}
