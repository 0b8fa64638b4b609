//! Somebody's own data: a folder of CSV files.
//!
//! Every file has a header of channel names and one row for each sample, separated by commas,
//! semicolons or tabs. A column `time`, `t` or `timestamp` (also with its unit, `time_ms`) gives the rate;
//! columns `subject` and `label` say who did what, and a recording ends where one of them changes.
//! Without a column `label`, the first sub-folder is the label. A pattern reads both from file names.

mod clock;
mod table;

use super::pattern::{Fields, Held, Pattern};
use super::source::DataConfig;
use super::{DataError, Dataset, Recording, distinct, folder};
use clock::{Clock, Problem};
use rayon::prelude::*;
use std::path::Path;
use table::Table;

/// Largest relative difference between rates that count as the same.
const SAME_RATE: f64 = 0.02;
/// Spread of time steps from which it is worth a note.
const JITTER: f64 = 0.25;

/// One file, read and understood.
struct File {
    name: folder::Name,
    table: Table,
    clock: Option<Clock>,
    fields: Fields,
}

/// Reads all `.csv` files in and below `path`, or the one file `path`, in natural order of their names.
///
/// # Errors
/// The first fault in that order; see [`DataError`].
pub fn load(path: &Path, config: &DataConfig) -> Result<Dataset, DataError> {
    if let Some(found) = config.rate_hz.filter(|r| !(r.is_finite() && *r > 0.0)) {
        return Err(DataError::BadRate { found });
    }
    let pattern = config.pattern.as_deref().map(Pattern::parse).transpose()?;
    let held = Held::new(config.test.as_deref(), pattern.as_ref())?;
    let names = folder::list(path, folder::is_csv)?;
    let files: Vec<Result<File, DataError>> = names
        .into_par_iter()
        .map(|name| read(name, pattern.as_ref(), config))
        .collect();
    let files: Vec<File> = files.into_iter().collect::<Result<_, _>>()?;

    let Some(first) = files.first() else {
        return Err(DataError::NoFiles {
            path: path.into(),
            others: 0,
        });
    };
    let channels = first.table.channels.clone();
    let rate_hz = rate(&files, config.rate_hz)?;
    let mut dataset = Dataset::new(folder::title(path, "data"), rate_hz, channels);
    dataset.notes = notes(&files);

    let mut pieces = Vec::new();
    for file in &files {
        let order = same_channels(first, file)?;
        let test = held.holds(file.fields.index.as_deref());
        let cut = cut(file, &order);
        if test {
            dataset.test.extend(pieces.len()..pieces.len() + cut.len());
        }
        pieces.extend(cut);
    }
    dataset.subjects = distinct(pieces.iter().map(|p| &p.subject));
    dataset.labels = distinct(pieces.iter().map(|p| &p.label));
    let index = |names: &[String], name: &Option<String>| {
        name.as_ref()
            .and_then(|n| names.iter().position(|m| m == n))
    };
    dataset.recordings = pieces
        .into_iter()
        .map(|piece| Recording {
            subject: index(&dataset.subjects, &piece.subject),
            label: index(&dataset.labels, &piece.label),
            name: piece.name,
            samples: piece.samples,
        })
        .collect();
    Ok(dataset)
}

/// Reads one file, its clock and its name.
fn read(
    name: folder::Name,
    pattern: Option<&Pattern>,
    config: &DataConfig,
) -> Result<File, DataError> {
    let table = table::read(&name.path, &config.channels)?;
    let clock = match clock::read(&table.times, table.unit, config.rate_hz) {
        Ok(clock) => Some(clock),
        // One row has no rate, and no window either.
        Err(Problem::TooShort) => None,
        Err(Problem::Backwards { row }) => {
            return Err(DataError::Backwards {
                place: table::place(&name.path, table.lines[row], table.clock.clone()),
                before: table.times[row - 1],
                found: table.times[row],
            });
        }
        Err(Problem::Uneven { shortest, longest }) => {
            return Err(DataError::Uneven {
                file: name.path,
                shortest,
                longest,
            });
        }
    };
    let fields = match pattern {
        None => Fields::default(),
        Some(pattern) => pattern.of(&name)?,
    };
    Ok(File {
        name,
        table,
        clock,
        fields,
    })
}

/// The rate that all files share.
fn rate(files: &[File], given: Option<f64>) -> Result<f64, DataError> {
    let mut reference = given.map(|rate| (rate, "given with --rate".to_string()));
    for file in files {
        let Some(found) = file.clock.as_ref().map(|c| c.rate_hz) else {
            if reference.is_none() && file.table.clock.is_none() {
                return Err(DataError::NoRate {
                    file: file.name.path.clone(),
                });
            }
            continue;
        };
        match &reference {
            None => reference = Some((found, format!("in {}", file.name.path.display()))),
            // With a rate given, the clock may be coarse: bursts make its mean uncertain.
            Some((expected, said)) => {
                let coarse =
                    given.is_some() && file.clock.as_ref().is_some_and(|c| c.jitter > JITTER);
                let allowed = if coarse { 0.2 } else { SAME_RATE };
                if (found / expected - 1.0).abs() > allowed {
                    return Err(DataError::Rate {
                        file: file.name.path.clone(),
                        found,
                        expected: *expected,
                        reference: said.clone(),
                    });
                }
            }
        }
    }
    match (reference, files.first()) {
        (Some((rate, _)), _) => Ok(rate),
        (None, Some(file)) => Err(DataError::NoRate {
            file: file.name.path.clone(),
        }),
        (None, None) => Err(DataError::BadRate { found: 0.0 }),
    }
}

/// For each channel of `first` its place in `file`.
fn same_channels(first: &File, file: &File) -> Result<Vec<usize>, DataError> {
    let (ours, theirs) = (&first.table.channels, &file.table.channels);
    let lacking = |a: &[String], b: &[String]| -> Vec<String> {
        a.iter().filter(|n| !b.contains(n)).cloned().collect()
    };
    let (missing, extra) = (lacking(ours, theirs), lacking(theirs, ours));
    if missing.is_empty() && extra.is_empty() {
        let place = |name: &String| theirs.iter().position(|n| n == name);
        return Ok(ours.iter().filter_map(place).collect());
    }
    Err(DataError::Channels {
        file: file.name.path.clone(),
        reference: first.name.path.clone(),
        missing,
        extra,
    })
}

/// A stretch of a file without gap or change of subject or label.
struct Piece {
    name: String,
    subject: Option<String>,
    label: Option<String>,
    samples: Vec<f32>,
}

/// Cuts a file at gaps and changes, its channels in the given order.
fn cut(file: &File, order: &[usize]) -> Vec<Piece> {
    let table = &file.table;
    let gaps = file.clock.as_ref().map_or(&[][..], |c| &c.gaps);
    let mut starts: Vec<usize> = table
        .runs
        .iter()
        .map(|r| r.start)
        .chain(gaps.iter().copied())
        .collect();
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).copied().chain([table.lines.len()]);
    let pieces: Vec<(usize, usize)> = starts.iter().copied().zip(ends).collect();
    let width = table.channels.len();
    let piece = |(number, &(start, end)): (usize, &(usize, usize))| {
        let run = table.runs.iter().rfind(|r| r.start <= start);
        let either = |column: Option<&String>, name: &Option<String>, folder: &Option<String>| {
            column.or(name.as_ref()).or(folder.as_ref()).cloned()
        };
        Piece {
            name: if pieces.len() == 1 {
                format!("{}.csv", file.name.below)
            } else {
                format!("{}.csv part {}", file.name.below, number + 1)
            },
            subject: either(
                run.and_then(|r| r.subject.as_ref()),
                &file.fields.subject,
                &None,
            ),
            label: either(
                run.and_then(|r| r.label.as_ref()),
                &file.fields.label,
                &file.name.folder,
            ),
            samples: table.samples[start * width..end * width]
                .chunks_exact(width)
                .flat_map(|sample| order.iter().map(|&c| sample[c]))
                .collect(),
        }
    };
    pieces.iter().enumerate().map(piece).collect()
}

/// What the clocks are worth saying.
fn notes(files: &[File]) -> Vec<String> {
    let mut notes = Vec::new();
    let clocks = || files.iter().filter_map(|f| Some((f, f.clock.as_ref()?)));
    if let Some((file, clock)) = clocks().find(|(f, _)| f.table.unit.is_none())
        && let Some((_, name)) = &file.table.clock
    {
        notes.push(format!("column {name:?} is read as {}", clock.unit.name()));
    }
    let gaps: usize = clocks().map(|(_, c)| c.gaps.len()).sum();
    if gaps > 0 {
        let longest = clocks().map(|(_, c)| c.longest_gap).fold(0.0, f64::max);
        notes.push(format!(
            "samples are missing in {gaps} places (up to {longest:.2} s); recordings are cut there"
        ));
    }
    if let Some((file, clock)) = clocks()
        .filter(|(_, c)| c.jitter > JITTER)
        .max_by(|a, b| a.1.jitter.total_cmp(&b.1.jitter))
    {
        notes.push(format!(
            "time steps vary (most in {}.csv, by {:.0} % of a step); samples are taken as evenly spaced",
            file.name.below,
            100.0 * clock.jitter
        ));
    }
    notes
}

#[cfg(test)]
mod tests;
