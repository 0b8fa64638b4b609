//! Two data sets of the same events, such as pictures and what is said of them: recordings belong together by name.

use super::source::{DataConfig, load};
use super::symbols::BLANK;
use super::{DataError, Dataset, Kind};
use std::collections::BTreeMap;
use std::path::Path;

/// Endings of files, which say how something was recorded and not what.
const ENDINGS: [&str; 6] = [".csv", ".wav", ".png", ".jpg", ".jpeg", ".txt"];

/// Where messages lead.
const PLACE: &str = "--pair-with";

/// Reads the data set that `with` names and joins it with `first`, which was read from `path`.
///
/// # Errors
/// As [`load`] and [`join`], and if both are the same data.
pub fn read(
    first: &mut Dataset,
    path: Option<&Path>,
    with: &DataConfig,
) -> Result<Dataset, DataError> {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.into());
    if path.map(real) == with.path.as_deref().map(real) {
        return Err(DataError::series(
            PLACE,
            format!(
                "expected another data set than --data, found the same, {}; put the files of the other kind into a \
                 folder of their own; to pair two sensors of the same recordings, leave --pair-with out and name the \
                 channels of the second one: [objective] name = \"paired\", channels = [\"gx\", \"gy\", \"gz\"]",
                first.name
            ),
        ));
    }
    let mut second = load(with)?;
    join(first, &mut second)?;
    Ok(second)
}

/// Keeps of both data sets the recordings that the other has too, so that recording `i` of either is the same event, in
/// the order of `first`. What only one of them knows of an event, its label, its subject and whether it is held out,
/// the other learns; what is held out is as `first` says, if it does.
///
/// Recordings of one event have the same path below their folders but for the ending; where no two paths are equal,
/// since sub-folders are labels in one of them perhaps, the same file name. Several sequences of symbols of one name, as
/// captions of one picture are, are read one after the other.
///
/// # Errors
/// If no names are equal, if one is that of several recordings, or if nothing is left to learn from.
pub fn join(first: &mut Dataset, second: &mut Dataset) -> Result<(), DataError> {
    read_on(first);
    read_on(second);
    let mut pairs = matches(first, second, path_of)?;
    if pairs.is_empty() {
        pairs = matches(first, second, stem_of)?;
    }
    if pairs.is_empty() {
        let example = |data: &Dataset| {
            let name = data.recordings.first().map(|r| r.name.clone());
            format!("{} has {:?}", data.name, name.unwrap_or_default())
        };
        return Err(DataError::series(
            PLACE,
            format!(
                "expected files of equal names but for their endings, such as a/7_1.png and a/7_1.txt, found none: {} \
                 and {}, for example; rename those of one of them, or give another folder",
                example(first),
                example(second)
            ),
        ));
    }
    let chosen: [Vec<usize>; 2] = [0, 1].map(|side| pairs.iter().map(|pair| pair[side]).collect());
    let notes = [
        left_out(first, &chosen[0], &second.name),
        left_out(second, &chosen[1], &first.name),
    ];
    first.select(&chosen[0]);
    second.select(&chosen[1]);
    first.notes.extend(notes.into_iter().flatten());
    lend(second, first);
    lend(first, second);
    second.test.clone_from(&first.test);
    if first.test.len() == first.recordings.len() {
        return Err(DataError::series(
            PLACE,
            format!(
                "expected recordings with partners to learn from, found that all {} are held out for testing; add \
                 others to {}, or hold fewer out",
                first.recordings.len(),
                second.name
            ),
        ));
    }
    Ok(())
}

/// Puts sequences of symbols of one name, label and subject behind the first of them, a blank between.
fn read_on(data: &mut Dataset) {
    if data.kind != Kind::Symbols {
        return;
    }
    let mut firsts = BTreeMap::new();
    let mut kept = Vec::with_capacity(data.recordings.len());
    for at in 0..data.recordings.len() {
        let recording = &data.recordings[at];
        let event = (recording.name.clone(), recording.label, recording.subject);
        let first = *firsts.entry(event).or_insert(at);
        if first == at {
            kept.push(at);
        } else {
            let samples = std::mem::take(&mut data.recordings[at].samples);
            let whole = &mut data.recordings[first].samples;
            whole.push(BLANK);
            whole.extend(samples);
        }
    }
    if kept.len() < data.recordings.len() {
        data.notes.push(format!(
            "{} sequences tell of {} events; those of one event are read one after the other",
            data.recordings.len(),
            kept.len()
        ));
        data.select(&kept);
    }
}

/// Leaves out of both data sets the events of which `second` recorded less than a window of `length` samples.
///
/// # Errors
/// If nothing is left.
pub fn keep_long(
    first: &mut Dataset,
    second: &mut Dataset,
    length: usize,
) -> Result<(), DataError> {
    let all = second.recordings.len();
    let long: Vec<usize> = (0..all).filter(|&r| second.len_of(r) >= length).collect();
    if long.len() == all {
        return Ok(());
    }
    let short = (0..all).find(|r| long.binary_search(r).is_err());
    let name = short.map_or("", |r| &second.recordings[r].name);
    let note = format!(
        "{} of {all} recordings of {} are shorter than its window of {length} samples, such as {name}",
        all - long.len(),
        second.name
    );
    if long.is_empty() {
        return Err(DataError::series(
            PLACE,
            format!(
                "expected longer recordings, found that {note}; choose a shorter window: [objective.partner] window = 32"
            ),
        ));
    }
    first
        .notes
        .push(format!("{note}; they are left out with their partners"));
    first.select(&long);
    second.select(&long);
    Ok(())
}

/// A recording's path below the folder, without its ending.
fn path_of(name: &str) -> String {
    let path = name.replace('\\', "/");
    let path = path.trim_start_matches("./");
    let lower = path.to_ascii_lowercase();
    let ending = ENDINGS.iter().find(|ending| lower.ends_with(*ending));
    path[..path.len() - ending.map_or(0, |ending| ending.len())].to_owned()
}

/// The last part of it.
fn stem_of(name: &str) -> String {
    let path = path_of(name);
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// Recordings of the first and the second with the same key, in the order of the first.
fn matches(
    first: &Dataset,
    second: &Dataset,
    key: fn(&str) -> String,
) -> Result<Vec<[usize; 2]>, DataError> {
    let mut places: BTreeMap<String, [Vec<usize>; 2]> = BTreeMap::new();
    for (side, data) in [first, second].into_iter().enumerate() {
        for (at, recording) in data.recordings.iter().enumerate() {
            places.entry(key(&recording.name)).or_default()[side].push(at);
        }
    }
    let mut pairs = Vec::new();
    for (key, [a, b]) in &places {
        match (a.as_slice(), b.as_slice()) {
            ([], _) | (_, []) => {}
            ([a], [b]) => pairs.push([*a, *b]),
            ([one, other, ..], _) => return Err(ambiguous(key, first, [*one, *other])),
            (_, [one, other, ..]) => return Err(ambiguous(key, second, [*one, *other])),
        }
    }
    pairs.sort_unstable();
    Ok(pairs)
}

fn ambiguous(key: &str, data: &Dataset, both: [usize; 2]) -> DataError {
    let [one, other] = both.map(|at| &data.recordings[at].name);
    DataError::series(
        PLACE,
        format!(
            "expected one recording called {key:?} in {}, found {one:?} and {other:?}; rename or remove one of them, \
             or give both data sets the same sub-folders",
            data.name
        ),
    )
}

/// What to say of the recordings of `data` that are not in `chosen`, if there are such.
fn left_out(data: &Dataset, chosen: &[usize], other: &str) -> Option<String> {
    let mut is_chosen = vec![false; data.recordings.len()];
    chosen.iter().for_each(|&at| is_chosen[at] = true);
    let lonely = is_chosen.iter().position(|chosen| !chosen)?;
    Some(format!(
        "{} of {} recordings of {} have no partner in {other} and are left out, such as {}",
        is_chosen.len() - chosen.len(),
        is_chosen.len(),
        data.name,
        data.recordings[lonely].name
    ))
}

/// Tells `to` what it does not know of the events itself.
fn lend(from: &Dataset, to: &mut Dataset) {
    let [labels, subjects] = [to.labels.is_empty(), to.subjects.is_empty()];
    for (from, to) in from.recordings.iter().zip(&mut to.recordings) {
        if labels {
            to.label = from.label;
        }
        if subjects {
            to.subject = from.subject;
        }
    }
    if labels {
        to.labels.clone_from(&from.labels);
    }
    if subjects {
        to.subjects.clone_from(&from.subjects);
    }
    if to.test.is_empty() {
        to.test.clone_from(&from.test);
    }
}

#[cfg(test)]
mod tests;
