//! Who may see what: training windows choose settings, test windows are only scored.
//!
//! The three parts are three types. What fits a scale takes a [`Pool`] (no labels), what fits or
//! chooses takes a [`Train`], what scores takes a [`Test`]; only a [`Split`] makes them, so choosing a
//! setting on test windows does not compile.

use super::{Embeddings, EvalError};
use crate::data::{Dataset, Window};
use std::collections::BTreeSet;

/// What is known of each window beside its samples; one entry a window.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// Names of the labels; a label is an index into them.
    pub label_names: Vec<String>,
    /// The label of each window, if it has one.
    pub labels: Vec<Option<usize>>,
    /// The person or machine each window comes from; all equal if unknown.
    pub subjects: Vec<String>,
    /// Number of the recording each window was cut from.
    pub recordings: Vec<usize>,
}

impl Facts {
    /// What a data set knows of windows cut from it; windows without a subject share the empty name.
    pub fn of(dataset: &Dataset, windows: &[Window]) -> Self {
        let subject = |w: &Window| Some(dataset.subjects.get(w.subject?)?.clone());
        Self {
            label_names: dataset.labels.clone(),
            labels: windows.iter().map(|w| w.label).collect(),
            subjects: windows
                .iter()
                .map(|w| subject(w).unwrap_or_default())
                .collect(),
            recordings: windows.iter().map(|w| w.recording).collect(),
        }
    }

    /// Number of windows.
    pub fn rows(&self) -> usize {
        self.labels.len()
    }

    /// The subjects that occur, in order of name; numbers in order of value.
    pub fn subject_names(&self) -> Vec<String> {
        let distinct: BTreeSet<_> = self
            .subjects
            .iter()
            .map(|s| (s.parse::<u64>().ok(), s.as_str()))
            .collect();
        distinct
            .into_iter()
            .map(|(_, name)| name.to_owned())
            .collect()
    }

    fn check(&self) -> Result<(), EvalError> {
        let expected = self.rows();
        for (what, found) in [
            ("the list of subjects", self.subjects.len()),
            ("the list of recordings", self.recordings.len()),
        ] {
            if found != expected {
                return Err(EvalError::Rows {
                    what: what.into(),
                    expected,
                    found,
                });
            }
        }
        let labels = self.label_names.len();
        let unknown = |label: &Option<usize>| label.is_some_and(|label| label >= labels);
        if let Some(window) = self.labels.iter().position(unknown) {
            let label = self.labels[window].unwrap_or_default();
            return Err(EvalError::UnknownLabel {
                window,
                label,
                labels,
            });
        }
        Ok(())
    }
}

/// Which windows train and which test; never one of both.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Split {
    facts: Facts,
    /// All training windows, labelled or not.
    pool: Vec<usize>,
    train: Vec<usize>,
    test: Vec<usize>,
    test_subjects: Vec<String>,
}

/// All training windows without their labels: enough for scales, covariances and ranks.
#[derive(Clone, PartialEq, Debug)]
pub struct Pool {
    /// One row a training window.
    pub embeddings: Embeddings,
    /// The recording of each row.
    pub recordings: Vec<usize>,
}

/// The labelled training windows: everything that is fitted or chosen sees these only.
#[derive(Clone, PartialEq, Debug)]
pub struct Train {
    /// One row a labelled training window.
    pub embeddings: Embeddings,
    /// The label of each row.
    pub labels: Vec<usize>,
    /// The subject of each row.
    pub subjects: Vec<String>,
    /// The recording of each row.
    pub recordings: Vec<usize>,
    /// Names of the labels.
    pub label_names: Vec<String>,
    /// Whether subjects of the training windows speak, move or live in the test windows too.
    pub familiar: bool,
}

/// The labelled held-out windows: scored, never looked at before.
#[derive(Clone, PartialEq, Debug)]
pub struct Test {
    pub(super) embeddings: Embeddings,
    pub(super) labels: Vec<usize>,
    pub(super) label_names: Vec<String>,
}

impl Split {
    /// Puts the windows of `test_subjects` aside for testing.
    ///
    /// # Errors
    /// If a list of `facts` has another length, a label no name, a subject does not occur, or a side
    /// stays empty.
    pub fn by_subject(facts: Facts, test_subjects: &[String]) -> Result<Self, EvalError> {
        for subject in test_subjects {
            if !facts.subjects.contains(subject) {
                return Err(EvalError::UnknownSubject {
                    subject: subject.clone(),
                    known: facts.subject_names().join(", "),
                });
            }
        }
        let is_test: Vec<_> = facts
            .subjects
            .iter()
            .map(|s| test_subjects.contains(s))
            .collect();
        Self::new(facts, &is_test)
    }

    /// Puts the windows of `test_recordings` aside for testing: how [`crate::data::Split`] divides.
    ///
    /// # Errors
    /// As [`Split::by_subject`].
    pub fn by_recording(facts: Facts, test_recordings: &[usize]) -> Result<Self, EvalError> {
        let is_test: Vec<_> = facts
            .recordings
            .iter()
            .map(|r| test_recordings.contains(r))
            .collect();
        Self::new(facts, &is_test)
    }

    /// Puts the windows marked `true` aside for testing, as data sets with an official split need.
    ///
    /// # Errors
    /// As [`Split::by_subject`].
    pub fn new(facts: Facts, is_test: &[bool]) -> Result<Self, EvalError> {
        facts.check()?;
        if is_test.len() != facts.rows() {
            let what = "the list of test marks".into();
            return Err(EvalError::Rows {
                what,
                expected: facts.rows(),
                found: is_test.len(),
            });
        }
        let (held_out, pool): (Vec<usize>, Vec<usize>) =
            (0..facts.rows()).partition(|&i| is_test[i]);
        for (side, rows) in [("training", &pool), ("testing", &held_out)] {
            if rows.is_empty() {
                return Err(EvalError::EmptySide { side });
            }
        }
        let labelled = |rows: &[usize]| {
            rows.iter()
                .copied()
                .filter(|&i| facts.labels[i].is_some())
                .collect::<Vec<_>>()
        };
        let (train, test) = (labelled(&pool), labelled(&held_out));
        let mut test_subjects = facts.subject_names();
        test_subjects.retain(|s| held_out.iter().any(|&i| facts.subjects[i] == *s));
        Ok(Self {
            facts,
            pool,
            train,
            test,
            test_subjects,
        })
    }

    /// Subjects that occur among the test windows.
    pub fn test_subjects(&self) -> &[String] {
        &self.test_subjects
    }

    /// What is known of the windows.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Indices of all training windows, labelled or not.
    pub fn pool_rows(&self) -> &[usize] {
        &self.pool
    }

    /// Number of labelled training and labelled test windows.
    pub fn labelled(&self) -> (usize, usize) {
        (self.train.len(), self.test.len())
    }

    /// The training windows of a table that has one row for every window, without labels.
    ///
    /// # Errors
    /// [`EvalError::Rows`] if the table has another length.
    pub fn pool(&self, embeddings: &Embeddings) -> Result<Pool, EvalError> {
        self.check(embeddings)?;
        Ok(Pool {
            embeddings: embeddings.select(&self.pool),
            recordings: self
                .pool
                .iter()
                .map(|&i| self.facts.recordings[i])
                .collect(),
        })
    }

    /// The labelled training windows of such a table.
    ///
    /// # Errors
    /// [`EvalError::Rows`], [`EvalError::NoLabels`], or [`EvalError::SingleLabel`].
    pub fn train(&self, embeddings: &Embeddings) -> Result<Train, EvalError> {
        self.check(embeddings)?;
        let labels: Vec<_> = self
            .train
            .iter()
            .filter_map(|&i| self.facts.labels[i])
            .collect();
        let Some(&first) = labels.first() else {
            return Err(EvalError::NoLabels { side: "training" });
        };
        if labels.iter().all(|&label| label == first) {
            let label = self.facts.label_names[first].clone();
            return Err(EvalError::SingleLabel { label });
        }
        Ok(Train {
            embeddings: embeddings.select(&self.train),
            labels,
            subjects: self
                .train
                .iter()
                .map(|&i| self.facts.subjects[i].clone())
                .collect(),
            recordings: self
                .train
                .iter()
                .map(|&i| self.facts.recordings[i])
                .collect(),
            label_names: self.facts.label_names.clone(),
            familiar: (self.train.iter())
                .any(|&i| self.test_subjects.contains(&self.facts.subjects[i])),
        })
    }

    /// The labelled test windows of such a table.
    ///
    /// # Errors
    /// [`EvalError::Rows`] or [`EvalError::NoLabels`].
    pub fn test(&self, embeddings: &Embeddings) -> Result<Test, EvalError> {
        self.check(embeddings)?;
        if self.test.is_empty() {
            return Err(EvalError::NoLabels { side: "testing" });
        }
        Ok(Test {
            embeddings: embeddings.select(&self.test),
            labels: self
                .test
                .iter()
                .filter_map(|&i| self.facts.labels[i])
                .collect(),
            label_names: self.facts.label_names.clone(),
        })
    }

    fn check(&self, embeddings: &Embeddings) -> Result<(), EvalError> {
        let (expected, found) = (self.facts.rows(), embeddings.rows());
        if expected == found {
            Ok(())
        } else {
            Err(EvalError::Rows {
                what: "the table of embeddings".into(),
                expected,
                found,
            })
        }
    }
}

impl Train {
    /// Number of labels that have a name.
    pub fn classes(&self) -> usize {
        self.label_names.len()
    }

    /// The rows named, in that order.
    ///
    /// # Panics
    /// If an index is out of range.
    pub fn select(&self, rows: &[usize]) -> Self {
        Self {
            embeddings: self.embeddings.select(rows),
            labels: rows.iter().map(|&i| self.labels[i]).collect(),
            subjects: rows.iter().map(|&i| self.subjects[i].clone()).collect(),
            recordings: rows.iter().map(|&i| self.recordings[i]).collect(),
            label_names: self.label_names.clone(),
            familiar: self.familiar,
        }
    }

    /// Holds the rows of `held_out` back as a stand-in for a test: what cross-validation scores.
    pub(super) fn hold_out(&self, held_out: impl Fn(usize) -> bool) -> (Self, Test) {
        let (out, keep): (Vec<usize>, Vec<usize>) =
            (0..self.labels.len()).partition(|&row| held_out(row));
        let out = self.select(&out);
        let test = Test {
            embeddings: out.embeddings,
            labels: out.labels,
            label_names: out.label_names,
        };
        (self.select(&keep), test)
    }
}

impl Test {
    /// Number of windows to score.
    pub fn rows(&self) -> usize {
        self.labels.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            label_names: vec!["a".into(), "b".into()],
            labels: vec![Some(0), Some(1), None, Some(0), Some(1)],
            subjects: ["1", "1", "2", "2", "10"].map(String::from).to_vec(),
            recordings: vec![0, 1, 2, 2, 3],
        }
    }

    #[test]
    fn subjects_do_not_cross() {
        let split = Split::by_subject(facts(), &["10".into()]).unwrap();
        assert_eq!(split.pool_rows(), [0, 1, 2, 3]);
        assert_eq!(split.labelled(), (3, 1));
        assert_eq!(split.facts().subject_names(), ["1", "2", "10"]);
    }

    #[test]
    fn training_windows_know_whether_their_subjects_are_tested() {
        let table = Embeddings::new(vec![0.0; 5], 1).unwrap();
        let familiar = |split: Split| split.train(&table).unwrap().familiar;
        assert!(!familiar(
            Split::by_subject(facts(), &["10".into()]).unwrap()
        ));
        let is_test = [true, false, false, false, false];
        assert!(familiar(Split::new(facts(), &is_test).unwrap()));
    }

    #[test]
    fn impossible_splits_say_why() {
        let unknown = Split::by_subject(facts(), &["7".into()]).unwrap_err();
        assert!(
            unknown.to_string().contains("known subjects: 1, 2, 10"),
            "{unknown}"
        );
        let all = ["1", "2", "10"].map(String::from);
        assert_eq!(
            Split::by_subject(facts(), &all).unwrap_err(),
            EvalError::EmptySide { side: "training" }
        );
        assert_eq!(
            Split::by_subject(facts(), &[]).unwrap_err(),
            EvalError::EmptySide { side: "testing" }
        );
        let table = Embeddings::new(vec![0.0; 4], 1).unwrap();
        let split = Split::by_subject(facts(), &["10".into()]).unwrap();
        assert!(matches!(
            split.pool(&table),
            Err(EvalError::Rows {
                expected: 5,
                found: 4,
                ..
            })
        ));
    }

    #[test]
    fn one_label_only_is_refused() {
        let mut facts = facts();
        facts.labels = vec![Some(1), Some(1), None, Some(1), Some(0)];
        let split = Split::by_subject(facts, &["10".into()]).unwrap();
        let table = Embeddings::new(vec![0.0; 5], 1).unwrap();
        assert_eq!(
            split.train(&table),
            Err(EvalError::SingleLabel { label: "b".into() })
        );
    }
}
