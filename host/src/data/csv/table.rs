//! One CSV file: its header, its numbers, and where each of them stands.

use super::super::error::Place;
use super::DataError;
use super::clock::{self, Unit};
use std::fs;
use std::path::{Path, PathBuf};

/// What stands in one file. Row `r` has samples `r * C .. (r + 1) * C`.
#[derive(Debug)]
pub(super) struct Table {
    /// Channel names in the order of the samples.
    pub(super) channels: Vec<String>,
    /// `T * C` finite values.
    pub(super) samples: Vec<f32>,
    /// One time a row, if there is a clock, in its own unit.
    pub(super) times: Vec<f64>,
    /// The unit that the clock's name states.
    pub(super) unit: Option<Unit>,
    /// Line of each row.
    pub(super) lines: Vec<u64>,
    /// Number and name of the clock's column.
    pub(super) clock: Option<(usize, String)>,
    /// Stretches of rows with one subject and one label; each begins where one of the two changes.
    pub(super) runs: Vec<Run>,
}

/// A stretch of rows.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Run {
    /// Its first row.
    pub(super) start: usize,
    /// The content of a column `subject`, if there is one that is not empty.
    pub(super) subject: Option<String>,
    /// The content of a column `label`, if there is one that is not empty.
    pub(super) label: Option<String>,
}

/// What the columns are for.
struct Columns {
    names: Vec<String>,
    /// Column of each channel.
    channels: Vec<usize>,
    clock: Option<(usize, Option<Unit>)>,
    subject: Option<usize>,
    label: Option<usize>,
}

/// Reads a file. `chosen` names the channels to read, all when empty; the other columns are then ignored.
pub(super) fn read(file: &Path, chosen: &[String]) -> Result<Table, DataError> {
    let bytes = fs::read(file).map_err(|source| DataError::Read {
        path: file.into(),
        source,
    })?;
    parse(file, &bytes, chosen)
}

fn parse(file: &Path, bytes: &[u8], chosen: &[String]) -> Result<Table, DataError> {
    let text = utf8(file, bytes)?;
    if text.trim().is_empty() {
        return Err(DataError::EmptyFile { file: file.into() });
    }
    let delimiter = delimiter(text);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let broken = |error: csv::Error| DataError::Read {
        path: file.into(),
        source: error.into(),
    };
    let header = reader.headers().map_err(broken)?.clone();
    let columns = columns(file, text, &header, chosen)?;

    let mut table = Table {
        channels: columns
            .channels
            .iter()
            .map(|&c| columns.names[c].clone())
            .collect(),
        samples: Vec::new(),
        times: Vec::new(),
        unit: columns.clock.and_then(|c| c.1),
        lines: Vec::new(),
        clock: columns
            .clock
            .map(|(c, _)| (c + 1, columns.names[c].clone())),
        runs: Vec::new(),
    };
    // Where the comma does not separate fields it may be the decimal point.
    let decimal_comma = delimiter != b',';
    let mut row = csv::StringRecord::new();
    while reader.read_record(&mut row).map_err(broken)? {
        let line = row.position().map_or(0, |p| line_of(text, p));
        if row.iter().all(str::is_empty) && row.len() == 1 {
            continue;
        }
        if row.len() != header.len() {
            return Err(DataError::Ragged {
                place: place(file, line, None),
                expected: header.len(),
                found: row.len(),
                decimal_comma: delimiter == b',' && row.len() > header.len(),
            });
        }
        let field = |column: usize| row.get(column).unwrap_or("");
        let at = |column: usize| {
            place(
                file,
                line,
                Some((column + 1, columns.names[column].clone())),
            )
        };
        if let Some((column, _)) = columns.clock {
            let time = number(field(column), decimal_comma, || at(column))?;
            table.times.push(time);
        }
        for &column in &columns.channels {
            let value = number(field(column), decimal_comma, || at(column))? as f32;
            if !value.is_finite() {
                return Err(not_finite(at(column), field(column)));
            }
            table.samples.push(value);
        }
        let named = |column: Option<usize>| {
            column
                .map(field)
                .filter(|text| !text.is_empty())
                .map(String::from)
        };
        let run = Run {
            start: table.lines.len(),
            subject: named(columns.subject),
            label: named(columns.label),
        };
        if table
            .runs
            .last()
            .is_none_or(|last| last.subject != run.subject || last.label != run.label)
        {
            table.runs.push(run);
        }
        table.lines.push(line);
    }
    if table.lines.is_empty() {
        return Err(DataError::NoRows { file: file.into() });
    }
    Ok(table)
}

/// The line of a record. The reader counts from the end of the record before, so empty lines between the
/// two are added here.
fn line_of(text: &str, position: &csv::Position) -> u64 {
    let rest = text
        .as_bytes()
        .get(position.byte() as usize..)
        .unwrap_or_default();
    let blank = rest.iter().take_while(|&&b| b == b'\n' || b == b'\r');
    position.line() + blank.filter(|&&b| b == b'\n').count() as u64
}

/// The text without its byte order mark.
fn utf8<'a>(file: &Path, bytes: &'a [u8]) -> Result<&'a str, DataError> {
    let wrong = |line, found| DataError::Encoding {
        place: place(file, line, None),
        found,
    };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(wrong(1, "UTF-16"));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let found = if bytes.contains(&0) {
        "bytes that are no text"
    } else {
        "another encoding"
    };
    let line = |upto: usize| 1 + bytes[..upto].iter().filter(|&&b| b == b'\n').count() as u64;
    if let Some(at) = bytes.iter().position(|&b| b == 0) {
        return Err(wrong(line(at), found));
    }
    std::str::from_utf8(bytes).map_err(|e| wrong(line(e.valid_up_to()), found))
}

/// The most frequent of comma, semicolon and tab in the first line that holds text.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().find(|l| !l.trim().is_empty()).unwrap_or("");
    let count = |d: u8| header.bytes().filter(|&b| b == d).count();
    // The last maximum wins, so the comma stands last.
    [b'\t', b';', b',']
        .into_iter()
        .max_by_key(|&d| count(d))
        .unwrap_or(b',')
}

/// Reads the header.
fn columns(
    file: &Path,
    text: &str,
    header: &csv::StringRecord,
    chosen: &[String],
) -> Result<Columns, DataError> {
    let line = header.position().map_or(1, |p| line_of(text, p));
    let names: Vec<String> = header.iter().map(String::from).collect();
    let used = |name: &String| chosen.is_empty() || chosen.contains(name);
    if let Some(found) = names
        .iter()
        .find(|n| n.replace(',', ".").parse::<f64>().is_ok())
    {
        return Err(DataError::NoHeader {
            file: file.into(),
            found: found.clone(),
        });
    }
    for (column, name) in names.iter().enumerate().filter(|(_, n)| used(n)) {
        let place = || place(file, line, Some((column + 1, name.clone())));
        if name.is_empty() {
            return Err(DataError::Unnamed { place: place() });
        }
        if let Some(first) = names[..column].iter().position(|n| n == name) {
            return Err(DataError::Duplicate {
                place: place(),
                first: first + 1,
            });
        }
    }
    let special = |word: &str| names.iter().position(|n| n.eq_ignore_ascii_case(word));
    let (subject, label) = (special("subject"), special("label"));
    let clock = names
        .iter()
        .enumerate()
        .find_map(|(column, name)| clock::named(name).map(|unit| (column, unit)));
    let channels: Vec<usize> = if chosen.is_empty() {
        let rest = |c: &usize| ![subject, label, clock.map(|c| c.0)].contains(&Some(*c));
        (0..names.len()).filter(rest).collect()
    } else {
        let find = |name: &String| {
            names
                .iter()
                .position(|n| n == name)
                .ok_or_else(|| DataError::NoSuchChannel {
                    file: file.into(),
                    name: name.clone(),
                    found: names.clone(),
                })
        };
        chosen.iter().map(find).collect::<Result<_, _>>()?
    };
    if channels.is_empty() {
        return Err(DataError::NoChannels {
            file: file.into(),
            found: names.join(", "),
        });
    }
    Ok(Columns {
        names,
        channels,
        clock,
        subject,
        label,
    })
}

/// A finite number.
fn number(text: &str, decimal_comma: bool, place: impl Fn() -> Place) -> Result<f64, DataError> {
    let parsed = match text.parse::<f64>() {
        Err(_) if decimal_comma && text.contains(',') => text.replace(',', ".").parse(),
        other => other,
    };
    match parsed {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(not_finite(place(), text)),
        Err(_) => Err(DataError::Number {
            place: place(),
            found: shortened(text),
        }),
    }
}

fn not_finite(place: Place, text: &str) -> DataError {
    DataError::NotFinite {
        place,
        found: shortened(text),
    }
}

/// At most 40 characters of a field, for a message.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

pub(super) fn place(file: &Path, line: u64, column: Option<(usize, String)>) -> Place {
    Place {
        file: PathBuf::from(file),
        line,
        column,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Result<Table, DataError> {
        parse(Path::new("a.csv"), text.as_bytes(), &[])
    }

    fn message(text: &str) -> String {
        table(text).unwrap_err().to_string()
    }

    #[test]
    fn numbers_are_read_whatever_separates_them() {
        for text in [
            "ax,ay\n1,2.5\n-3e1,4\n",
            "ax;ay\r\n1;2,5\r\n-30,0;4\r\n",
            "\u{feff}ax\tay\n\n1\t2.5\n -30\t4",
            "\"ax\",\"ay\"\n\"1\",\"2.5\"\n-30,4\n",
        ] {
            let table = table(text).unwrap();
            assert_eq!(table.channels, ["ax", "ay"], "{text}");
            assert_eq!(table.samples, [1.0, 2.5, -30.0, 4.0], "{text}");
        }
    }

    #[test]
    fn clock_subject_and_label_are_no_channels() {
        let text =
            "Time_ms,ax,Subject,label\n0,1,anna,walk\n20,2,anna,walk\n40,3,anna,\n60,4,bert,\n";
        let table = table(text).unwrap();
        assert_eq!(table.channels, ["ax"]);
        assert_eq!(table.times, [0.0, 20.0, 40.0, 60.0]);
        assert_eq!(table.unit, Some(Unit::Milliseconds));
        let starts: Vec<usize> = table.runs.iter().map(|r| r.start).collect();
        assert_eq!(starts, [0, 2, 3]);
        assert_eq!(table.runs[1].label, None);
        assert_eq!(table.runs[2].subject.as_deref(), Some("bert"));
    }

    #[test]
    fn chosen_channels_hide_the_others() {
        let chosen = ["b".to_string(), "a".to_string()];
        let text = "a,note,b\n1,hello,2\n";
        let table = parse(Path::new("a.csv"), text.as_bytes(), &chosen).unwrap();
        assert_eq!(table.samples, [2.0, 1.0]);
        let error = parse(Path::new("a.csv"), b"a,c\n1,2\n", &chosen).unwrap_err();
        assert!(error.to_string().contains("\"b\"") && error.to_string().contains("a, c"));
    }

    #[test]
    fn ragged_rows_name_their_line() {
        let message = message("ax,ay\n1,2\n\n3\n");
        assert!(
            message.contains("a.csv, line 4: expected 2 fields"),
            "{message}"
        );
        assert!(message.contains("found 1"), "{message}");
        let commas = table("ax,ay\n1,5,2,5\n").unwrap_err().to_string();
        assert!(commas.contains("semicolons"), "{commas}");
    }

    #[test]
    fn text_in_a_number_names_line_and_column() {
        let found = message("ax,ay\n1,2\n3,high\n");
        assert!(
            found.contains("line 3, column 2 (\"ay\"): expected a number, found \"high\""),
            "{found}"
        );
        assert!(message("ax,ay\n1,\n").contains("found an empty field"));
        assert!(message("time,ay\n12:30,1\n").contains("column 1 (\"time\")"));
        assert!(message(&format!("ax\n{}\n", "é".repeat(500))).contains('…'));
    }

    #[test]
    fn values_that_are_not_finite_are_refused() {
        for value in ["NaN", "inf", "-Infinity", "1e60"] {
            let found = message(&format!("ax\n0\n{value}\n"));
            assert!(
                found.contains("line 3, column 1") && found.contains(value),
                "{found}"
            );
        }
    }

    #[test]
    fn headers_are_checked() {
        assert!(message("1,2\n3,4\n").contains("found the number \"1\""));
        assert!(
            message("ax,ay,ax\n1,2,3\n")
                .contains("column 3 (\"ax\"): the name occurs already in column 1")
        );
        assert!(message("ax,,az\n1,2,3\n").contains("column 2: expected a channel name"));
        assert!(message("time,subject\n1,2\n").contains("found only time, subject"));
        assert!(message("ax,ay\n").contains("found none"));
        assert!(message(" \n\n").contains("the file is empty"));
        assert!(message("").contains("the file is empty"));
    }

    #[test]
    fn other_encodings_are_named() {
        let found = |bytes: &[u8]| {
            parse(Path::new("a.csv"), bytes, &[])
                .unwrap_err()
                .to_string()
        };
        assert!(
            found(b"ax\n1\n\xe4\n")
                .contains("line 3: expected text in UTF-8, found another encoding")
        );
        assert!(found(b"\xff\xfea\0x\0").contains("UTF-16"));
        assert!(
            found(b"ax\n\0\0")
                .contains("line 2: expected text in UTF-8, found bytes that are no text")
        );
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = parse(Path::new("a.csv"), &bytes, &[]);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[a-c,;\t\n\"0-9.eé-]{0,60}") {
            let _ = parse(Path::new("a.csv"), text.as_bytes(), &[]);
        }
    }
}
