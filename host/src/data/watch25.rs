//! The data that ships: a smartwatch on the wrist during seven shoulder exercises.
//!
//! 140 recordings of 10 subjects, accelerometer (g) and gyroscope (rad/s), 25 Hz, 122,019 samples.
//! Made from `watch_dataset.npy` of seglearn 1.2.5 (BSD-3-Clause, © 2018 David M. Burns) by averaging
//! pairs of samples (50 to 25 Hz) and rounding to 16 bits. The data were published with
//! Burns et al., "Shoulder physiotherapy exercise recognition: machine learning the inertial signals
//! from a smartwatch", Physiological Measurement 39 (2018) 075007.

use super::{DataError, Dataset, Recording};
use flate2::read::GzDecoder;
use serde::Deserialize;
use std::io::Read;

const SAMPLES: &[u8] = include_bytes!("../../data/watch25.i16le.gz");
const INDEX: &str = include_str!("../../data/watch25.json");

/// The file beside the samples.
#[derive(Deserialize)]
struct Index {
    rate_hz: f64,
    channels: Vec<String>,
    scale: Vec<f32>,
    labels: Vec<String>,
    recordings_label_subject_len: Vec<(usize, usize, usize)>,
}

/// Unpacks the data, which lie inside the program.
///
/// # Errors
/// [`DataError::Shipped`] if the bytes inside the program are damaged.
pub fn load() -> Result<Dataset, DataError> {
    read(SAMPLES, INDEX)
}

fn read(samples: &[u8], index: &str) -> Result<Dataset, DataError> {
    let damaged = |what: String| DataError::Shipped { what };
    let index: Index = serde_json::from_str(index).map_err(|e| damaged(e.to_string()))?;
    let mut bytes = Vec::new();
    GzDecoder::new(samples)
        .read_to_end(&mut bytes)
        .map_err(|e| damaged(e.to_string()))?;

    let mut dataset = Dataset::new("watch25", index.rate_hz, index.channels);
    let width = dataset.width();
    let frames: usize = index.recordings_label_subject_len.iter().map(|r| r.2).sum();
    if index.scale.len() != width || bytes.len() != frames * width * 2 {
        return Err(damaged(format!(
            "{} bytes of samples instead of {}",
            bytes.len(),
            frames * width * 2
        )));
    }
    let subjects = index.recordings_label_subject_len.iter().map(|r| r.1).max();
    dataset.subjects = (1..=subjects.unwrap_or(0)).map(|s| s.to_string()).collect();
    dataset.labels = index.labels;
    let mut rest = bytes.as_slice();
    for (number, &(label, subject, frames)) in index.recordings_label_subject_len.iter().enumerate()
    {
        if label >= dataset.labels.len() || subject == 0 {
            return Err(damaged(format!(
                "recording {number} has no such label or subject"
            )));
        }
        let (head, tail) = rest.split_at(frames * width * 2);
        rest = tail;
        let samples = head
            .as_chunks::<2>()
            .0
            .iter()
            .zip(index.scale.iter().cycle())
            .map(|(&b, scale)| f32::from(i16::from_le_bytes(b)) * scale)
            .collect();
        dataset.recordings.push(Recording {
            name: format!("recording {number}"),
            subject: Some(subject - 1),
            label: Some(label),
            samples,
        });
    }
    Ok(dataset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Motion;

    #[test]
    fn the_shipped_data_are_what_the_docs_say() {
        let data = load().unwrap();
        assert_eq!(data.recordings.len(), 140);
        assert_eq!(data.rate_hz, 25.0);
        assert_eq!(data.labels.len(), 7);
        assert_eq!(data.subjects.len(), 10);
        assert_eq!((0..140).map(|r| data.len_of(r)).sum::<usize>(), 122_019);
        assert_eq!(data.triads[1].motion, Motion::Rate);
        // A watch at rest or in motion feels about one g.
        let mean: f32 = data.recordings[0]
            .samples
            .chunks(6)
            .map(|s| (s[0] * s[0] + s[1] * s[1] + s[2] * s[2]).sqrt())
            .sum::<f32>()
            / data.len_of(0) as f32;
        assert!((0.8..1.3).contains(&mean), "{mean}");
    }

    #[test]
    fn the_digest_names_the_data() {
        let data = load().unwrap();
        let mut other = data.clone();
        assert_eq!(data.sha256(), other.sha256());
        other.recordings[3].samples[5] += 1.0;
        assert_ne!(data.sha256(), other.sha256());
    }

    #[test]
    fn damaged_bytes_are_an_error() {
        for cut in [0, 10, 1000, SAMPLES.len() - 1] {
            assert!(matches!(
                read(&SAMPLES[..cut], INDEX),
                Err(DataError::Shipped { .. })
            ));
        }
        assert!(matches!(
            read(SAMPLES, "{}"),
            Err(DataError::Shipped { .. })
        ));
    }
}
