//! A table beside the sounds: `labels.csv` with columns `file` and `label`, and `subject` and `part` if wanted.

use super::fault;
use crate::data::DataError;
use crate::data::folder::{self, Name};
use std::collections::BTreeMap;
use std::path::Path;

/// What a line says of a file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Line {
    pub label: Option<String>,
    pub subject: Option<String>,
    /// Whether its column `part` says `test`.
    pub test: bool,
}

/// Whether a file is such a table, by its name.
pub(in super::super) fn is_table(name: &str) -> bool {
    name.eq_ignore_ascii_case("labels.csv")
}

/// What the table in the folder `path`, if there is one, says of each file by its path below the folder or its name,
/// without the ending.
pub(super) fn read(path: &Path) -> Result<BTreeMap<String, Line>, DataError> {
    let mut lines = BTreeMap::new();
    let tables = match path.is_dir() {
        true => folder::list(path, is_table).unwrap_or_default(),
        false => Vec::new(),
    };
    for Name { path: file, .. } in &tables {
        let wrong = |e: csv::Error| fault(file, format!("expected a table with commas: {e}"));
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_path(file)
            .map_err(wrong)?;
        let header = reader.headers().map_err(wrong)?.clone();
        let column = |name: &str| header.iter().position(|h| h.eq_ignore_ascii_case(name));
        let Some(key) = column("file") else {
            let found: Vec<&str> = header.iter().collect();
            return Err(fault(
                file,
                format!(
                    "line 1: expected a column `file` and one of `label`, `subject` and `part`, found {}",
                    found.join(", ")
                ),
            ));
        };
        let [label, subject, part] = ["label", "subject", "part"].map(column);
        for row in reader.records() {
            let row = row.map_err(wrong)?;
            let field = |column: Option<usize>| {
                let text = column.and_then(|c| row.get(c)).unwrap_or_default();
                (!text.is_empty()).then(|| text.to_string())
            };
            let name = row.get(key).unwrap_or_default().replace('\\', "/");
            let end = name.len() - 4 * usize::from(super::is_wav(&name));
            let line = Line {
                label: field(label),
                subject: field(subject),
                test: field(part).is_some_and(|p| p.eq_ignore_ascii_case("test")),
            };
            lines.insert(name[..end].to_string(), line);
        }
    }
    Ok(lines)
}
