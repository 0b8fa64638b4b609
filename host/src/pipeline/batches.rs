//! Views of windows as batches for the training loop.

use crate::eval::{Embeddings, HandFeatures, Prepare};
use crate::objective::{Batch, UNLABELLED};
use crate::train::pretrain::Views;
use crate::view::ViewSource;
use std::sync::Mutex;

/// What rows of a batch are told about each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rows {
    /// Two views of a window attract each other.
    Pairs {
        /// Whether other windows of the same recording are left out of the negatives.
        exclude_same_recording: bool,
    },
    /// Each view has its recording's label.
    Labels,
}

/// Hand features to regress from the first view of each pair.
pub struct Targets {
    /// What is computed from the unaltered window.
    pub features: HandFeatures,
    /// Their scale over the training windows.
    pub scale: Prepare,
}

impl Targets {
    /// The scaled features of `windows`; nothing if one of them is not finite.
    fn of(&self, windows: &[f32]) -> Option<Embeddings> {
        self.scale.apply(&self.features.compute(windows).ok()?).ok()
    }
}

/// Batches of `2 * pairs` views drawn from a [`ViewSource`].
pub struct Batches<'a> {
    source: Mutex<(ViewSource<'a>, Vec<u32>)>,
    labels: Vec<u32>,
    rows: Rows,
    targets: Option<Targets>,
    pairs: usize,
    steps: u64,
}

impl<'a> Batches<'a> {
    /// `steps` batches of `pairs` pairs; `labels` holds the label of each recording, if it has one.
    pub fn new(
        source: ViewSource<'a>,
        labels: impl Iterator<Item = Option<usize>>,
        rows: Rows,
        pairs: usize,
        steps: u64,
    ) -> Self {
        let label = |label: Option<usize>| label.map_or(UNLABELLED, |label| label as u32);
        Self {
            labels: labels.map(label).collect(),
            source: Mutex::new((source, vec![0; pairs])),
            rows,
            targets: None,
            pairs,
            steps,
        }
    }

    /// The same batches with values to regress.
    pub fn with_targets(self, targets: Option<Targets>) -> Self {
        Self { targets, ..self }
    }
}

impl Batches<'_> {
    /// Steps that show each window on the hops about once, at least 1.
    pub fn epoch_steps(&self) -> u64 {
        let guard = self.source.lock().unwrap_or_else(|e| e.into_inner());
        (guard.0.windows() / self.pairs).max(1) as u64
    }
}

impl Views for Batches<'_> {
    fn steps(&self) -> u64 {
        self.steps
    }

    fn fill(&self, _seed: u64, _epoch: u64, step: u64, batch: &mut Batch) {
        // Only a panic in `fill` poisons the lock, and that ends the run anyway.
        let mut guard = self.source.lock().unwrap_or_else(|e| e.into_inner());
        let (source, recordings) = &mut *guard;
        let half = self.pairs * source.view_len();
        batch.clear();
        batch.inputs.resize(2 * half, 0.0);
        let (a, b) = batch.inputs.split_at_mut(half);
        // On the hops, an epoch is as many batches as the windows fill.
        let batches = (source.windows() / self.pairs).max(1) as u64;
        let (epoch, number) = (step / batches, step % batches);
        source.fill(epoch, number as usize, a, b, recordings);
        if let Some(targets) = &self.targets {
            let mut windows = vec![0.0; half];
            source.plain(&mut windows);
            if let Some(known) = targets.of(&windows) {
                // The second view shows another window.
                let unknown = std::iter::repeat_n(f32::NAN, known.values.len());
                batch
                    .targets
                    .extend(known.values.iter().copied().chain(unknown));
            }
        }
        let pairs = self.pairs as u32;
        batch.groups.extend((0..pairs).chain(0..pairs));
        match self.rows {
            Rows::Pairs {
                exclude_same_recording: true,
            } => {
                batch.families.extend_from_slice(recordings);
                batch.families.extend_from_slice(recordings);
            }
            Rows::Pairs { .. } => {}
            Rows::Labels => {
                let label = |&r: &u32| self.labels.get(r as usize).copied().unwrap_or(UNLABELLED);
                let labels: Vec<u32> = recordings.iter().map(label).collect();
                batch.labels.extend_from_slice(&labels);
                batch.labels.extend(labels);
            }
        }
    }
}
