//! What can be wrong with somebody's data, said so that they can put it right.

use std::fmt;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// A place in a text file. Lines and columns count from 1.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line.
    pub line: u64,
    /// The column's number and, if it has one, its name.
    pub column: Option<(usize, String)>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}", self.file.display(), self.line)?;
        match &self.column {
            Some((number, name)) if name.is_empty() => write!(f, ", column {number}"),
            Some((number, name)) => write!(f, ", column {number} ({name:?})"),
            None => Ok(()),
        }
    }
}

/// Why data cannot be used. Every message names the place, what was expected, what was found and what to do.
#[derive(Error, Debug)]
pub enum DataError {
    /// Nothing lies at the path.
    #[error("{}: there is no such file or folder; give the folder that holds your recordings", path.display())]
    Missing {
        /// The path as given.
        path: PathBuf,
    },
    /// The folder has no recordings.
    #[error("{}: expected .csv files, pictures (PNG, JPEG, IDX, CIFAR's binaries), sound (.wav), UCR's .tsv or .ts, x.npy, .npz, \
        text (.txt) or FASTA in this folder or its sub-folders, found {}; save each recording as a .csv file with a header of channel names", path.display(), counted(*others, "other file", "nothing"))]
    NoFiles {
        /// The folder.
        path: PathBuf,
        /// Files of other kinds seen.
        others: usize,
    },
    /// The operating system refused.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The reason given.
        source: io::Error,
    },
    /// A file of pictures is not what its name says.
    #[error("{}: {problem}", file.display())]
    Picture {
        /// The file.
        file: PathBuf,
        /// What was expected, what was found and what to do.
        problem: String,
    },
    /// A file of sound, or the table beside it, is not what its name says.
    #[error("{}: {problem}", file.display())]
    Sound {
        /// The file.
        file: PathBuf,
        /// What was expected, what was found and what to do.
        problem: String,
    },
    /// The log-mel front end cannot be.
    #[error(
        "data.sound: at {rate_hz} Hz no log-mel frames can be made: {why}; expected frames of up to 1024 samples, a \
        hop of at least 1, 1 to 128 bands, low_hz below half the rate and a floor above 0"
    )]
    FrontEnd {
        /// Samples a second.
        rate_hz: u32,
        /// What is wrong.
        why: String,
    },
    /// What is to be held out is not said.
    #[error("--test {found:?}: {why}; for example --pattern '{{label}}_{{index}}' --test 0-4")]
    HeldOut {
        /// The list as given.
        found: String,
        /// What is wrong with it.
        why: String,
    },
    /// A flag about names of files, where these say nothing.
    #[error(
        "{flag}: expected recordings, sounds or pictures in files of their own, whose names it could read, found {data}; \
        leave it out, or hold people out with --test-subjects"
    )]
    NotInNames {
        /// The flag.
        flag: &'static str,
        /// What the data are.
        data: &'static str,
    },
    /// Series of an archive or an array are not what they should be.
    #[error("{place}: {problem}")]
    Series {
        /// Where.
        place: String,
        /// What was expected, what was found and what to do.
        problem: String,
    },
    /// Sequences of symbols are not what they should be.
    #[error("{place}: {problem}")]
    Symbols {
        /// File and line.
        place: String,
        /// What was expected, what was found and what to do.
        problem: String,
    },
    /// A file of no bytes, or of empty lines only.
    #[error("{}: the file is empty; expected a header of channel names and one row for each sample; \
        fill it or remove it", file.display())]
    EmptyFile {
        /// The file.
        file: PathBuf,
    },
    /// A header and nothing below it.
    #[error("{}: expected one row for each sample below the header, found none; fill the file or remove it", file.display())]
    NoRows {
        /// The file.
        file: PathBuf,
    },
    /// The first line holds numbers.
    #[error("{}, line 1: expected channel names, found the number {found:?}; \
        put a header such as `time,ax,ay,az` above the samples", file.display())]
    NoHeader {
        /// The file.
        file: PathBuf,
        /// The first number.
        found: String,
    },
    /// Bytes that are not UTF-8 text.
    #[error(
        "{place}: expected text in UTF-8, found {found}; save the file again as CSV with encoding UTF-8"
    )]
    Encoding {
        /// Where.
        place: Place,
        /// What the bytes look like.
        found: &'static str,
    },
    /// A column without a name.
    #[error("{place}: expected a channel name, found an empty field; name the column or remove it")]
    Unnamed {
        /// Where.
        place: Place,
    },
    /// Two columns of one name.
    #[error("{place}: the name occurs already in column {first}; give every column its own name")]
    Duplicate {
        /// The second occurrence.
        place: Place,
        /// Number of the first column of that name.
        first: usize,
    },
    /// Nothing but time, subject or label.
    #[error("{}, line 1: expected at least one channel, found only {found}; add the columns with your sensor's values", file.display())]
    NoChannels {
        /// The file.
        file: PathBuf,
        /// The columns that are no channels.
        found: String,
    },
    /// A row of another length than the header.
    #[error("{place}: expected {expected} fields as in the header, found {found}; complete the row or remove it{}",
        if *decimal_comma { " (if the numbers have decimal commas, separate the fields by semicolons)" } else { "" })]
    Ragged {
        /// Where.
        place: Place,
        /// Fields in the header.
        expected: usize,
        /// Fields in the row.
        found: usize,
        /// Whether decimal commas may be the reason.
        decimal_comma: bool,
    },
    /// Not a number.
    #[error("{place}: expected a number, found {}; correct the value, or name the columns to read with --channels",
        if found.is_empty() { "an empty field".into() } else { format!("{found:?}") })]
    Number {
        /// Where.
        place: Place,
        /// The field.
        found: String,
    },
    /// NaN, infinity or more than an f32 holds.
    #[error(
        "{place}: expected a finite number, found {found}; fill the value in or remove the row \
        (mote does not invent samples)"
    )]
    NotFinite {
        /// Where.
        place: Place,
        /// The field.
        found: String,
    },
    /// Files with different columns.
    #[error("{}: expected the channels of {}{}{}; all recordings need the same columns, \
        in any order (--channels names the ones to use)", file.display(), reference.display(),
        listed(", missing here: ", missing), listed(", only here: ", extra))]
    Channels {
        /// The file that differs.
        file: PathBuf,
        /// The file it is compared with.
        reference: PathBuf,
        /// Channels it lacks.
        missing: Vec<String>,
        /// Channels the other lacks.
        extra: Vec<String>,
    },
    /// A chosen channel that a file lacks.
    #[error("{}, line 1: expected a column {name:?} as chosen with --channels, found {}", file.display(), found.join(", "))]
    NoSuchChannel {
        /// The file.
        file: PathBuf,
        /// The chosen name.
        name: String,
        /// The columns there are.
        found: Vec<String>,
    },
    /// Time stands still or runs backwards.
    #[error(
        "{place}: expected a time after {before}, found {found}; sort the rows by time, \
        or leave the time column out and give --rate"
    )]
    Backwards {
        /// Where.
        place: Place,
        /// The time in the row above.
        before: f64,
        /// The time in this row.
        found: f64,
    },
    /// Time steps that differ too much to be called a rate.
    #[error("{}: expected evenly spaced times, found steps from {shortest:.3} to {longest:.3} s (a tenth of them is \
        shorter, a tenth longer); resample the recording, or give --rate to take the samples as evenly spaced", file.display())]
    Uneven {
        /// The file.
        file: PathBuf,
        /// The step that a tenth of all steps stay below, in seconds.
        shortest: f64,
        /// The step that a tenth of all steps exceed, in seconds.
        longest: f64,
    },
    /// The sampling rate cannot be known.
    #[error("{}: the sampling rate is not known: expected a column `time` or `timestamp`, or --rate HZ", file.display())]
    NoRate {
        /// The file without a clock.
        file: PathBuf,
    },
    /// A rate that no sensor has.
    #[error("--rate: expected a number of samples a second above 0, found {found}")]
    BadRate {
        /// The rate as given.
        found: f64,
    },
    /// Recordings at different rates, or another than was said.
    #[error("{}: expected {expected:.3} Hz as {reference}, found {found:.3} Hz from its time column; \
        resample the files to one rate, or read the odd ones separately", file.display())]
    Rate {
        /// The file that differs.
        file: PathBuf,
        /// Its rate.
        found: f64,
        /// The rate expected.
        expected: f64,
        /// Who says so.
        reference: String,
    },
    /// A file-name pattern that cannot be read.
    #[error(
        "pattern {pattern:?}: {why}; write for example {{subject}}_{{rest}} or {{subject}}/{{label}}/{{rest}}"
    )]
    Pattern {
        /// The pattern as given.
        pattern: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file that the pattern does not fit.
    #[error("{}: expected a name like {pattern:?}, found {found:?}; rename the file or change the pattern", file.display())]
    Unmatched {
        /// The file.
        file: PathBuf,
        /// The pattern.
        pattern: String,
        /// The part of the path that it was held against.
        found: String,
    },
    /// A triad in the configuration names a channel that does not exist.
    #[error("data.triads: expected channels of the data, found {name:?}; there are {}", channels.join(", "))]
    Triad {
        /// The name.
        name: String,
        /// The channels there are.
        channels: Vec<String>,
    },
    /// A subject to hold out that nobody recorded.
    #[error("--test-subjects: expected subjects of the data, found {name:?}; {}", if subjects.is_empty() {
        "the data name none: say where their names stand with --pattern, or save an array subject".into()
    } else {
        format!("there are {}", subjects.join(", "))
    })]
    TestSubject {
        /// The name.
        name: String,
        /// The subjects there are.
        subjects: Vec<String>,
    },
    /// Everybody is held out.
    #[error(
        "--test-subjects: expected somebody left to learn from, found everybody held out; name fewer"
    )]
    NothingLeft,
    /// A window or hop of no samples.
    #[error(
        "window: expected length and hop of at least 1 sample, found length {length} and hop {hop}"
    )]
    WindowSize {
        /// Window length in samples.
        length: usize,
        /// Step between windows in samples.
        hop: usize,
    },
    /// No recording is long enough.
    #[error("window: expected recordings of at least {length} samples ({:.2} s at {rate_hz} Hz), found none: the longest of \
        {recordings} has {longest} ({name}); choose a shorter window with --window, or record longer",
        *length as f64 / rate_hz)]
    WindowTooLong {
        /// Window length in samples.
        length: usize,
        /// Samples a second.
        rate_hz: f64,
        /// Number of recordings.
        recordings: usize,
        /// Samples of the longest recording.
        longest: usize,
        /// Its name.
        name: String,
    },
    /// Nothing can be held out.
    #[error(
        "split: expected at least 2 subjects, 2 recordings, or one recording of {needed} samples to hold a part out, \
        found {found}; record more, or choose a shorter window"
    )]
    TooFew {
        /// Samples that would do.
        needed: usize,
        /// What there is.
        found: String,
    },
    /// A fold count that makes no sense.
    #[error("split: expected at least 2 folds, found {found}")]
    FoldCount {
        /// The count as given.
        found: usize,
    },
    /// The data inside the program are damaged.
    #[error(
        "the data that ship with mote are damaged ({what}); build the program again from a fresh clone"
    )]
    Shipped {
        /// What was noticed.
        what: String,
    },
}

impl DataError {
    /// [`Self::Series`] from anything that can be told.
    pub(super) fn series(place: impl fmt::Display, problem: impl Into<String>) -> Self {
        Self::Series {
            place: place.to_string(),
            problem: problem.into(),
        }
    }
}

/// "3 other files", or `nothing` for none.
fn counted(count: usize, what: &str, nothing: &str) -> String {
    match count {
        0 => nothing.into(),
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

/// The prefix and the names, or nothing.
fn listed(prefix: &str, names: &[String]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!("{prefix}{}", names.join(", "))
    }
}
