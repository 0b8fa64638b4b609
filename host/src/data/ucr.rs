//! The archives of time-series classification: `.tsv` of UCR (Dau et al., *The UCR Time Series Archive*, 2019) and `.ts`
//! of UEA (Bagnall et al., *The UEA Multivariate Time Series Classification Archive*, 2018).
//!
//! A line is a recording. In `.tsv` its label comes first, then one value a sample, separated by tabs; trailing `NaN` fill
//! up shorter ones. In `.ts` lines of `#` and `@` come first; then dimensions are separated by colons, samples by commas,
//! and the label is last where `@classLabel` says true. Files whose names end in `_TEST` are the part held out.

use super::folder::{self, Name};
use super::natural;
use super::{DataConfig, DataError, Dataset, Recording};
use std::fs;
use std::path::Path;

/// Whether a file is one of an archive, by its ending.
pub(super) fn is_archive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with(".tsv") || name.ends_with(".ts")
}

/// One line: a label, and values of each dimension.
struct Line {
    label: Option<String>,
    dimensions: Vec<Vec<f32>>,
}

/// Reads all files. A series has no clock: without `rate_hz` a sample is a second.
pub(super) fn load(path: &Path, names: &[Name], config: &DataConfig) -> Result<Dataset, DataError> {
    let mut lines: Vec<(String, bool, Line)> = Vec::new();
    for name in names {
        let file = &name.path;
        let text = fs::read(file).map_err(|source| DataError::Read {
            path: file.clone(),
            source,
        })?;
        let text = String::from_utf8(text)
            .map_err(|_| fault(file, 1, "expected text in UTF-8; save the file again"))?;
        let test = name.stem.to_ascii_uppercase().ends_with("TEST");
        let is_ts = file
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("ts"));
        let found = if is_ts {
            ts(file, &text)?
        } else {
            tsv(file, &text)?
        };
        lines.extend(
            found
                .into_iter()
                .enumerate()
                .map(|(at, line)| (format!("{} {at}", name.stem), test, line)),
        );
    }
    let width = lines
        .first()
        .map_or(1, |(_, _, line)| line.dimensions.len());
    let channels = (1..=width).map(|c| {
        if width == 1 {
            "value".into()
        } else {
            format!("d{c}")
        }
    });
    let rate = config.rate_hz.unwrap_or(1.0);
    let mut dataset = Dataset::new(folder::title(path, "series"), rate, channels.collect());
    let labels = lines.iter().filter_map(|(_, _, line)| line.label.clone());
    dataset.labels = labels.collect();
    dataset.labels.sort_by(|a, b| natural::compare(a, b));
    dataset.labels.dedup();
    dataset.test = (0..lines.len()).filter(|&at| lines[at].1).collect();
    if dataset.test.len() == lines.len() {
        dataset.test.clear();
    }
    for (name, _, line) in lines {
        let samples = line.dimensions.iter().map(Vec::len).min().unwrap_or(0);
        if line.dimensions.len() != width || line.dimensions.iter().any(|d| d.len() != samples) {
            return Err(DataError::series(
                name,
                format!(
                    "expected {width} dimensions of equal length as in the first line, found lengths {:?}; correct or \
                     remove the line",
                    line.dimensions.iter().map(Vec::len).collect::<Vec<_>>()
                ),
            ));
        }
        let label = line
            .label
            .and_then(|label| dataset.labels.iter().position(|l| *l == label));
        let sample = |t: usize| line.dimensions.iter().map(move |dimension| dimension[t]);
        dataset.recordings.push(Recording {
            name,
            subject: None,
            label,
            samples: (0..samples).flat_map(sample).collect(),
        });
    }
    let first = dataset.len_of(0);
    let equal = (0..dataset.recordings.len()).all(|r| dataset.len_of(r) == first);
    dataset.whole = equal.then_some(first);
    if config.rate_hz.is_none() {
        dataset
            .notes
            .push("the archive has no clock: a sample is taken for a second".into());
    }
    Ok(dataset)
}

fn fault(file: &Path, line: usize, problem: impl Into<String>) -> DataError {
    DataError::series(format!("{}, line {line}", file.display()), problem)
}

/// Values of one dimension; trailing NaN are left out, others refused.
fn values<'a>(
    file: &Path,
    line: usize,
    fields: impl Iterator<Item = &'a str>,
) -> Result<Vec<f32>, DataError> {
    let mut values = Vec::new();
    for field in fields.map(str::trim) {
        let value = if field == "?" {
            Ok(f32::NAN)
        } else {
            field.parse()
        };
        values.push(value.map_err(|_| {
            fault(
                file,
                line,
                format!("expected a number, found {field:?}; correct the value or remove the line"),
            )
        })?);
    }
    while values.last().is_some_and(|value: &f32| value.is_nan()) {
        values.pop();
    }
    if values.is_empty() || values.iter().any(|value| !value.is_finite()) {
        return Err(fault(
            file,
            line,
            "expected finite values (NaN only at the end, to fill up), found none or a gap; fill the gap or remove the \
             line (mote does not invent samples)",
        ));
    }
    Ok(values)
}

fn tsv(file: &Path, text: &str) -> Result<Vec<Line>, DataError> {
    let mut lines = Vec::new();
    for (at, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let Some((label, rest)) = line.split_once('\t') else {
            return Err(fault(
                file,
                at + 1,
                "expected a label and values separated by tabs, found no tab; is this a UCR archive?",
            ));
        };
        lines.push(Line {
            label: Some(label.trim().to_owned()),
            dimensions: vec![values(file, at + 1, rest.split('\t'))?],
        });
    }
    Ok(lines)
}

fn ts(file: &Path, text: &str) -> Result<Vec<Line>, DataError> {
    let (mut lines, mut labelled, mut begun) = (Vec::new(), false, false);
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(header) = line.strip_prefix('@') {
            let header = header.to_ascii_lowercase();
            begun |= header.starts_with("data");
            if let Some(rest) = header.strip_prefix("classlabel") {
                labelled = rest.trim_start().starts_with("true");
            }
            if header.starts_with("timestamps") && header.ends_with("true") {
                return Err(fault(
                    file,
                    at + 1,
                    "expected @timeStamps false, found true; resample the series to even steps and leave the stamps out",
                ));
            }
            continue;
        }
        if !begun {
            return Err(fault(
                file,
                at + 1,
                "expected @data before the first series; is this a UEA archive?",
            ));
        }
        let mut parts: Vec<&str> = line.split(':').collect();
        let label = if labelled { parts.pop() } else { None };
        lines.push(Line {
            label: label.map(|label| label.trim().to_owned()),
            dimensions: parts
                .into_iter()
                .map(|part| values(file, at + 1, part.split(',')))
                .collect::<Result<_, _>>()?,
        });
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Folds, SplitBy, Windows, load};

    fn read(files: &[(&str, &str)]) -> Result<Dataset, DataError> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        load(&DataConfig {
            path: Some(folder.path().into()),
            ..DataConfig::default()
        })
    }

    #[test]
    fn a_ucr_archive_has_whole_series_and_its_own_test_part() {
        let data = read(&[
            ("Gun_TRAIN.tsv", "1\t0.5\t1.5\t2.5\n10\t3\t4\t5\n"),
            ("Gun_TEST.tsv", "2\t7\t8\t9\n"),
            ("README.md", "no data"),
        ])
        .unwrap();
        assert_eq!(data.labels, ["1", "2", "10"]);
        let train = data
            .recordings
            .iter()
            .find(|r| r.name == "Gun_TRAIN 1")
            .unwrap();
        assert_eq!(
            (train.label, train.samples.as_slice()),
            (Some(2), &[3.0, 4.0, 5.0][..])
        );
        assert_eq!(data.cut(128, 64), (3, 3));
        assert_eq!(Windows::cut(&data, 3, 3).unwrap().list.len(), 3);
        let (_, folds) = Folds::new(data, 5, 3).unwrap();
        assert_eq!((folds.by, folds.split(0).test.len()), (SplitBy::Given, 1));
    }

    #[test]
    fn a_uea_archive_has_dimensions_and_series_may_differ_in_length() {
        let text = "# made by hand\n@problemName Two\n@timeStamps false\n@classLabel true a b\n@data\n\
                    1,2,3:4,5,6:a\n7,8,NaN:9,10:b\n";
        let data = read(&[("Two_TRAIN.ts", text)]).unwrap();
        assert_eq!((data.width(), data.labels.len(), data.whole), (2, 2, None));
        assert_eq!(data.recordings[0].samples, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(data.recordings[1].samples, [7.0, 9.0, 8.0, 10.0]);
        assert!(data.test.is_empty());
    }

    #[test]
    fn faults_name_file_and_line() {
        for (name, text, part) in [
            (
                "a.tsv",
                "1\t2\n2\tx\n",
                "line 2: expected a number, found \"x\"",
            ),
            ("a.tsv", "1\t2\tNaN\t3\n", "line 1: expected finite values"),
            ("a.tsv", "1,2,3\n", "no tab"),
            ("a.ts", "1,2:3,4\n", "expected @data"),
            ("a.ts", "@timeStamps true\n@data\n", "@timeStamps false"),
            ("a.ts", "@data\n1,2:3\n", "lengths [2, 1]"),
        ] {
            let message = read(&[(name, text)]).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }
}
