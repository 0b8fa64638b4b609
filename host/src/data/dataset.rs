//! What a reader delivers: recordings of the same channels at the same rate.

use super::Kind;
use super::triad::{self, Triad};
use sha2::{Digest, Sha256};

/// One unbroken session.
#[derive(Clone, PartialEq, Debug)]
pub struct Recording {
    /// Where it came from, for messages: a file name relative to the data folder, or a number.
    pub name: String,
    /// Index into [`Dataset::subjects`], if the data names who was recorded.
    pub subject: Option<usize>,
    /// Index into [`Dataset::labels`], if the recording is labelled.
    pub label: Option<usize>,
    /// `T * C` finite values, one sample of all channels after the other, in the units of the data.
    pub samples: Vec<f32>,
}

/// Recordings of the same channels at the same rate.
#[derive(Clone, PartialEq, Debug)]
pub struct Dataset {
    /// What to call it in messages: `watch25`, or the folder's name.
    pub name: String,
    /// What a window is.
    pub kind: Kind,
    /// Samples a second.
    pub rate_hz: f64,
    /// Names of the `C` channels, in the order of a sample's values.
    pub channels: Vec<String>,
    /// Channels that turn together.
    pub triads: Vec<Triad>,
    /// Names of the classes; empty when nothing is labelled.
    pub labels: Vec<String>,
    /// Names of the subjects, in natural order; empty when the data names none.
    pub subjects: Vec<String>,
    /// The recordings, in an order that depends on the data alone.
    pub recordings: Vec<Recording>,
    /// What a reader wants its user to know: gaps that were cut, files that were left out.
    pub notes: Vec<String>,
}

impl Dataset {
    /// A data set without recordings; triads are guessed from the channel names.
    pub fn new(name: impl Into<String>, rate_hz: f64, channels: Vec<String>) -> Self {
        Self {
            name: name.into(),
            kind: Kind::Series,
            rate_hz,
            triads: triad::find(&channels),
            channels,
            labels: Vec::new(),
            subjects: Vec::new(),
            recordings: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Number of channels, `C`.
    pub fn width(&self) -> usize {
        self.channels.len()
    }

    /// Number of samples, `T`, of recording `index`; 0 if there is no such recording.
    pub fn len_of(&self, index: usize) -> usize {
        self.recordings
            .get(index)
            .map_or(0, |r| r.samples.len() / self.width().max(1))
    }

    /// SHA-256 over everything that training can see (rate, channels, names, samples), in hexadecimal.
    ///
    /// It does not depend on where the files lie nor on how they were formatted.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        let mut text = |parts: &[String]| {
            hash.update((parts.len() as u64).to_le_bytes());
            for part in parts {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part.as_bytes());
            }
        };
        text(&self.channels);
        text(&self.labels);
        text(&self.subjects);
        hash.update(self.rate_hz.to_le_bytes());
        hash.update((self.recordings.len() as u64).to_le_bytes());
        for recording in &self.recordings {
            for index in [recording.subject, recording.label] {
                hash.update(index.map_or(u64::MAX, |i| i as u64).to_le_bytes());
            }
            hash.update((recording.samples.len() as u64).to_le_bytes());
            let bytes: Vec<u8> = recording
                .samples
                .iter()
                .flat_map(|v| v.to_le_bytes())
                .collect();
            hash.update(&bytes);
        }
        hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }
}
