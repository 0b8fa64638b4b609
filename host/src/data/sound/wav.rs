//! One WAV file as mono samples.

use super::fault;
use crate::data::DataError;
use hound::{SampleFormat, WavReader};
use std::fs;
use std::io::Cursor;
use std::path::Path;

/// The sound of one file.
pub(super) struct Sound {
    /// Samples a second.
    pub rate_hz: u32,
    /// The mean of all channels; full scale is 1.
    pub samples: Vec<f32>,
}

/// Reads a file of integers of 8, 16, 24 or 32 bits, or of floats.
pub(super) fn read(file: &Path) -> Result<Sound, DataError> {
    let bytes = fs::read(file).map_err(|source| DataError::Read {
        path: file.into(),
        source,
    })?;
    let broken = |e: hound::Error| {
        fault(
            file,
            format!(
                "expected a WAV file of PCM integers or floats: {e}; save it again or remove it"
            ),
        )
    };
    let reader = WavReader::new(Cursor::new(bytes)).map_err(broken)?;
    let spec = reader.spec();
    let channels = usize::from(spec.channels);
    if channels == 0 || spec.sample_rate == 0 {
        let problem = format!(
            "expected a channel and a rate, found {channels} channels at {} Hz; save it again or remove it",
            spec.sample_rate
        );
        return Err(fault(file, problem));
    }
    let values: Vec<f32> = match spec.sample_format {
        SampleFormat::Float => reader.into_samples::<f32>().collect::<Result<_, _>>(),
        SampleFormat::Int => {
            let scale = 1.0 / (1u64 << (spec.bits_per_sample.max(1) - 1)) as f32;
            let samples = reader.into_samples::<i32>();
            samples.map(|s| s.map(|s| s as f32 * scale)).collect()
        }
    }
    .map_err(broken)?;
    if let Some(at) = values.iter().position(|v| !v.is_finite()) {
        let problem = format!(
            "expected finite samples, found {} at sample {}; save it again or remove it",
            values[at],
            at / channels
        );
        return Err(fault(file, problem));
    }
    if values.len() < channels {
        return Err(fault(
            file,
            "expected samples, found none; remove it".into(),
        ));
    }
    let share = 1.0 / channels as f32;
    Ok(Sound {
        rate_hz: spec.sample_rate,
        samples: values
            .chunks_exact(channels)
            .map(|sample| sample.iter().sum::<f32>() * share)
            .collect(),
    })
}
