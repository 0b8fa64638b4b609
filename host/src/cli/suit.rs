//! Recordings as a model image takes them.

use crate::data::sound::Hearing;
use crate::data::{self, DataConfig, DataError, Dataset, Kind};
use mote_core::image::ModelImage;

/// Reads the data that `config` names as `image` takes them: sound as its front end hears it or by the sample, symbols
/// as it numbers them, files of pictures with its sides.
///
/// # Errors
/// As [`data::load`].
pub fn load(config: &DataConfig, image: &ModelImage<'_>) -> Result<Dataset, DataError> {
    let (mut config, shape) = (config.clone(), image.input_shape());
    if shape.h == shape.w {
        config.side = Some(shape.h);
    }
    let mut dataset = match (data::kind(&config), image.front_end()) {
        (Kind::Sound, Some(front)) => data::load_for(&config, Some(&front))?,
        _ => sensed(config, image)?,
    };
    let symbols: Vec<String> = image.symbols().map(str::to_owned).collect();
    dataset.spell(&symbols);
    Ok(dataset)
}

/// Recordings as the sensor of a device with `image` gives them: sound by the sample.
///
/// # Errors
/// As [`data::load`].
pub fn sensed(mut config: DataConfig, image: &ModelImage<'_>) -> Result<Dataset, DataError> {
    if data::kind(&config) == Kind::Sound {
        let front = image.front_end();
        let rate_hz = front.map_or(image.rate_hz(), |front| front.rate_hz());
        config.sound.hearing = Hearing::Raw;
        if rate_hz > 0.0 {
            config.rate_hz = Some(rate_hz.into());
        }
    }
    data::load(&config)
}

/// What an image takes.
#[derive(Clone, Copy, Debug)]
pub struct Intake {
    /// Channels of a sample.
    pub channels: u16,
    /// Samples a second; 0 where time has no meaning.
    pub rate_hz: f32,
    /// Samples in a window.
    pub samples: usize,
    /// Rows and columns, where windows are pictures and their sides are known.
    pub sides: Option<[u16; 2]>,
}

impl Intake {
    /// Of `image`.
    pub fn of(image: &ModelImage<'_>) -> Self {
        Self {
            channels: image.input_shape().c,
            rate_hz: image.rate_hz(),
            samples: image.window_len(),
            sides: Some([image.input_shape().h, image.input_shape().w]),
        }
    }

    /// Whether windows of `length` samples of `dataset` are what it takes.
    ///
    /// # Errors
    /// What is expected and what was found, in words.
    pub fn check(&self, dataset: &Dataset, length: usize) -> Result<(), String> {
        let mismatch = |what, need: String, have: String| {
            let name = &dataset.name;
            Err(format!(
                "{name}: the image takes {need} {what}, the recordings have {have}"
            ))
        };
        // To an encoder of pictures log-mel frames are rows of one channel.
        let rows = dataset.front.is_some() && self.channels == 1;
        if !rows && dataset.width() != usize::from(self.channels) {
            let (need, have) = (self.channels.to_string(), dataset.width().to_string());
            return mismatch("channels", need, have);
        }
        if let (Some([rows, columns]), Some([h, w])) = (self.sides, dataset.picture)
            && [rows, columns] != [h, w]
        {
            let (need, have) = (format!("{rows} x {columns}"), format!("{h} x {w}"));
            return mismatch("pixels", need, have);
        }
        let (need, have) = (f64::from(self.rate_hz), dataset.rate_hz);
        if need > 0.0 && !(0.9 * need..=1.1 * need).contains(&have) {
            return mismatch("samples a second", need.to_string(), have.to_string());
        }
        if length != self.samples {
            let (need, have) = (self.samples.to_string(), length.to_string());
            return mismatch("samples in a window", need, have);
        }
        Ok(())
    }
}
