//! Batches of pairs of views, the same whatever the number of threads.

use super::config::{ViewConfig, ViewError};
use super::pipeline::Pipeline;
use super::series::Scratch;
use super::stream::{below, stream};
use crate::data::{Dataset, Normaliser, Windows};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Batches are divided into this many parts for the threads.
const PARTS: usize = 16;

/// What a stream of a batch is for; the last part of its key.
const VIEW_A: u64 = 0;
const VIEW_B: u64 = 1;
const PLACE: u64 = 2;
const SHUFFLE: u64 = 3;
const SINGLE: u64 = 4;

/// Where the windows of an epoch begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Starts {
    /// Anywhere in the recordings, every place with the same probability: windows are fresh each epoch.
    #[default]
    Random,
    /// On the hops, each window once an epoch, in random order.
    Grid,
}

/// One window of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Anchor {
    /// Index into [`Dataset::recordings`].
    pub recording: usize,
    /// Its first sample.
    pub start: usize,
}

/// Makes pairs of views of a data set's training part.
pub struct ViewSource<'a> {
    dataset: &'a Dataset,
    pipeline: Pipeline,
    plain: Pipeline,
    starts: Starts,
    seed: u64,
    /// Windows on the hops.
    grid: Vec<Anchor>,
    /// Recordings that hold a window, with the number of places up to and including theirs.
    places: Vec<(usize, usize)>,
    /// The grid's order in `shuffled`.
    order: Vec<u32>,
    shuffled: Option<u64>,
    anchors: Vec<Anchor>,
    scratches: Vec<Scratch>,
}

impl<'a> ViewSource<'a> {
    /// Views of the windows in `recordings` (indices), cut as in `windows`; `seed` names all draws.
    ///
    /// # Errors
    /// If a number in `config` is out of its range.
    pub fn new(
        dataset: &'a Dataset,
        recordings: &[usize],
        windows: &Windows,
        normaliser: Normaliser,
        config: &ViewConfig,
        starts: Starts,
        seed: u64,
    ) -> Result<Self, ViewError> {
        let length = windows.length;
        let pipeline = Pipeline::new(config, dataset, length, normaliser.clone())?;
        let plain = Pipeline::new(&ViewConfig::none(), dataset, length, normaliser)?;
        let anchor = |w: &crate::data::Window| Anchor {
            recording: w.recording,
            start: w.start,
        };
        let mut count = 0;
        let mut places = Vec::new();
        for &recording in recordings {
            if let Some(last) = dataset.len_of(recording).checked_sub(length) {
                count += last + 1;
                places.push((recording, count));
            }
        }
        let grid: Vec<Anchor> = windows.of(recordings).iter().map(anchor).collect();
        Ok(Self {
            dataset,
            starts,
            seed,
            order: (0..grid.len() as u32).collect(),
            grid,
            places,
            shuffled: None,
            anchors: Vec::new(),
            scratches: vec![pipeline.scratch(); PARTS],
            pipeline,
            plain,
        })
    }

    /// Number of windows that count as an epoch: those on the hops, wherever they begin.
    pub fn windows(&self) -> usize {
        self.grid.len()
    }

    /// Values of a view, `T * C`.
    pub fn view_len(&self) -> usize {
        self.pipeline.length() * self.pipeline.channels()
    }

    /// The windows of the last batch, in order.
    pub fn anchors(&self) -> &[Anchor] {
        &self.anchors
    }

    /// Draws batch number `batch` of epoch `epoch`: `groups.len()` windows. View a of window `i` goes to
    /// `a[i * view_len ..]`, view b to `b`, and the index of its recording to `groups[i]`: windows of one
    /// group may well mean the same, so they make poor negatives.
    ///
    /// Depends on nothing but the seed and the arguments. Without any window, or if `a` or `b` is too
    /// short, what cannot be written stays as it is.
    pub fn fill(
        &mut self,
        epoch: u64,
        batch: usize,
        a: &mut [f32],
        b: &mut [f32],
        groups: &mut [u32],
    ) {
        self.draw(epoch, batch, groups.len());
        for (group, anchor) in groups.iter_mut().zip(&self.anchors) {
            *group = anchor.recording as u32;
        }
        self.views(epoch, batch, a, b);
    }

    /// Writes two views of each window of the last batch, which had the same `epoch` and `batch`.
    pub fn views(&mut self, epoch: u64, batch: usize, a: &mut [f32], b: &mut [f32]) {
        let (dataset, pipeline, seed) = (self.dataset, &self.pipeline, self.seed);
        let size = self.view_len().max(1);
        let (others, count) = (&self.anchors, self.anchors.len());
        let part = count.div_ceil(PARTS).max(1);
        let first = (batch * count) as u64;
        a.par_chunks_mut(size * part)
            .zip(b.par_chunks_mut(size * part))
            .zip(self.anchors.par_chunks(part))
            .zip(&mut self.scratches)
            .enumerate()
            .for_each(|(number, (((a, b), anchors), scratch))| {
                let pairs = a.chunks_exact_mut(size).zip(b.chunks_exact_mut(size));
                for (i, ((a, b), anchor)) in pairs.zip(anchors).enumerate() {
                    let index = first + (number * part + i) as u64;
                    let samples = &dataset.recordings[anchor.recording].samples;
                    // What else may be heard: the window before it in the batch.
                    let before = (number * part + i + count - 1) % count;
                    let before = &others[before];
                    let other = &dataset.recordings[before.recording].samples;
                    let other = &other[before.start * pipeline.channels()..];
                    let mut rng = stream([seed, epoch, index, VIEW_A]);
                    pipeline.view_beside(samples, anchor.start, other, &mut rng, scratch, a);
                    let mut rng = stream([seed, epoch, index, VIEW_B]);
                    let frames = dataset.len_of(anchor.recording);
                    let start = pipeline.neighbour(anchor.start, frames, &mut rng);
                    pipeline.view_beside(samples, start, other, &mut rng, scratch, b);
                }
            });
    }

    /// Writes one view of the window at each of `anchors` to `out`; `which` numbers views of one window apart.
    pub fn views_at(
        &mut self,
        anchors: &[Anchor],
        epoch: u64,
        batch: usize,
        which: usize,
        out: &mut [f32],
    ) {
        let (dataset, pipeline, seed) = (self.dataset, &self.pipeline, self.seed);
        let size = self.view_len().max(1);
        let part = anchors.len().div_ceil(PARTS).max(1);
        let first = (batch * anchors.len()) as u64;
        out.par_chunks_mut(size * part)
            .zip(anchors.par_chunks(part))
            .zip(&mut self.scratches)
            .enumerate()
            .for_each(|(number, ((out, anchors), scratch))| {
                for (i, (out, anchor)) in out.chunks_exact_mut(size).zip(anchors).enumerate() {
                    let index = first + (number * part + i) as u64;
                    let samples = &dataset.recordings[anchor.recording].samples;
                    let mut rng = stream([seed, epoch, index, SINGLE + which as u64]);
                    pipeline.view(samples, anchor.start, &mut rng, scratch, out);
                }
            });
    }

    /// Appends `count` normalised samples of a recording from sample `from` on; NaN beyond its end.
    pub fn after(&self, recording: usize, from: usize, count: usize, out: &mut Vec<f32>) {
        let width = self.dataset.width();
        let samples = self.dataset.recordings.get(recording);
        let samples = samples.map_or(&[][..], |r| &r.samples);
        let end = (from + count) * width;
        let known = samples.get(from * width..end.min(samples.len()));
        let begin = out.len();
        out.extend_from_slice(known.unwrap_or_default());
        self.plain.normaliser().apply(&mut out[begin..]);
        out.resize(begin + count * width, f32::NAN);
    }

    /// Samples in a recording.
    pub fn samples(&self, recording: usize) -> usize {
        self.dataset.len_of(recording)
    }

    /// Writes the windows of the last batch as they are, normalised, `view_len` values each.
    pub fn plain(&mut self, out: &mut [f32]) {
        let size = self.view_len().max(1);
        let mut rng = stream([0; 4]);
        for (out, anchor) in out.chunks_exact_mut(size).zip(&self.anchors) {
            let samples = &self.dataset.recordings[anchor.recording].samples;
            self.plain
                .view(samples, anchor.start, &mut rng, &mut self.scratches[0], out);
        }
    }

    /// Draws the `count` windows of batch number `batch` of epoch `epoch`; [`Self::anchors`] has them.
    pub fn draw(&mut self, epoch: u64, batch: usize, count: usize) {
        self.anchors.clear();
        let Some(&(_, total)) = self.places.last() else {
            return;
        };
        if self.starts == Starts::Grid {
            self.shuffle(epoch);
        }
        for i in 0..count {
            let index = batch * count + i;
            let anchor = match self.starts {
                Starts::Grid => self.grid[self.order[index % self.order.len()] as usize],
                Starts::Random => {
                    let drawn = below(&mut stream([self.seed, epoch, index as u64, PLACE]), total);
                    let slot = self.places.partition_point(|&(_, upto)| upto <= drawn);
                    let (recording, upto) = self.places[slot];
                    Anchor {
                        recording,
                        start: upto - 1 - drawn,
                    }
                }
            };
            self.anchors.push(anchor);
        }
    }

    /// Puts the grid into the order of `epoch`.
    fn shuffle(&mut self, epoch: u64) {
        if self.shuffled == Some(epoch) {
            return;
        }
        let mut rng = stream([self.seed, epoch, 0, SHUFFLE]);
        // From the same order each time, so that an epoch does not depend on the ones before.
        for (i, place) in self.order.iter_mut().enumerate() {
            *place = i as u32;
        }
        for k in (1..self.order.len()).rev() {
            let other = below(&mut rng, k + 1);
            self.order.swap(k, other);
        }
        self.shuffled = Some(epoch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::watch25;

    fn source(data: &Dataset, starts: Starts) -> ViewSource<'_> {
        let train: Vec<usize> = (0..40).collect();
        let windows = Windows::cut(data, 128, 64).unwrap();
        let normaliser = Normaliser::fit(data, &train);
        ViewSource::new(
            data,
            &train,
            &windows,
            normaliser,
            &ViewConfig::default(),
            starts,
            7,
        )
        .unwrap()
    }

    fn batch(
        source: &mut ViewSource,
        epoch: u64,
        number: usize,
        size: usize,
    ) -> (Vec<f32>, Vec<f32>, Vec<u32>) {
        let mut views = (
            vec![0.0; size * source.view_len()],
            vec![0.0; size * source.view_len()],
            vec![0; size],
        );
        source.fill(epoch, number, &mut views.0, &mut views.1, &mut views.2);
        views
    }

    #[test]
    fn a_batch_depends_on_its_number_alone() {
        let data = watch25::load().unwrap();
        for starts in [Starts::Random, Starts::Grid] {
            let mut one = source(&data, starts);
            let expected = batch(&mut one, 3, 1, 37);
            batch(&mut one, 2, 0, 8);
            assert_eq!(batch(&mut one, 3, 1, 37), expected);
            let pool = |threads| {
                rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .unwrap()
            };
            for threads in [1, 3, 8] {
                let got = pool(threads).install(|| batch(&mut source(&data, starts), 3, 1, 37));
                assert_eq!(got, expected, "{threads} threads");
            }
            assert_ne!(batch(&mut one, 4, 1, 37).0, expected.0);
            assert_ne!(batch(&mut one, 3, 2, 37).0, expected.0);
            assert_ne!(expected.0, expected.1);
        }
    }

    #[test]
    fn windows_come_from_training_recordings_and_stay_inside() {
        let data = watch25::load().unwrap();
        for starts in [Starts::Random, Starts::Grid] {
            let mut source = source(&data, starts);
            let groups = batch(&mut source, 0, 0, 500).2;
            for (anchor, group) in source.anchors().iter().zip(groups) {
                assert!(anchor.recording < 40 && anchor.recording as u32 == group);
                assert!(anchor.start + 128 <= data.len_of(anchor.recording));
            }
        }
    }

    #[test]
    fn the_grid_shows_every_window_once_an_epoch() {
        let data = watch25::load().unwrap();
        let mut source = source(&data, Starts::Grid);
        let count = source.windows();
        let mut seen = Vec::new();
        for number in 0..count / 10 {
            batch(&mut source, 5, number, 10);
            seen.extend(source.anchors().iter().map(|a| (a.recording, a.start)));
        }
        let shown = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), shown);
    }

    #[test]
    fn random_starts_reach_every_place_alike() {
        let mut data = watch25::load().unwrap();
        data.recordings.truncate(2);
        data.recordings[0].samples.truncate(130 * 6);
        data.recordings[1].samples.truncate(128 * 6);
        let windows = Windows::cut(&data, 128, 64).unwrap();
        let normaliser = Normaliser::identity(6);
        let config = ViewConfig::default();
        let mut source = ViewSource::new(
            &data,
            &[0, 1],
            &windows,
            normaliser,
            &config,
            Starts::Random,
            1,
        )
        .unwrap();
        batch(&mut source, 0, 0, 4000);
        for (recording, start) in [(0, 0), (0, 1), (0, 2), (1, 0)] {
            let hits = source
                .anchors()
                .iter()
                .filter(|&&a| a == Anchor { recording, start })
                .count();
            assert!((900..1100).contains(&hits), "{recording} {start}: {hits}");
        }
    }

    #[test]
    fn plain_windows_are_those_of_the_batch() {
        let data = watch25::load().unwrap();
        let mut source = source(&data, Starts::Random);
        batch(&mut source, 0, 0, 3);
        let mut plain = vec![0.0; 3 * 768];
        source.plain(&mut plain);
        let anchor = source.anchors()[2];
        let mut expected =
            data.recordings[anchor.recording].samples[anchor.start * 6..][..768].to_vec();
        Normaliser::fit(&data, &(0..40).collect::<Vec<_>>()).apply(&mut expected);
        assert_eq!(plain[1536..], expected);
    }

    #[test]
    fn what_follows_a_window_is_normalised_and_unknown_beyond_the_end() {
        let data = watch25::load().unwrap();
        let source = source(&data, Starts::Random);
        let last = data.len_of(3) - 1;
        let mut after = Vec::new();
        source.after(3, last, 2, &mut after);
        let mut expected = data.recordings[3].samples[last * 6..].to_vec();
        Normaliser::fit(&data, &(0..40).collect::<Vec<_>>()).apply(&mut expected);
        assert_eq!(after[..6], expected);
        assert!(after.len() == 12 && after[6..].iter().all(|v| v.is_nan()));
        source.after(3, last + 9, 1, &mut after);
        assert!(after.len() == 18 && after[12..].iter().all(|v| v.is_nan()));
    }

    #[test]
    fn no_windows_make_no_views() {
        let data = watch25::load().unwrap();
        let windows = Windows::cut(&data, 128, 64).unwrap();
        let config = ViewConfig::default();
        for starts in [Starts::Random, Starts::Grid] {
            let identity = Normaliser::identity(6);
            let mut none =
                ViewSource::new(&data, &[], &windows, identity, &config, starts, 1).unwrap();
            assert_eq!(batch(&mut none, 0, 0, 4).0, vec![0.0; 4 * 768]);
        }
    }
}
