//! What a reader delivers: recordings of the same channels at the same rate.

use super::sound::SoundFront;
use super::triad::{self, Triad};
use super::{DataError, Kind};
use mote_core::shape::Shape;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

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
    /// Rows and columns of each picture; a pixel is a sample then. None where windows are cut out of a series.
    pub picture: Option<[u16; 2]>,
    /// Samples of every recording, where each is one window and nothing is cut.
    pub whole: Option<usize>,
    /// Samples in a window and between the starts of two, where the data came cut and were joined again.
    pub given_cut: Option<[usize; 2]>,
    /// Recordings that the data itself holds out for testing, ascending; empty where it does not say.
    pub test: Vec<usize>,
    /// Samples a second; 0 where there is no time.
    pub rate_hz: f64,
    /// Of symbols: their names by number, the first, of the blank, empty. Empty for other data.
    pub vocabulary: Vec<String>,
    /// Of sound that is heard as log-mel frames: what makes them. A frame is a sample then, and each band a channel.
    pub front: Option<SoundFront>,
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
            picture: None,
            whole: None,
            given_cut: None,
            test: Vec::new(),
            vocabulary: Vec::new(),
            front: None,
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

    /// Samples in a window and between the starts of two: of pictures and whole series everything, of data that came
    /// cut as they came, else as asked.
    pub fn cut(&self, length: usize, hop: usize) -> (usize, usize) {
        if let Some([length, hop]) = self.given_cut {
            return (length, hop);
        }
        match self.picture {
            Some([height, width]) => {
                let pixels = usize::from(height) * usize::from(width);
                (pixels, pixels)
            }
            None if self.kind == Kind::Symbols && self.whole.is_none() => {
                // Shorter sequences are filled up, so a window may be as long as the longest.
                let lengths = (0..self.recordings.len()).map(|r| self.len_of(r));
                let length = length.min(lengths.max().unwrap_or(length)).max(1);
                (length, hop.min(length))
            }
            None => self.whole.map_or((length, hop), |whole| (whole, whole)),
        }
    }

    /// The shape of a window of `length` samples; `None` if a side is beyond 65535.
    pub fn window_shape(&self, length: usize) -> Option<Shape> {
        let channels = u16::try_from(self.width()).ok()?;
        match self.picture {
            Some([height, width]) => Some(Shape::new(height, width, channels)),
            None => Some(Shape::sequence(u16::try_from(length).ok()?, channels)),
        }
    }

    /// Fills what is shorter than a window of `length` samples: sequences of symbols in front with blanks, sound with
    /// silence on both sides; other data stay as they are.
    pub fn fill(&mut self, length: usize) {
        match self.kind {
            Kind::Symbols => self.lead_in(length),
            Kind::Sound => self.surround(length),
            Kind::Series | Kind::Pictures => {}
        }
    }

    /// Holds out the recordings of `subjects` for testing, whatever the data say.
    ///
    /// # Errors
    /// [`DataError::TestSubject`] if one of them is not among the subjects, [`DataError::NothingLeft`] if no recording
    /// is left to learn from.
    pub fn hold_out(&mut self, subjects: &[String]) -> Result<(), DataError> {
        let mut wanted = Vec::with_capacity(subjects.len());
        for name in subjects {
            let at = self.subjects.iter().position(|known| known == name);
            wanted.push(Some(at.ok_or_else(|| DataError::TestSubject {
                name: name.clone(),
                subjects: self.subjects.clone(),
            })?));
        }
        let held_out = |&at: &usize| wanted.contains(&self.recordings[at].subject);
        let test: Vec<usize> = (0..self.recordings.len()).filter(held_out).collect();
        if test.len() == self.recordings.len() {
            return Err(DataError::NothingLeft);
        }
        self.test = test;
        Ok(())
    }

    /// Keeps the recordings `keep`, by index, in that order; each once at most.
    pub(super) fn select(&mut self, keep: &[usize]) {
        let test = (0..keep.len()).filter(|&at| self.test.binary_search(&keep[at]).is_ok());
        self.test = test.collect();
        let all = std::mem::take(&mut self.recordings);
        let mut all: Vec<Option<Recording>> = all.into_iter().map(Some).collect();
        let kept = keep.iter().filter_map(|&at| all.get_mut(at)?.take());
        self.recordings = kept.collect();
    }

    /// Keeps about `most` recordings, evenly spaced, as many of each part and label as their share.
    pub fn thin(&mut self, most: usize) {
        let all = self.recordings.len();
        if all <= most {
            return;
        }
        // Counted within each part and label, so that the order of the files does not matter.
        let mut seen: BTreeMap<(bool, Option<usize>), usize> = BTreeMap::new();
        let mut keep = Vec::with_capacity(most);
        for (at, recording) in self.recordings.iter().enumerate() {
            let test = self.test.binary_search(&at).is_ok();
            let place = seen.entry((test, recording.label)).or_insert(0);
            if (*place + 1) * most / all > *place * most / all {
                keep.push(at);
            }
            *place += 1;
        }
        self.select(&keep);
        self.notes.push(format!(
            "{} of {all} recordings are used, as asked",
            self.recordings.len()
        ));
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
        if !self.vocabulary.is_empty() {
            text(&self.vocabulary);
        }
        hash.update(self.rate_hz.to_le_bytes());
        for side in self.picture.into_iter().flatten() {
            hash.update(side.to_le_bytes());
        }
        for &held_out in &self.test {
            hash.update((held_out as u64).to_le_bytes());
        }
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
        hex(&hash.finalize())
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
