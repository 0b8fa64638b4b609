//! What an encoder was made for, as it travels in weights and images.

use super::ExportError;
use crate::data::sound::SoundFront;
use serde::{Deserialize, Serialize};

/// Name, rate, channels and normalisation of an encoder's input.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct About {
    /// Name of the encoder, at most 255 bytes.
    pub name: String,
    /// Samples a second; 0 where time has no meaning.
    pub rate_hz: f32,
    /// Names of the channels, each at most 255 bytes; empty, or one for each input channel.
    pub channels: Vec<String>,
    /// Names of the symbols that it reads, by number, each at most 255 bytes; the first, of the blank, is empty. Empty
    /// where the input is numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vocabulary: Vec<String>,
    /// Of log-mel frames: what makes them of sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub front: Option<SoundFront>,
    /// Samples in a window.
    pub window_len: u32,
    /// Samples from one window to the next; 0 leaves it to the application.
    pub hop_len: u32,
    /// Mean of each input channel over the training data, in the unit of the samples.
    pub mean: Vec<f32>,
    /// Deviation of each input channel over the training data, above 0.
    pub deviation: Vec<f32>,
}

impl About {
    /// An encoder without names or rate, whose input of `channels` channels is normalised already.
    pub fn plain(name: &str, window_len: u32, channels: usize) -> Self {
        Self {
            name: name.into(),
            rate_hz: 0.0,
            channels: Vec::new(),
            vocabulary: Vec::new(),
            front: None,
            window_len,
            hop_len: 0,
            mean: vec![0.0; channels],
            deviation: vec![1.0; channels],
        }
    }

    /// Checks everything that an image and a weights file rely on, for an input of `channels` channels.
    pub fn check(&self, channels: usize) -> Result<(), ExportError> {
        let too_long = |text: &&String| text.len() > 255;
        if let Some(name) = std::iter::once(&self.name)
            .chain(&self.channels)
            .chain(&self.vocabulary)
            .find(too_long)
        {
            return Err(ExportError::NameLen { name: name.clone() });
        }
        // A count of 0 in the image says that there are no names.
        let names = self.channels.len();
        if names != 0 && (names != channels || names > 255) {
            return Err(ExportError::Channels {
                what: "channel names",
                need: channels,
                have: names,
            });
        }
        for (what, values) in [("means", &self.mean), ("deviations", &self.deviation)] {
            if values.len() != channels {
                return Err(ExportError::Channels {
                    what,
                    need: channels,
                    have: values.len(),
                });
            }
        }
        let rate = self.rate_hz;
        if !rate.is_finite() || rate < 0.0 {
            return Err(ExportError::Rate(rate));
        }
        let finite = |m: f32, d: f32| m.is_finite() && d.is_finite() && d > 0.0;
        match self
            .mean
            .iter()
            .zip(&self.deviation)
            .position(|(&m, &d)| !finite(m, d))
        {
            Some(channel) => Err(ExportError::Normalisation {
                channel,
                mean: self.mean[channel],
                deviation: self.deviation[channel],
            }),
            None => Ok(()),
        }
    }
}
