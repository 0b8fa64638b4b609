//! All alterations in order, those of the kind of data.

use super::config::{ViewConfig, ViewError};
use super::picture::PicturePipeline;
use super::series::{Scratch, SeriesPipeline};
use super::sound::SoundPipeline;
use super::sound::wave::WavePipeline;
use super::stream::Stream;
use super::symbol::SymbolPipeline;
use crate::data::symbols::complements;
use crate::data::{Dataset, Kind, Normaliser};

/// Makes views of `length` samples. Immutable: any number of threads may share it, each with a
/// [`Scratch`] of its own.
#[derive(Clone, Debug)]
pub struct Pipeline {
    config: ViewConfig,
    length: usize,
    channels: usize,
    normaliser: Normaliser,
    alterations: Alterations,
}

/// What is done, by what windows are.
#[derive(Clone, Debug)]
enum Alterations {
    Series(Box<SeriesPipeline>),
    Picture(PicturePipeline),
    Symbols(SymbolPipeline),
    /// Log-mel frames.
    Sound(SoundPipeline),
    /// Sound itself.
    Wave(WavePipeline),
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
        let channels = dataset.width();
        Ok(Self {
            config: *config,
            length,
            channels,
            normaliser: normaliser.clone(),
            alterations: match (dataset.kind, dataset.picture, dataset.front) {
                (_, Some(size), _) => Alterations::Picture(PicturePipeline {
                    views: config.picture,
                    size: size.map(usize::from),
                    channels,
                    normaliser,
                }),
                (_, _, Some(front)) => Alterations::Sound(SoundPipeline {
                    views: config.sound,
                    bands: channels,
                    floor: front.floor,
                    normaliser,
                }),
                (Kind::Sound, ..) => Alterations::Wave(WavePipeline {
                    views: config.sound,
                    normaliser,
                }),
                (Kind::Symbols, ..) => Alterations::Symbols(SymbolPipeline {
                    views: config.symbol,
                    vocabulary: dataset.vocabulary.len(),
                    complements: complements(&dataset.vocabulary),
                }),
                _ => {
                    let triads = &dataset.triads;
                    let series = SeriesPipeline::new(config, triads, channels, normaliser);
                    Alterations::Series(Box::new(series))
                }
            },
        })
    }

    /// Samples in a view, `T`.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Channels, `C`.
    pub fn channels(&self) -> usize {
        self.channels
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
        match &self.alterations {
            Alterations::Series(series) => series.scratch(self.length),
            _ => Scratch::default(),
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
        match &self.alterations {
            Alterations::Series(series) => series.view(recording, start, rng, scratch, out),
            Alterations::Picture(picture) => {
                picture.view(&recording[start * self.channels..], rng, out);
            }
            Alterations::Symbols(symbols) => symbols.view(&recording[start..], rng, out),
            Alterations::Sound(sound) => sound.view(recording, start, other, rng, out),
            Alterations::Wave(wave) => wave.view(recording, start, other, rng, out),
        }
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
