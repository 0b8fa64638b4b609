//! Views of the shipped recordings, or of pictures of noise, as pretraining draws them.

use host::data::{Dataset, Kind, Normaliser, Recording, Windows, watch25};
use host::objective::Batch;
use host::run::RunConfig;
use host::train::pretrain::Views;
use host::view::{Starts, ViewSource};
use mote_core::shape::Shape;
use std::sync::Mutex;

/// Data whose windows have the shape `input`, if there are such.
pub fn data(input: Shape) -> Option<Dataset> {
    if input == Shape::sequence(128, 6) {
        return watch25::load().ok();
    }
    if input != Shape::new(32, 32, 3) {
        return None;
    }
    let mut random = 1u32;
    let mut next = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 24) as f32
    };
    let mut dataset = Dataset::new(
        "noise",
        0.0,
        ["red", "green", "blue"].map(String::from).into(),
    );
    dataset.kind = Kind::Pictures;
    dataset.picture = Some([32, 32]);
    dataset.whole = Some(1024);
    dataset.recordings = (0..1000)
        .map(|number| Recording {
            name: number.to_string(),
            subject: None,
            label: None,
            samples: (0..3 * 1024).map(|_| next()).collect(),
        })
        .collect();
    Some(dataset)
}

/// Pairs of views with the recipe's settings, without end.
pub struct Source<'a> {
    source: Mutex<ViewSource<'a>>,
    rows: usize,
}

impl<'a> Source<'a> {
    /// `rows` views a step.
    pub fn new(dataset: &'a Dataset, input: Shape, rows: usize) -> Self {
        let all: Vec<usize> = (0..dataset.recordings.len()).collect();
        let length = usize::from(input.h) * usize::from(input.w);
        let windows = Windows::cut(dataset, length, length / 2).expect("long recordings");
        let normaliser = Normaliser::fit(dataset, &all);
        let config = RunConfig::default().views;
        let source = ViewSource::new(
            dataset,
            &all,
            &windows,
            normaliser,
            &config,
            Starts::Random,
            1,
        );
        Self {
            source: Mutex::new(source.expect("valid settings")),
            rows,
        }
    }
}

impl Views for Source<'_> {
    fn steps(&self) -> u64 {
        1 << 40
    }

    fn fill(&self, _seed: u64, epoch: u64, step: u64, batch: &mut Batch) {
        let mut source = self.source.lock().expect("no panic");
        let pairs = self.rows / 2;
        batch.inputs.resize(self.rows * source.view_len(), 0.0);
        batch.groups.clear();
        batch
            .groups
            .extend((0..self.rows).map(|row| (row % pairs) as u32));
        let (a, b) = batch.inputs.split_at_mut(pairs * source.view_len());
        source.draw(epoch, step as usize, pairs);
        source.views(epoch, step as usize, a, b);
    }
}
