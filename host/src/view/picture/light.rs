//! Other light: brightness and contrast change, or colour goes.
//!
//! Howard, *Some Improvements on Deep Convolutional Neural Network Based Image Classification*, 2013; greyness as in
//! SimCLR (Chen et al., 2020).

use super::super::stream::{Stream, factor, happens};
use serde::{Deserialize, Serialize};

/// How much brightness and contrast change.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Light {
    /// Share of views in other light, 0 to 1; 0 is off.
    pub probability: f32,
    /// Factors lie between `1 / (1 + brightness)` and `1 + brightness`, 0 to 10.
    pub brightness: f32,
    /// As brightness, for distances from the picture's mean.
    pub contrast: f32,
}

impl Default for Light {
    fn default() -> Self {
        Self {
            probability: 0.8,
            brightness: 0.4,
            contrast: 0.4,
        }
    }
}

impl Light {
    /// Changes the values of a view, in the units of the data.
    pub fn apply(&self, view: &mut [f32], rng: &mut Stream) {
        let changes = happens(rng, self.probability);
        let (bright, contrast) = (factor(rng, self.brightness), factor(rng, self.contrast));
        if !changes {
            return;
        }
        let sum: f64 = view.iter().map(|v| f64::from(*v)).sum();
        let mean = (sum / view.len().max(1) as f64) as f32;
        for value in view {
            *value = bright * (mean + contrast * (*value - mean));
        }
    }
}

/// How often colour goes.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grey {
    /// Share of views without colour, 0 to 1; 0 is off. Pictures of one channel have none.
    pub probability: f32,
}

impl Default for Grey {
    fn default() -> Self {
        Self { probability: 0.2 }
    }
}

impl Grey {
    /// Gives all channels of a pixel their mean.
    pub fn apply(&self, view: &mut [f32], channels: usize, rng: &mut Stream) {
        if !happens(rng, self.probability) || channels < 2 {
            return;
        }
        for pixel in view.chunks_exact_mut(channels) {
            let mean = pixel.iter().sum::<f32>() / channels as f32;
            pixel.fill(mean);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::stream;
    use super::*;

    #[test]
    fn factors_are_bounded_and_nothing_asked_changes_nothing() {
        for seed in 0..200 {
            let mut view = [100.0, 200.0, 300.0];
            let light = Light {
                probability: 1.0,
                brightness: 0.5,
                contrast: 0.25,
            };
            light.apply(&mut view, &mut stream([seed, 0, 0, 0]));
            let bright = view[1] / 200.0;
            let contrast = (view[2] - view[0]) / 200.0 / bright;
            assert!((0.666..1.501).contains(&bright), "{bright}");
            assert!((0.799..1.251).contains(&contrast), "{contrast}");
        }
        let mut view = [1.0, 5.0];
        let none = Light {
            probability: 1.0,
            brightness: 0.0,
            contrast: 0.0,
        };
        none.apply(&mut view, &mut stream([1; 4]));
        assert_eq!(view, [1.0, 5.0]);
    }

    #[test]
    fn grey_pixels_keep_their_mean() {
        let mut view = [1.0, 2.0, 6.0, 0.0, 0.0, 3.0];
        Grey { probability: 1.0 }.apply(&mut view, 3, &mut stream([1; 4]));
        assert_eq!(view, [3.0, 3.0, 3.0, 1.0, 1.0, 1.0]);
    }
}
