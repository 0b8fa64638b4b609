//! Windows that were cut with half their length between starts, joined again to the recordings that they came from.
//!
//! Rows of one subject and label that follow each other belong together where the second half of one equals the first
//! half of the next to the bit. Without this, halves of one window would lie on both sides of a split, and no view could
//! begin between two starts or take a neighbour as its partner. Joined or not, evaluation sees the same windows.

use crate::data::{Dataset, Recording};

/// Joins the rows of `dataset`, each one window of `length` samples, if most neighbours overlap; else leaves it alone,
/// because a few equal halves (a sensor at rest) prove nothing.
pub(super) fn rejoin(dataset: &mut Dataset, length: usize) {
    let half = length / 2 * dataset.width();
    if !length.is_multiple_of(2) || half == 0 {
        return;
    }
    let of_one = |a: &Recording, b: &Recording| (a.subject, a.label) == (b.subject, b.label);
    let overlap =
        |a: &Recording, b: &Recording| of_one(a, b) && a.samples[half..] == b.samples[..half];
    let count = |test: &dyn Fn(&Recording, &Recording) -> bool| {
        let pairs = dataset.recordings.windows(2);
        pairs.filter(|pair| test(&pair[0], &pair[1])).count()
    };
    let (neighbours, overlapping) = (count(&of_one), count(&overlap));
    if overlapping * 2 <= neighbours {
        return;
    }
    let rows = std::mem::take(&mut dataset.recordings);
    let before = rows.len();
    // The row that the recording before ends with.
    let mut last: Option<Recording> = None;
    for (at, row) in rows.into_iter().enumerate() {
        match (&last, dataset.recordings.last_mut()) {
            (Some(previous), Some(recording)) if overlap(previous, &row) => {
                recording.samples.extend_from_slice(&row.samples[half..]);
                let first = recording.name.split(" to ").next().unwrap_or_default();
                recording.name = format!("{first} to {at}");
            }
            _ => dataset.recordings.push(row.clone()),
        }
        last = Some(row);
    }
    dataset.whole = None;
    dataset.given_cut = Some([length, length / 2]);
    dataset.notes.push(format!(
        "the {before} windows overlap by half: joined to {} recordings, and cut into the same windows again",
        dataset.recordings.len()
    ));
}
