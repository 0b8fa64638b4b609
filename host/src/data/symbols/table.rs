//! CSV files whose rows hold symbols: a whole sequence, or one event of a user.
//!
//! A column `sequence` (or `seq`, `text`, `caption`) holds one sequence of characters a row, beside it `label` or `class`,
//! `subject` and `name` (or `id`, `file`, `filename`, `image`, `path`) if there are such columns. Columns `user` and `item` make an event log; see
//! [`events`](super::events).

use super::super::folder::{self, Name};
use super::super::{DataError, Dataset};
use super::{Collector, Sequence, events, fault, utf8};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// What the rows of a CSV file of symbols are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Table {
    /// Each a sequence.
    Sequences,
    /// Each an event.
    Events,
}

/// Names under which a sequence goes.
const SEQUENCE: [&str; 4] = ["sequence", "seq", "text", "caption"];
/// Names under which goes what it is called, or the file that it is about.
const NAME: [&str; 6] = ["name", "id", "file", "filename", "image", "path"];
/// Whether a file is a table of what is to be seen or heard in the files beside, by its name.
pub(in super::super) fn is_captions(name: &str) -> bool {
    name.eq_ignore_ascii_case("captions.csv")
}

/// Longest header that is looked at.
const MOST_HEADER: u64 = 64 * 1024;

/// What the first CSV file at `path` holds, by its header; `None` if that is nothing of symbols.
pub fn sniff(path: &Path) -> Option<Table> {
    let names = folder::list(path, folder::is_csv).ok()?;
    let file = File::open(&names.first()?.path).ok()?;
    let mut header = Vec::new();
    let mut reader = BufReader::new(file.take(MOST_HEADER));
    reader.read_until(b'\n', &mut header).ok()?;
    let header = String::from_utf8(header).ok()?;
    let header: Vec<String> = fields(&header).collect();
    let has = |names: &[&str]| header.iter().any(|field| names.contains(&field.as_str()));
    if has(&events::USER) && has(&events::ITEM) {
        Some(Table::Events)
    } else {
        has(&SEQUENCE).then_some(Table::Sequences)
    }
}

/// The names in a header, as they are compared.
fn fields(header: &str) -> impl Iterator<Item = String> + '_ {
    let split = header
        .trim_start_matches('\u{feff}')
        .split([',', ';', '\t']);
    split.map(|field| field.trim().trim_matches('"').to_ascii_lowercase())
}

/// Rows of one file, with the columns by what they are for.
pub struct Rows {
    columns: Vec<String>,
    /// Fields of each row, and its line.
    pub rows: Vec<(usize, Vec<String>)>,
}

impl Rows {
    /// The column that goes under one of `names`.
    pub fn column(&self, names: &[&str]) -> Option<usize> {
        self.columns
            .iter()
            .position(|column| names.contains(&column.as_str()))
    }

    /// The same, which must be there.
    pub fn needed(&self, file: &Path, names: &[&str]) -> Result<usize, DataError> {
        self.column(names).ok_or_else(|| {
            let found = self.columns.join(", ");
            fault(
                file,
                1,
                format!(
                    "expected a column {:?}, found {found}; name it so",
                    names[0]
                ),
            )
        })
    }
}

/// Reads one file.
pub fn read(file: &Path) -> Result<Rows, DataError> {
    let text = utf8(file, "save the file again as CSV with encoding UTF-8")?;
    let text = text.trim_start_matches('\u{feff}');
    let header = text.lines().next().unwrap_or("");
    let delimiter = [b'\t', b';', b',']
        .into_iter()
        .find(|&d| header.as_bytes().contains(&d));
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter.unwrap_or(b','))
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let broken = |error: csv::Error| DataError::Read {
        path: file.into(),
        source: error.into(),
    };
    let columns: Vec<String> = fields(header).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let line = record.position().map_or(0, |p| p.line() as usize);
        if record.iter().all(str::is_empty) {
            continue;
        }
        if record.len() != columns.len() {
            return Err(fault(
                file,
                line,
                format!(
                    "expected {} fields as in the header, found {}; complete the row or remove it",
                    columns.len(),
                    record.len()
                ),
            ));
        }
        rows.push((line, record.iter().map(str::to_owned).collect()));
    }
    if rows.is_empty() {
        return Err(fault(
            file,
            1,
            "expected rows below the header, found none; fill the file or remove it",
        ));
    }
    Ok(Rows { columns, rows })
}

/// Reads all CSV files at `path`.
pub fn load(path: &Path, table: Table) -> Result<Dataset, DataError> {
    let names = folder::list(path, folder::is_csv)?;
    let mut collector = Collector::default();
    match table {
        Table::Events => events::read(&names, &mut collector)?,
        Table::Sequences => {
            for name in &names {
                sequences(name, &mut collector)?;
            }
        }
    }
    Ok(collector.finish(folder::title(path, "symbols")))
}

fn sequences(name: &Name, collector: &mut Collector) -> Result<(), DataError> {
    let file = &name.path;
    let table = read(file)?;
    let sequence = table.needed(file, &SEQUENCE)?;
    let label = table.column(&["label", "class"]);
    let (subject, own) = (table.column(&["subject"]), table.column(&NAME));
    for (line, row) in &table.rows {
        let named = |column: Option<usize>| {
            column
                .map(|c| row[c].clone())
                .filter(|text| !text.is_empty())
        };
        let text = &row[sequence];
        let symbols: Vec<u32> = text.chars().map(|c| collector.character(c)).collect();
        if symbols.is_empty() {
            return Err(fault(
                file,
                *line,
                "expected a sequence, found an empty field; fill it or remove the row",
            ));
        }
        if let Some((at, odd)) = text.char_indices().find(|(_, c)| c.is_control()) {
            let column = text[..at].chars().count() + 1;
            return Err(fault(
                file,
                *line,
                format!(
                    "expected printed symbols, found {odd:?} as symbol {column} of the sequence; remove it"
                ),
            ));
        }
        collector.sequences.push(Sequence {
            name: named(own).unwrap_or_else(|| format!("{} line {line}", name.stem)),
            subject: named(subject),
            label: named(label).or_else(|| name.folder.clone()),
            symbols,
        });
    }
    Ok(())
}
