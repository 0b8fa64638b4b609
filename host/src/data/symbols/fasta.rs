//! FASTA (Pearson and Lipman, *Improved tools for biological sequence comparison*, 1988): a line `>name ...` begins a
//! sequence, whose letters follow on any number of lines.
//!
//! The label is `label=...` in that line, or else the sub-folder. Letters count as capitals.

use super::super::folder::{self, Name};
use super::super::{DataError, Dataset};
use super::{Collector, Sequence, fault, utf8};
use std::path::Path;

/// Whether a file is FASTA, by its ending.
pub fn is_fasta(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let endings = [".fasta", ".fa", ".fna", ".ffn", ".faa"];
    endings.iter().any(|ending| name.ends_with(ending))
}

/// Reads all files.
pub fn load(path: &Path, names: &[Name]) -> Result<Dataset, DataError> {
    let mut collector = Collector::default();
    for name in names {
        read(name, &mut collector)?;
    }
    Ok(collector.finish(folder::title(path, "symbols")))
}

fn read(name: &Name, collector: &mut Collector) -> Result<(), DataError> {
    let file = &name.path;
    let text = utf8(file, "save the file again as plain text")?;
    let begun = collector.sequences.len();
    let mut head = 1;
    let whole = |collector: &Collector, head: usize| match collector.sequences[begun..].last() {
        Some(last) if last.symbols.is_empty() => Err(fault(
            file,
            head,
            format!(
                "expected letters below {:?}, found none; add them or remove the line",
                last.name
            ),
        )),
        _ => Ok(()),
    };
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(';') {
            continue;
        }
        if let Some(header) = line.strip_prefix('>') {
            whole(collector, head)?;
            head = at + 1;
            let label = header.split(['|', ' ', '\t', '[', ']']);
            let label = label.filter_map(|part| part.strip_prefix("label=")).next();
            let own = header.split_whitespace().next().unwrap_or(header);
            collector.sequences.push(Sequence {
                name: format!("{} {own}", name.stem),
                subject: None,
                label: label.map(str::to_owned).or_else(|| name.folder.clone()),
                symbols: Vec::new(),
            });
            continue;
        }
        if collector.sequences.len() == begun {
            return Err(fault(
                file,
                at + 1,
                format!(
                    "expected a line >name before the first sequence, found {line:?}; is this FASTA?"
                ),
            ));
        }
        let mut symbols = Vec::with_capacity(line.len());
        for (column, letter) in line.chars().enumerate() {
            if !(letter.is_ascii_alphabetic() || "*-.".contains(letter)) {
                return Err(fault(
                    file,
                    at + 1,
                    format!(
                        "expected letters, found {letter:?} in column {}; correct or remove it",
                        column + 1
                    ),
                ));
            }
            symbols.push(collector.character(letter.to_ascii_uppercase()));
        }
        if let Some(last) = collector.sequences.last_mut() {
            last.symbols.extend(symbols);
        }
    }
    whole(collector, head)?;
    if collector.sequences.len() == begun {
        return Err(fault(
            file,
            1,
            "expected a line >name and a sequence, found neither; fill the file or remove it",
        ));
    }
    Ok(())
}
