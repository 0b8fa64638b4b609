//! Which recordings train and which are held out.
//!
//! Windows of one person look alike, so a fair test holds people out. Where the data name fewer than two
//! people, whole recordings are held out; where that would leave a class untested, pieces of recordings.

use super::{DataError, Dataset, Recording};
use serde::{Deserialize, Serialize};

/// What is held out together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitBy {
    /// All recordings of a subject.
    Subject,
    /// A recording. Its subject may be in training too, so figures are better than for strangers.
    Recording,
    /// What the data themselves hold out.
    Given,
    /// A stretch of each recording. Training has seen the rest of it, so figures are better still.
    Time,
}

/// One division of the recordings, by index; both lists ascend.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Split {
    /// Recordings to learn from.
    pub train: Vec<usize>,
    /// Recordings to test with.
    pub test: Vec<usize>,
}

/// A data set divided into parts, each held out once.
#[derive(Clone, PartialEq, Debug)]
pub struct Folds {
    /// What is held out together.
    pub by: SplitBy,
    /// Fold of each recording; `None` is in every training part (too short to hold out a piece).
    pub assignment: Vec<Option<usize>>,
    /// Number of folds: at least 2, or 1 where the data say what to hold out.
    pub count: usize,
}

impl Folds {
    /// Divides `dataset` into at most `count` folds; fewer where there are fewer subjects, recordings or
    /// pieces. Subjects go in natural order, neighbours together: ten subjects and five folds hold out
    /// 1 and 2, then 3 and 4, and so on. Deterministic, without a seed.
    ///
    /// Splitting by time replaces each recording by its pieces, each at least `window` samples long; the
    /// data set that belongs to the folds comes back with them.
    ///
    /// # Errors
    /// [`DataError::FoldCount`] for fewer than two folds, [`DataError::TooFew`] if nothing can be held out.
    pub fn new(
        dataset: Dataset,
        count: usize,
        window: usize,
    ) -> Result<(Dataset, Self), DataError> {
        if count < 2 {
            return Err(DataError::FoldCount { found: count });
        }
        if !dataset.test.is_empty() {
            let held = |r| dataset.test.binary_search(&r).is_ok().then_some(0);
            let assignment = (0..dataset.recordings.len()).map(held).collect();
            let by = SplitBy::Given;
            let count = 1;
            return Ok((
                dataset,
                Self {
                    by,
                    assignment,
                    count,
                },
            ));
        }
        let subjects = occurring(dataset.recordings.iter().filter_map(|r| r.subject));
        if subjects.len() >= 2 {
            let folds = Self::by_subject(&dataset, &subjects, count);
            return Ok((dataset, folds));
        }
        match Self::by_recording(&dataset, count) {
            Some(folds) => Ok((dataset, folds)),
            None => Self::by_time(dataset, count, window.max(1)),
        }
    }

    /// Recordings without a subject train only: they might be of anybody.
    fn by_subject(dataset: &Dataset, subjects: &[usize], count: usize) -> Self {
        let count = count.min(subjects.len());
        let fold = |subject| {
            let rank = subjects.iter().position(|&s| s == subject)?;
            Some(rank * count / subjects.len())
        };
        Self {
            by: SplitBy::Subject,
            assignment: dataset
                .recordings
                .iter()
                .map(|r| r.subject.and_then(fold))
                .collect(),
            count,
        }
    }

    /// Deals the recordings of each label out in turn; `None` if a label has one recording only.
    fn by_recording(dataset: &Dataset, count: usize) -> Option<Self> {
        let mut dealt = vec![0; dataset.labels.len() + 1];
        let slot = |r: &Recording| r.label.unwrap_or(dataset.labels.len());
        let assignment: Vec<usize> = dataset
            .recordings
            .iter()
            .map(|r| {
                let place = &mut dealt[slot(r)];
                *place += 1;
                *place - 1
            })
            .collect();
        let fewest = dealt.iter().copied().filter(|&n| n > 0).min()?;
        let count = count.min(fewest);
        (count >= 2).then(|| Self {
            by: SplitBy::Recording,
            assignment: assignment.iter().map(|place| Some(place % count)).collect(),
            count,
        })
    }

    /// Cuts each recording into up to `count` pieces of at least `window` samples.
    fn by_time(
        mut dataset: Dataset,
        count: usize,
        window: usize,
    ) -> Result<(Dataset, Self), DataError> {
        let longest = (0..dataset.recordings.len())
            .map(|r| dataset.len_of(r))
            .max()
            .unwrap_or(0);
        let count = count.min(longest / window);
        if count < 2 {
            return Err(DataError::TooFew {
                needed: 2 * window,
                found: match dataset.recordings.len() {
                    1 => format!("one recording of {longest} samples"),
                    n => format!(
                        "{n} recordings of at most {longest} samples, some label with only one"
                    ),
                },
            });
        }
        let width = dataset.width();
        let (mut pieces, mut assignment) = (Vec::new(), Vec::new());
        for recording in std::mem::take(&mut dataset.recordings) {
            let length = recording.samples.len() / width.max(1);
            if length / window < count {
                pieces.push(recording);
                assignment.push(None);
                continue;
            }
            for piece in 0..count {
                let (from, to) = (piece * length / count, (piece + 1) * length / count);
                pieces.push(Recording {
                    name: format!("{} piece {} of {count}", recording.name, piece + 1),
                    samples: recording.samples[from * width..to * width].to_vec(),
                    ..recording
                });
                assignment.push(Some(piece));
            }
        }
        dataset.recordings = pieces;
        let folds = Self {
            by: SplitBy::Time,
            assignment,
            count,
        };
        Ok((dataset, folds))
    }

    /// Holds out fold `index`, counted modulo the number of folds.
    pub fn split(&self, index: usize) -> Split {
        let held = |r: &usize| self.assignment[*r] == Some(index % self.count);
        let (test, train) = (0..self.assignment.len()).partition(held);
        Split { train, test }
    }

    /// What is worth saying about the split, in a sentence for a person; `None` if it is by subject.
    pub fn note(&self) -> Option<&'static str> {
        match self.by {
            SplitBy::Subject | SplitBy::Given => None,
            SplitBy::Recording => Some(
                "fewer than two subjects are named: whole recordings are held out, so the figures tell \
                 nothing about people who were not recorded",
            ),
            SplitBy::Time => Some(
                "there are too few recordings to hold whole ones out: stretches of each are held \
                 out in turn, so the figures are better than they will be in another session",
            ),
        }
    }
}

/// The distinct indices, ascending; subjects are numbered in natural order.
fn occurring(indices: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut indices: Vec<usize> = indices.collect();
    indices.sort_unstable();
    indices.dedup();
    indices
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::watch25;

    fn dataset(recordings: &[(Option<usize>, Option<usize>, usize)]) -> Dataset {
        let mut dataset = Dataset::new("test", 10.0, vec!["a".into()]);
        let names = |last: Option<Option<usize>>| -> Vec<String> {
            (0..last.flatten().map_or(0, |l| l + 1))
                .map(|n| n.to_string())
                .collect()
        };
        dataset.subjects = names(recordings.iter().map(|r| r.0).max());
        dataset.labels = names(recordings.iter().map(|r| r.1).max());
        dataset.recordings = recordings
            .iter()
            .map(|&(subject, label, length)| Recording {
                name: "r".into(),
                subject,
                label,
                samples: (0..length).map(|i| i as f32).collect(),
            })
            .collect();
        dataset
    }

    #[test]
    fn pairs_of_subjects_are_held_out() {
        let (data, folds) = Folds::new(watch25::load().unwrap(), 5, 128).unwrap();
        assert_eq!((folds.by, folds.count), (SplitBy::Subject, 5));
        for fold in 0..5 {
            let split = folds.split(fold);
            let subjects =
                |list: &[usize]| occurring(list.iter().filter_map(|&r| data.recordings[r].subject));
            assert_eq!(subjects(&split.test), [2 * fold, 2 * fold + 1]);
            assert_eq!(subjects(&split.train).len(), 8);
            assert_eq!(split.train.len() + split.test.len(), 140);
        }
        assert!(folds.note().is_none());
    }

    #[test]
    fn fewer_subjects_than_folds_make_fewer_folds() {
        let people = [(Some(0), None, 9), (Some(2), None, 9), (None, None, 9)];
        let (_, folds) = Folds::new(dataset(&people), 5, 4).unwrap();
        assert_eq!(folds.count, 2);
        assert_eq!(folds.split(1).train, [0, 2]);
        assert_eq!(folds.split(3), folds.split(1));
    }

    #[test]
    fn one_subject_means_recordings_are_held_out_and_every_label_is_tested() {
        let one: Vec<_> = (0..12).map(|r| (Some(0), Some(r / 6), 9)).collect();
        let (_, folds) = Folds::new(dataset(&one), 3, 4).unwrap();
        assert_eq!(folds.by, SplitBy::Recording);
        assert_eq!(folds.split(0).test, [0, 3, 6, 9]);
        assert!(folds.note().unwrap().contains("two subjects"));
    }

    #[test]
    fn one_recording_for_each_label_means_pieces_are_held_out() {
        let lone = [
            (None, Some(0), 100),
            (None, Some(1), 41),
            (None, Some(1), 12),
        ];
        let (data, folds) = Folds::new(dataset(&lone), 4, 10).unwrap();
        assert_eq!((folds.by, folds.count), (SplitBy::Time, 4));
        assert_eq!(data.recordings.len(), 9);
        assert_eq!(folds.assignment.last(), Some(&None));
        assert_eq!(data.recordings[1].samples[0], 25.0);
        let total: usize = data.recordings.iter().map(|r| r.samples.len()).sum();
        assert_eq!(total, 153);
        assert!((0..8).all(|r| data.len_of(r) >= 10));
    }

    #[test]
    fn nothing_to_hold_out_says_what_would_do() {
        let message = Folds::new(dataset(&[(None, None, 19)]), 5, 10)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("20 samples") && message.contains("one recording of 19"),
            "{message}"
        );
        assert!(matches!(
            Folds::new(dataset(&[]), 1, 10),
            Err(DataError::FoldCount { found: 1 })
        ));
        assert!(matches!(
            Folds::new(dataset(&[]), 2, 10),
            Err(DataError::TooFew { .. })
        ));
    }
}
