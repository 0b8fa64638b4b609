//! Folders of WAV files: each becomes a recording of log-mel frames, or of the sound itself.
//!
//! The first sub-folder is the label, unless a pattern or a table `labels.csv` says otherwise. Every file is brought to
//! one rate and one channel. A frame is one sample of the data set and each mel band a channel, so a stretch of sound
//! is cut, split and streamed as any series.

mod front;
mod labels;
mod resample;
mod wav;

pub use front::SoundFront;
pub(super) use labels::is_table;

use super::folder::{self, Name};
use super::pattern::{Fields, Held, Pattern};
use super::source::DataConfig;
use super::{DataError, Dataset, Kind, Recording, distinct};
use mote_core::image::ImageError;
use mote_core::mel::FrontEnd;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Highest rate to which sound is brought unasked: speech and most machines need no more.
const USUAL_RATE: u32 = 16_000;

/// What the encoder hears.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hearing {
    /// Log-mel frames.
    #[default]
    LogMel,
    /// The samples themselves.
    Raw,
}

/// How sound is heard.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SoundConfig {
    /// What the encoder hears.
    pub hearing: Hearing,
    /// Milliseconds in a frame.
    pub frame_ms: f32,
    /// Milliseconds from one frame to the next.
    pub hop_ms: f32,
    /// Bands of a frame, 1 to 128.
    pub bands: u16,
    /// Where the lowest band begins; the highest ends at half the rate.
    pub low_hz: f32,
    /// Power added to every band, that of a tone of full scale being 1: what is fainter counts as silence.
    pub floor: f32,
}

impl Default for SoundConfig {
    fn default() -> Self {
        Self {
            hearing: Hearing::LogMel,
            frame_ms: 32.0,
            hop_ms: 20.0,
            bands: 20,
            low_hz: 60.0,
            floor: 1e-6,
        }
    }
}

impl SoundConfig {
    /// The front end at `rate_hz`.
    ///
    /// # Errors
    /// [`DataError::FrontEnd`], if a number makes no sense there.
    pub fn front(&self, rate_hz: u32) -> Result<SoundFront, DataError> {
        let samples = |ms: f32| (f64::from(ms) * f64::from(rate_hz) / 1000.0).round() as u16;
        let front = SoundFront {
            rate_hz,
            frame: samples(self.frame_ms),
            hop: samples(self.hop_ms),
            bands: self.bands,
            low_hz: self.low_hz,
            high_hz: rate_hz as f32 / 2.0,
            floor: self.floor,
        };
        let wrong = |why: String| DataError::FrontEnd { rate_hz, why };
        if !(self.low_hz >= 0.0 && self.low_hz < front.high_hz) {
            return Err(wrong(format!("low_hz is {}", self.low_hz)));
        }
        front.section().map_err(|e| wrong(e.to_string()))?;
        Ok(front)
    }
}

/// Whether a file is sound, by its ending.
pub(super) fn is_wav(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".wav")
}

/// A fault of a file of sound.
fn fault(file: &Path, problem: String) -> DataError {
    DataError::Sound {
        file: file.into(),
        problem,
    }
}

/// Reads all files; with `image`, as the front end of an image hears, else as `config` says.
pub(super) fn load(
    path: &Path,
    names: &[Name],
    config: &DataConfig,
    image: Option<&FrontEnd<'_>>,
) -> Result<Dataset, DataError> {
    if let Some(found) = config
        .rate_hz
        .filter(|r| !(1.0..=f64::from(u32::MAX)).contains(r))
    {
        return Err(DataError::BadRate { found });
    }
    let pattern = config.pattern.as_deref().map(Pattern::parse).transpose()?;
    let held = Held::new(config.test.as_deref(), pattern.as_ref())?;
    let table = labels::read(path)?;
    let sounds: Vec<Result<wav::Sound, DataError>> =
        names.par_iter().map(|name| wav::read(&name.path)).collect();
    let sounds = sounds.into_iter().collect::<Result<Vec<_>, _>>()?;
    let lowest = sounds.iter().map(|sound| sound.rate_hz).min();
    let rate_hz = match (image, config.rate_hz) {
        (Some(image), _) => image.rate_hz().round() as u32,
        (None, Some(rate)) => rate.round() as u32,
        (None, None) => lowest.unwrap_or(USUAL_RATE).min(USUAL_RATE),
    };
    let other = sounds.iter().filter(|s| s.rate_hz != rate_hz).count();
    let front = match (image, config.sound.hearing) {
        (Some(image), _) => Some(SoundFront::like(image)),
        (None, Hearing::LogMel) => Some(config.sound.front(rate_hz)?),
        (None, Hearing::Raw) => None,
    };
    let wrong = |e: ImageError| DataError::FrontEnd {
        rate_hz,
        why: e.to_string(),
    };
    let section = front.map(|front| front.section()).transpose();
    let section = section.map_err(wrong)?;
    let own = section.as_deref().map(FrontEnd::parse).transpose();
    let own = own.map_err(wrong)?;
    let tables = image.copied().or(own);
    let hear = |sound: &wav::Sound| {
        let samples = resample::resample(&sound.samples, sound.rate_hz, rate_hz);
        let (Some(front), Some(tables)) = (front, &tables) else {
            return samples;
        };
        // Half a frame of silence around, so that the ends are heard as well as the middle.
        let half = vec![0.0; usize::from(front.frame).div_ceil(2)];
        front::frames(tables, &[&half[..], &samples, &half].concat())
    };
    let heard: Vec<Vec<f32>> = sounds.par_iter().map(hear).collect();

    let (channels, rate) = match front {
        Some(front) => (
            (1..=front.bands).map(|band| format!("mel{band}")).collect(),
            f64::from(rate_hz) / f64::from(front.hop),
        ),
        None => (vec!["sound".into()], f64::from(rate_hz)),
    };
    let mut dataset = Dataset::new(folder::title(path, "sound"), rate, channels);
    (dataset.kind, dataset.front) = (Kind::Sound, front);
    if other > 0 {
        dataset.notes.push(format!(
            "{other} of {} files are brought to {rate_hz} Hz",
            sounds.len()
        ));
    }
    let mut known = Vec::with_capacity(names.len());
    for name in names {
        let fields = match &pattern {
            Some(pattern) => pattern.of(name)?,
            None => Fields::default(),
        };
        let line = table.get(&name.below).or_else(|| table.get(&name.stem));
        let line = line.cloned().unwrap_or_default();
        known.push(labels::Line {
            label: line.label.or(fields.label).or(name.folder.clone()),
            subject: line.subject.or(fields.subject),
            test: line.test || held.holds(fields.index.as_deref()),
        });
    }
    dataset.labels = distinct(known.iter().map(|line| &line.label));
    dataset.subjects = distinct(known.iter().map(|line| &line.subject));
    let index = |names: &[String], name: &Option<String>| {
        let name = name.as_ref()?;
        names.iter().position(|known| known == name)
    };
    dataset.test = (0..known.len()).filter(|&at| known[at].test).collect();
    dataset.recordings = heard
        .into_iter()
        .zip(names)
        .zip(&known)
        .map(|((samples, name), line)| Recording {
            name: format!("{}.wav", name.below),
            subject: index(&dataset.subjects, &line.subject),
            label: index(&dataset.labels, &line.label),
            samples,
        })
        .collect();
    Ok(dataset)
}

impl Dataset {
    /// Sets every recording of sound that is shorter than `length` samples into the middle of as much silence as it
    /// lacks.
    pub(super) fn surround(&mut self, length: usize) {
        let silence = self.front.map_or(0.0, |front| front.silence());
        let (need, width) = (length * self.width(), self.width());
        for recording in &mut self.recordings {
            let lacking = need.saturating_sub(recording.samples.len()) / width.max(1);
            if lacking > 0 {
                let before = vec![silence; lacking / 2 * width];
                recording.samples.splice(0..0, before);
                recording.samples.resize(need, silence);
            }
        }
    }
}

#[cfg(test)]
mod tests;
