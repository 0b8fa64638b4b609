//! Sequences of symbols: text, genes, what users did one after the other.
//!
//! A symbol is a number below 256 that stands for a name. Number 0 is the blank: it fills short windows up in front,
//! hides symbols in training, and stands for whatever the vocabulary has no place for. Readers collect names and
//! sequences; the most frequent names make the vocabulary.

mod events;
mod fasta;
mod table;
mod text;

use super::{DataError, Dataset, Kind, Recording, natural};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

pub(super) use fasta::{is_fasta, load as load_fasta};
pub(super) use table::{Table, is_captions, load as load_table, sniff};
pub(super) use text::{is_text, load as load_text};

/// Most symbols beside the blank.
pub const MOST_SYMBOLS: usize = 255;
/// Most symbols of sequences that are taken whole, if they are of equal length.
const MOST_WHOLE: usize = 1024;
/// The number of the blank.
pub const BLANK: f32 = 0.0;

/// What a symbol of a text file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A character of UTF-8 text.
    #[default]
    Characters,
    /// A byte, called by the character of the same number (Latin-1).
    Bytes,
}

/// One sequence as a reader finds it.
pub(super) struct Sequence {
    pub name: String,
    pub subject: Option<String>,
    pub label: Option<String>,
    /// Numbers that [`Collector::symbol`] gave.
    pub symbols: Vec<u32>,
}

/// Gathers sequences and the names that occur in them.
#[derive(Default)]
pub(super) struct Collector {
    numbers: BTreeMap<String, u32>,
    counts: Vec<u64>,
    pub sequences: Vec<Sequence>,
}

impl Collector {
    /// Counts one occurrence of the symbol called `name` and gives its number.
    pub fn symbol(&mut self, name: &str) -> u32 {
        let number = match self.numbers.get(name) {
            Some(&number) => number,
            None => {
                let number = self.counts.len() as u32;
                self.numbers.insert(name.to_owned(), number);
                self.counts.push(0);
                number
            }
        };
        self.counts[number as usize] += 1;
        number
    }

    /// The same for a character.
    pub fn character(&mut self, character: char) -> u32 {
        self.symbol(character.encode_utf8(&mut [0; 4]))
    }

    /// The data set called `name`: the most frequent names become symbols, in natural order, the others blanks.
    pub fn finish(self, name: String) -> Dataset {
        let mut kept: Vec<(&String, u32)> = self.numbers.iter().map(|(n, &at)| (n, at)).collect();
        kept.sort_by_key(|(_, at)| std::cmp::Reverse(self.counts[*at as usize]));
        let left_out = kept.split_off(kept.len().min(MOST_SYMBOLS));
        kept.sort_by(|a, b| natural::compare(a.0, b.0));
        let mut symbol = vec![BLANK; self.counts.len()];
        let mut vocabulary = vec![String::new()];
        for (name, at) in kept {
            symbol[at as usize] = vocabulary.len() as f32;
            vocabulary.push(name.clone());
        }
        let mut dataset = Dataset::new(name, 0.0, vec!["symbol".into()]);
        dataset.kind = Kind::Symbols;
        dataset.vocabulary = vocabulary;
        if !left_out.is_empty() {
            let all: u64 = self.counts.iter().sum();
            let lost: u64 = left_out
                .iter()
                .map(|(_, at)| self.counts[*at as usize])
                .sum();
            dataset.notes.push(format!(
                "{} different symbols, of which an encoder takes {MOST_SYMBOLS}: the {} rarest are left blank, {:.1} % of \
                 what was read",
                self.counts.len(),
                left_out.len(),
                100.0 * lost as f64 / all.max(1) as f64
            ));
        }
        let distinct = |of: fn(&Sequence) -> &Option<String>| {
            let mut names: Vec<String> = self
                .sequences
                .iter()
                .filter_map(|s| of(s).clone())
                .collect();
            names.sort_by(|a, b| natural::compare(a, b));
            names.dedup();
            names
        };
        dataset.subjects = distinct(|s| &s.subject);
        dataset.labels = distinct(|s| &s.label);
        let index = |names: &[String], name: &Option<String>| {
            let name = name.as_ref()?;
            names.binary_search_by(|n| natural::compare(n, name)).ok()
        };
        dataset.recordings = self
            .sequences
            .iter()
            .map(|sequence| Recording {
                name: sequence.name.clone(),
                subject: index(&dataset.subjects, &sequence.subject),
                label: index(&dataset.labels, &sequence.label),
                samples: sequence
                    .symbols
                    .iter()
                    .map(|&at| symbol[at as usize])
                    .collect(),
            })
            .collect();
        let first = dataset.len_of(0);
        let equal = (0..dataset.recordings.len()).all(|r| dataset.len_of(r) == first);
        // Books of equal length are no windows.
        let short = (1..=MOST_WHOLE).contains(&first) && dataset.recordings.len() > 1;
        dataset.whole = (equal && short).then_some(first);
        dataset
    }
}

/// The fault `problem` at `line` of `file`.
fn fault(file: &Path, line: usize, problem: impl Into<String>) -> DataError {
    DataError::Symbols {
        place: format!("{}, line {line}", file.display()),
        problem: problem.into(),
    }
}

/// The bytes of `file`.
fn bytes(file: &Path) -> Result<Vec<u8>, DataError> {
    fs::read(file).map_err(|source| DataError::Read {
        path: file.into(),
        source,
    })
}

/// The text of `file`, which must be UTF-8; else `advice` follows the place.
fn utf8(file: &Path, advice: &str) -> Result<String, DataError> {
    String::from_utf8(bytes(file)?).map_err(|error| {
        let before = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let line = 1 + bytes[..before]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count();
        let problem = format!(
            "expected text in UTF-8, found the byte {:#04x}; {advice}",
            bytes[before]
        );
        fault(file, line, problem)
    })
}

impl Dataset {
    /// Renumbers the symbols as another vocabulary has them, so that an encoder trained with that one understands
    /// them; what it does not know becomes blank. Nothing happens to other data, or without a vocabulary.
    pub fn spell(&mut self, vocabulary: &[String]) {
        if self.kind != Kind::Symbols || vocabulary.is_empty() || self.vocabulary == vocabulary {
            return;
        }
        let known = |name: &String| {
            vocabulary
                .iter()
                .position(|other| other == name)
                .unwrap_or(0)
        };
        let numbers: Vec<f32> = self
            .vocabulary
            .iter()
            .map(|name| known(name) as f32)
            .collect();
        for sample in self.recordings.iter_mut().flat_map(|r| &mut r.samples) {
            *sample = numbers.get(*sample as usize).copied().unwrap_or(BLANK);
        }
        let strange = numbers
            .iter()
            .skip(1)
            .filter(|&&number| number == BLANK)
            .count();
        if strange > 0 {
            self.notes.push(format!(
                "{strange} symbols that the encoder does not know are left blank"
            ));
        }
        self.vocabulary = vocabulary.to_vec();
    }

    /// Fills sequences of symbols shorter than `length` up in front with blanks.
    pub(super) fn lead_in(&mut self, length: usize) {
        let mut filled = 0;
        for samples in self.recordings.iter_mut().map(|r| &mut r.samples) {
            if let Some(missing) = length.checked_sub(samples.len()).filter(|&m| m > 0) {
                samples.splice(0..0, std::iter::repeat_n(BLANK, missing));
                filled += 1;
            }
        }
        if filled > 0 {
            self.notes.push(format!(
                "{filled} sequences are shorter than a window of {length} symbols and filled up in front with blanks"
            ));
        }
    }
}

/// The symbol that pairs with each one, if the vocabulary is that of DNA: A with T, C with G, and N with itself.
pub fn complements(vocabulary: &[String]) -> Option<Vec<f32>> {
    let pair = |name: &String| {
        let other = match name.as_str() {
            "" | "N" | "n" => name,
            "A" => "T",
            "T" => "A",
            "C" => "G",
            "G" => "C",
            "a" => "t",
            "t" => "a",
            "c" => "g",
            "g" => "c",
            _ => return None,
        };
        vocabulary
            .iter()
            .position(|n| n == other)
            .map(|at| at as f32)
    };
    let pairs: Option<Vec<f32>> = vocabulary.iter().map(pair).collect();
    pairs.filter(|pairs| pairs.len() >= 5)
}

/// The vocabulary without its blank, for people: names of one character next to each other, others apart; the first
/// hundred.
pub fn shown(vocabulary: &[String]) -> String {
    let names: Vec<String> = vocabulary
        .iter()
        .skip(1)
        .map(|name| match name.as_str() {
            " " => "\u{2423}".into(),
            name => name.escape_debug().to_string(),
        })
        .collect();
    let letters = vocabulary.iter().all(|name| name.chars().count() <= 1);
    let rest = names.len().saturating_sub(100);
    let more = if rest > 0 {
        format!(" and {rest} more")
    } else {
        String::new()
    };
    let names = &names[..names.len() - rest];
    format!("{}{more}", names.join(if letters { "" } else { " " }))
}

#[cfg(test)]
mod tests;
