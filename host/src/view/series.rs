//! Views of motion and other series: time, movement, normalisation, sensor, in this order.

use super::config::ViewConfig;
use super::ramp::{self, Ramp};
use super::stream::Stream;
use crate::data::{Motion, Normaliser, Triad};

/// Makes views of windows of a series.
#[derive(Clone, Debug)]
pub struct SeriesPipeline {
    config: ViewConfig,
    channels: usize,
    triads: Vec<Triad>,
    /// Angular rates follow the pace at which a view is read.
    rates: Vec<usize>,
    mirror_signs: Vec<f32>,
    scale_groups: Vec<usize>,
    dropout_groups: Vec<usize>,
    normaliser: Normaliser,
}

/// Working memory for one view at a time; of a series, since other views need none.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    places: Vec<f32>,
    other: Vec<f32>,
    gain: Vec<f32>,
    offset: Vec<f32>,
}

impl SeriesPipeline {
    /// Prepares views of `channels` channels, some of which are `triads`.
    pub fn new(
        config: &ViewConfig,
        triads: &[Triad],
        channels: usize,
        normaliser: Normaliser,
    ) -> Self {
        let rates = triads.iter().filter(|t| t.motion == Motion::Rate);
        Self {
            config: *config,
            channels,
            triads: triads.to_vec(),
            rates: rates.flat_map(|t| t.channels).collect(),
            mirror_signs: match config.mirror.held_by_gravity(triads, &normaliser) {
                Some(_) => vec![1.0; channels],
                None => config.mirror.signs(triads, channels),
            },
            scale_groups: config.scale.each.groups(triads, channels),
            dropout_groups: config.channel_dropout.each.groups(triads, channels),
            normaliser,
        }
    }

    /// Working memory for views of `length` samples.
    pub fn scratch(&self, length: usize) -> Scratch {
        Scratch {
            places: vec![0.0; length],
            other: vec![0.0; length],
            gain: vec![0.0; self.channels],
            offset: vec![0.0; self.channels],
        }
    }

    /// Writes one view of the window at `start` of `recording` into `out`, normalised; `scratch` was made for its length.
    pub fn view(
        &self,
        recording: &[f32],
        start: usize,
        rng: &mut Stream,
        scratch: &mut Scratch,
        out: &mut [f32],
    ) {
        let (config, channels, length) = (&self.config, self.channels, scratch.places.len());
        let samples = recording.len() / channels.max(1);

        let ramp = config.speed.apply(Ramp::IDENTITY, length, rng);
        let ramp = config.crop.apply(ramp, length, rng);
        let after = samples as f32 - 1.0 - start as f32;
        let ramp = ramp.fit(length, -(start as f32), after);
        ramp.write(&mut scratch.places);
        config.time_warp.apply(&mut scratch.places, rng);
        config
            .permute
            .apply(&mut scratch.places, &mut scratch.other, rng);
        ramp::read(recording, channels, start, &scratch.places, out);

        if ramp.step != 1.0 && !self.rates.is_empty() {
            for sample in out.chunks_exact_mut(channels) {
                for &channel in &self.rates {
                    sample[channel] *= ramp.step;
                }
            }
        }
        config.mirror.apply(out, &self.mirror_signs, rng);
        config.rotate.apply(out, channels, &self.triads, rng);
        config.scale.apply(
            out,
            &self.scale_groups,
            &mut scratch.gain,
            &mut scratch.offset,
            rng,
        );

        self.normaliser.apply(out);

        config.jitter.apply(out, rng);
        config.mask.apply(out, channels, rng);
        config.channel_dropout.apply(out, &self.dropout_groups, rng);
    }
}
