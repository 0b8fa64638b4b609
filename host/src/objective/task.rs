//! Where the rows of a batch come from: each objective has windows altered in its own way.

use super::{Batch, UNLABELLED};
use crate::view::{Anchor, ViewSource};

/// The windows of one step.
pub struct StepWindows<'s, 'a> {
    /// Where they lie, and their views.
    pub source: &'s mut ViewSource<'a>,
    /// The epoch; with `batch` it names the step's draws.
    pub epoch: u64,
    /// The batch within the epoch.
    pub batch: usize,
}

impl StepWindows<'_, '_> {
    /// Windows in the step: half the rows of most objectives.
    pub fn count(&self) -> usize {
        self.source.anchors().len()
    }

    /// The index of each window's recording.
    pub fn recordings(&self) -> Vec<u32> {
        let anchors = self.source.anchors().iter();
        anchors.map(|anchor| anchor.recording as u32).collect()
    }

    /// Views `a` of all windows, then views `b`.
    pub fn pairs(&mut self, inputs: &mut Vec<f32>) {
        let half = self.count() * self.source.view_len();
        inputs.resize(2 * half, 0.0);
        let (a, b) = inputs.split_at_mut(half);
        self.source.views(self.epoch, self.batch, a, b);
    }

    /// The windows as they are, normalised.
    pub fn plain(&mut self) -> Vec<f32> {
        let mut windows = vec![0.0; self.count() * self.source.view_len()];
        self.source.plain(&mut windows);
        windows
    }

    /// Where the windows lie.
    pub fn anchors(&self) -> &[Anchor] {
        self.source.anchors()
    }
}

/// Fills a batch from the windows of a step; the same windows give the same batch, always.
pub trait Task: Send {
    /// Fills `batch`, which is empty.
    fn fill(&mut self, windows: &mut StepWindows<'_, '_>, batch: &mut Batch);
}

/// Computes values to regress from plain windows: one row for each, or nothing where it cannot.
pub type Describe = Box<dyn Fn(&[f32]) -> Option<Vec<f32>> + Send>;

/// Two views of each window, which attract each other; windows of one recording are one family.
#[derive(Default)]
pub struct Pairs {
    /// What to regress from views `a`, if anything.
    pub describe: Option<Describe>,
}

impl Task for Pairs {
    fn fill(&mut self, windows: &mut StepWindows<'_, '_>, batch: &mut Batch) {
        windows.pairs(&mut batch.inputs);
        if let Some(known) = self
            .describe
            .as_ref()
            .and_then(|describe| describe(&windows.plain()))
        {
            // The second view shows another window.
            let unknown = std::iter::repeat_n(f32::NAN, known.len());
            batch.targets.extend(known.iter().copied().chain(unknown));
        }
        let (pairs, recordings) = (windows.count() as u32, windows.recordings());
        batch.groups.extend((0..pairs).chain(0..pairs));
        for _ in 0..2 {
            batch.families.extend_from_slice(&recordings);
        }
    }
}

/// Two views of each window with its recording's label, for the supervised control.
pub struct Labels {
    /// The label of each recording, or [`UNLABELLED`].
    pub labels: Vec<u32>,
}

impl Task for Labels {
    fn fill(&mut self, windows: &mut StepWindows<'_, '_>, batch: &mut Batch) {
        windows.pairs(&mut batch.inputs);
        let pairs = windows.count() as u32;
        batch.groups.extend((0..pairs).chain(0..pairs));
        let label = |&r: &u32| self.labels.get(r as usize).copied().unwrap_or(UNLABELLED);
        let labels: Vec<u32> = windows.recordings().iter().map(label).collect();
        for _ in 0..2 {
            batch.labels.extend_from_slice(&labels);
        }
    }
}
