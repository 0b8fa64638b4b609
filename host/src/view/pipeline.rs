//! All alterations in order: time, movement, normalisation, sensor.

use super::config::{ViewConfig, ViewError};
use super::picture::PicturePipeline;
use super::ramp::{self, Ramp};
use super::sound::SoundPipeline;
use super::sound::wave::WavePipeline;
use super::stream::Stream;
use super::symbol::SymbolPipeline;
use crate::data::symbols::complements;
use crate::data::{Dataset, Kind, Motion, Normaliser, Triad};

/// Makes views of `length` samples. Immutable: any number of threads may share it, each with a
/// [`Scratch`] of its own.
#[derive(Clone, Debug)]
pub struct Pipeline {
    config: ViewConfig,
    length: usize,
    triads: Vec<Triad>,
    /// Angular rates follow the pace at which a view is read.
    rates: Vec<usize>,
    mirror_signs: Vec<f32>,
    scale_groups: Vec<usize>,
    dropout_groups: Vec<usize>,
    normaliser: Normaliser,
    /// Takes the place of everything above where windows are pictures.
    picture: Option<PicturePipeline>,
    /// The same where they are symbols.
    symbol: Option<SymbolPipeline>,
    /// The same where they are log-mel frames.
    sound: Option<SoundPipeline>,
    /// The same where they are sound itself.
    wave: Option<WavePipeline>,
}

/// Working memory for one view at a time.
#[derive(Clone, Debug)]
pub struct Scratch {
    places: Vec<f32>,
    other: Vec<f32>,
    gain: Vec<f32>,
    offset: Vec<f32>,
}

impl Pipeline {
    /// Prepares views of `length` samples of `dataset`'s channels, which `normaliser` normalises.
    ///
    /// # Errors
    /// If a number in `config` is out of its range.
    pub fn new(
        config: &ViewConfig,
        dataset: &Dataset,
        length: usize,
        normaliser: Normaliser,
    ) -> Result<Self, ViewError> {
        config.check()?;
        let (triads, channels) = (&dataset.triads, dataset.width());
        Ok(Self {
            config: *config,
            length,
            triads: triads.clone(),
            rates: triads
                .iter()
                .filter(|t| t.motion == Motion::Rate)
                .flat_map(|t| t.channels)
                .collect(),
            mirror_signs: match config.mirror.held_by_gravity(triads, &normaliser) {
                Some(_) => vec![1.0; channels],
                None => config.mirror.signs(triads, channels),
            },
            scale_groups: config.scale.each.groups(triads, channels),
            dropout_groups: config.channel_dropout.each.groups(triads, channels),
            picture: dataset.picture.map(|size| PicturePipeline {
                views: config.picture,
                size: size.map(usize::from),
                channels,
                normaliser: normaliser.clone(),
            }),
            symbol: (dataset.kind == Kind::Symbols).then(|| SymbolPipeline {
                views: config.symbol,
                vocabulary: dataset.vocabulary.len(),
                complements: complements(&dataset.vocabulary),
            }),
            sound: dataset.front.map(|front| SoundPipeline {
                views: config.sound,
                bands: channels,
                floor: front.floor,
                normaliser: normaliser.clone(),
            }),
            wave: (dataset.kind == Kind::Sound && dataset.front.is_none()).then(|| WavePipeline {
                views: config.sound,
                normaliser: normaliser.clone(),
            }),
            normaliser,
        })
    }

    /// Samples in a view, `T`.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Channels, `C`.
    pub fn channels(&self) -> usize {
        self.mirror_signs.len()
    }

    /// The configuration it was made from.
    pub fn config(&self) -> &ViewConfig {
        &self.config
    }

    /// How values are normalised.
    pub fn normaliser(&self) -> &Normaliser {
        &self.normaliser
    }

    /// Working memory for [`Pipeline::view`].
    pub fn scratch(&self) -> Scratch {
        Scratch {
            places: vec![0.0; self.length],
            other: vec![0.0; self.length],
            gain: vec![0.0; self.channels()],
            offset: vec![0.0; self.channels()],
        }
    }

    /// A start for the second view of the window at `start` of a recording of `samples` samples.
    pub fn neighbour(&self, start: usize, samples: usize, rng: &mut Stream) -> usize {
        self.config
            .neighbour
            .apply(start, self.length, samples, rng)
    }

    /// Writes one view of the window at `start` of `recording` (`N * C` values in the units of the data)
    /// into `out`, which takes `T * C` normalised values. What is stretched beyond the window is read
    /// from the recording, never from outside of it. Does not allocate.
    pub fn view(
        &self,
        recording: &[f32],
        start: usize,
        rng: &mut Stream,
        scratch: &mut Scratch,
        out: &mut [f32],
    ) {
        self.view_beside(recording, start, &[], rng, scratch, out);
    }

    /// As [`Self::view`]; sound may have the window at the start of `other`, part of another recording, in its
    /// background.
    pub fn view_beside(
        &self,
        recording: &[f32],
        start: usize,
        other: &[f32],
        rng: &mut Stream,
        scratch: &mut Scratch,
        out: &mut [f32],
    ) {
        let (config, channels) = (&self.config, self.channels());
        if let Some(picture) = &self.picture {
            return picture.view(&recording[start * channels..], rng, out);
        }
        if let Some(sound) = &self.sound {
            return sound.view(recording, start, other, rng, out);
        }
        if let Some(wave) = &self.wave {
            return wave.view(recording, start, other, rng, out);
        }
        if let Some(symbol) = &self.symbol {
            return symbol.view(&recording[start..], rng, out);
        }
        let samples = recording.len() / channels.max(1);

        let ramp = config.speed.apply(Ramp::IDENTITY, self.length, rng);
        let ramp = config.crop.apply(ramp, self.length, rng);
        let after = samples as f32 - 1.0 - start as f32;
        let ramp = ramp.fit(self.length, -(start as f32), after);
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

    /// A view of a window that stands alone (`T * C` values in the units of the data), normalised.
    /// Allocates; for a batch use [`super::ViewSource`].
    pub fn apply(&self, window: &[f32], rng: &mut Stream) -> Vec<f32> {
        let mut out = vec![0.0; self.length * self.channels()];
        self.view(window, 0, rng, &mut self.scratch(), &mut out);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::stream;
    use super::*;
    use crate::data::watch25;
    use proptest::prelude::*;

    fn normaliser(data: &Dataset) -> Normaliser {
        Normaliser::fit(data, &(0..data.recordings.len()).collect::<Vec<_>>())
    }

    #[test]
    fn without_alterations_the_view_is_the_normalised_window() {
        let data = watch25::load().unwrap();
        let normaliser = normaliser(&data);
        let pipeline = Pipeline::new(&ViewConfig::none(), &data, 128, normaliser.clone()).unwrap();
        let window = &data.recordings[9].samples[50 * 6..178 * 6];
        let mut expected = window.to_vec();
        normaliser.apply(&mut expected);
        assert_eq!(pipeline.apply(window, &mut stream([1; 4])), expected);
        let mut out = vec![0.0; 128 * 6];
        let recording = &data.recordings[9].samples;
        pipeline.view(
            recording,
            50,
            &mut stream([2; 4]),
            &mut pipeline.scratch(),
            &mut out,
        );
        assert_eq!(out, expected);
    }

    #[test]
    fn faster_views_turn_faster() {
        let mut data = watch25::load().unwrap();
        data.recordings.truncate(1);
        data.recordings[0].samples.fill(1.0);
        let mut config = ViewConfig::none();
        config.speed.probability = 1.0;
        config.speed.strength = 0.5;
        let pipeline = Pipeline::new(&config, &data, 128, Normaliser::identity(6)).unwrap();
        let mut out = vec![0.0; 128 * 6];
        for index in 0..20 {
            let mut rng = stream([0, 0, index, 0]);
            pipeline.view(
                &data.recordings[0].samples,
                200,
                &mut rng,
                &mut pipeline.scratch(),
                &mut out,
            );
            assert!(out.chunks(6).all(|s| s[..3] == [1.0; 3] && s[3] == out[3]));
            assert!(
                (0.66..1.51).contains(&out[3]) && out[3] != 1.0,
                "{}",
                out[3]
            );
        }
    }

    #[test]
    fn different_streams_give_different_views() {
        let data = watch25::load().unwrap();
        let pipeline =
            Pipeline::new(&ViewConfig::default(), &data, 128, normaliser(&data)).unwrap();
        let window = &data.recordings[9].samples[..128 * 6];
        let a = pipeline.apply(window, &mut stream([1, 0, 0, 0]));
        assert_eq!(a, pipeline.apply(window, &mut stream([1, 0, 0, 0])));
        assert_ne!(a, pipeline.apply(window, &mut stream([1, 0, 0, 1])));
    }

    /// Everything on, as strong as allowed.
    fn wild() -> ViewConfig {
        toml::from_str(
            "speed.strength = 3\ncrop = { probability = 0.5, shortest = 0.05 }\n\
             time_warp = { probability = 0.5, strength = 2 }\npermute = { probability = 0.5, segments = 16 }\n\
             rotate.degrees = 180\nscale = { strength = 2, each = \"channel\" }\nmask.probability = 0.5\n\
             mask.longest = 1\nchannel_dropout.probability = 0.5\njitter.deviation = 1",
        )
        .unwrap()
    }

    proptest! {
        #[test]
        fn views_are_finite_wherever_the_window_lies(
            samples in 1usize..300, start in 0usize..300, length in 1usize..200, seed: u64,
        ) {
            let mut data = Dataset::new("t", 10.0, ["q", "wx", "wy", "wz"].map(String::from).to_vec());
            data.notes.clear();
            let recording: Vec<f32> = (0..samples * 4).map(|i| (i % 17) as f32 - 8.0).collect();
            let pipeline = Pipeline::new(&wild(), &data, length, Normaliser::identity(4)).unwrap();
            let mut out = vec![f32::NAN; length * 4];
            let mut rng = stream([seed, 0, 0, 0]);
            pipeline.view(&recording, start.min(samples - 1), &mut rng, &mut pipeline.scratch(), &mut out);
            prop_assert!(out.iter().all(|v| v.is_finite()));
        }
    }
}
