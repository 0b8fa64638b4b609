//! Windows: `T` samples of one recording.

use super::{DataError, Dataset, Normaliser};
use rayon::prelude::*;

/// Where one window lies and what is known about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// Index into [`Dataset::recordings`].
    pub recording: usize,
    /// Its first sample.
    pub start: usize,
    /// Index into [`Dataset::labels`].
    pub label: Option<usize>,
    /// Index into [`Dataset::subjects`].
    pub subject: Option<usize>,
}

/// The windows of a data set, every `hop` samples, none across two recordings.
#[derive(Clone, PartialEq, Debug)]
pub struct Windows {
    /// Samples in a window, `T`.
    pub length: usize,
    /// Samples between the starts of two windows.
    pub hop: usize,
    /// The windows, by recording and start.
    pub list: Vec<Window>,
    /// Recordings too short for a single window.
    pub skipped: Vec<usize>,
}

impl Windows {
    /// Cuts windows of `length` samples every `hop` samples.
    ///
    /// # Errors
    /// [`DataError::WindowSize`] if one of them is 0, [`DataError::WindowTooLong`] if no recording is
    /// long enough.
    pub fn cut(dataset: &Dataset, length: usize, hop: usize) -> Result<Self, DataError> {
        if length == 0 || hop == 0 {
            return Err(DataError::WindowSize { length, hop });
        }
        let (mut list, mut skipped) = (Vec::new(), Vec::new());
        for (index, recording) in dataset.recordings.iter().enumerate() {
            let Some(last) = dataset.len_of(index).checked_sub(length) else {
                skipped.push(index);
                continue;
            };
            list.extend((0..=last).step_by(hop).map(|start| Window {
                recording: index,
                start,
                label: recording.label,
                subject: recording.subject,
            }));
        }
        if list.is_empty() {
            let longest = (0..dataset.recordings.len()).max_by_key(|&r| dataset.len_of(r));
            return Err(DataError::WindowTooLong {
                length,
                rate_hz: dataset.rate_hz,
                recordings: dataset.recordings.len(),
                longest: longest.map_or(0, |r| dataset.len_of(r)),
                name: longest.map_or_else(|| "none".into(), |r| dataset.recordings[r].name.clone()),
            });
        }
        Ok(Self {
            length,
            hop,
            list,
            skipped,
        })
    }

    /// The windows of the given `recordings`, in order.
    pub fn of(&self, recordings: &[usize]) -> Vec<Window> {
        let count = self.list.last().map_or(0, |w| w.recording + 1);
        let mut wanted = vec![false; count];
        for &recording in recordings {
            if let Some(place) = wanted.get_mut(recording) {
                *place = true;
            }
        }
        let of = |w: &&Window| wanted[w.recording];
        self.list.iter().filter(of).copied().collect()
    }
}

/// The samples of `windows`, each of `length` samples, normalised: `B * T * C` values.
///
/// Windows that do not lie inside `dataset` come out as zeros.
pub fn gather(
    dataset: &Dataset,
    windows: &[Window],
    length: usize,
    normaliser: &Normaliser,
) -> Vec<f32> {
    let size = length * dataset.width();
    let mut values = vec![0.0; windows.len() * size];
    values
        .par_chunks_mut(size.max(1))
        .zip(windows)
        .for_each(|(out, window)| {
            let from = window.start * dataset.width();
            let recording = dataset.recordings.get(window.recording);
            if let Some(samples) = recording.and_then(|r| r.samples.get(from..from + size)) {
                out.copy_from_slice(samples);
                normaliser.apply(out);
            }
        });
    values
}

/// The labels of `windows`, or `None` if one of them has none.
pub fn labels(windows: &[Window]) -> Option<Vec<usize>> {
    windows.iter().map(|w| w.label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Recording, watch25};
    use proptest::prelude::*;

    fn dataset(lengths: &[usize]) -> Dataset {
        let mut dataset = Dataset::new("test", 10.0, vec!["a".into(), "b".into()]);
        dataset.recordings = lengths
            .iter()
            .enumerate()
            .map(|(r, &length)| Recording {
                name: format!("r{r}"),
                subject: None,
                label: Some(r),
                samples: (0..length * 2).map(|i| (r * 10_000 + i) as f32).collect(),
            })
            .collect();
        dataset
    }

    #[test]
    fn the_shipped_data_give_the_known_number_of_windows() {
        let data = watch25::load().unwrap();
        let windows = Windows::cut(&data, 128, 64).unwrap();
        let expected: usize = (0..140).map(|r| (data.len_of(r) - 128) / 64 + 1).sum();
        assert_eq!(windows.list.len(), expected);
        assert!(windows.skipped.is_empty());
        let values = gather(&data, &windows.list[..3], 128, &Normaliser::identity(6));
        assert_eq!(values.len(), 3 * 128 * 6);
        assert_eq!(
            values[768..1536],
            data.recordings[0].samples[64 * 6..192 * 6]
        );
    }

    #[test]
    fn short_recordings_are_skipped_and_named() {
        let windows = Windows::cut(&dataset(&[9, 10, 0, 25]), 10, 5).unwrap();
        assert_eq!(windows.skipped, [0, 2]);
        let starts: Vec<(usize, usize)> = windows
            .list
            .iter()
            .map(|w| (w.recording, w.start))
            .collect();
        assert_eq!(starts, [(1, 0), (3, 0), (3, 5), (3, 10), (3, 15)]);
        assert_eq!(windows.of(&[1]).len(), 1);
    }

    #[test]
    fn a_window_longer_than_every_recording_is_refused_with_numbers() {
        let message = Windows::cut(&dataset(&[9, 40]), 128, 64)
            .unwrap_err()
            .to_string();
        for part in ["128 samples", "12.80 s", "has 40", "(r1)"] {
            assert!(message.contains(part), "{message}");
        }
        assert!(matches!(
            Windows::cut(&dataset(&[]), 1, 1),
            Err(DataError::WindowTooLong { .. })
        ));
        for (length, hop) in [(0, 1), (1, 0)] {
            let found = Windows::cut(&dataset(&[9]), length, hop);
            assert!(matches!(found, Err(DataError::WindowSize { .. })));
        }
    }

    proptest! {
        #[test]
        fn windows_never_cross_recordings(
            lengths in prop::collection::vec(0usize..60, 1..6), length in 1usize..30, hop in 1usize..40,
        ) {
            let data = dataset(&lengths);
            if let Ok(windows) = Windows::cut(&data, length, hop) {
                let values = gather(&data, &windows.list, length, &Normaliser::identity(2));
                for (window, got) in windows.list.iter().zip(values.chunks(length * 2)) {
                    let first = (window.recording * 10_000 + window.start * 2) as f32;
                    prop_assert!(got.iter().enumerate().all(|(i, &v)| v == first + i as f32));
                }
            }
        }
    }
}
