//! Windows of each step as batches for the training loop.

use crate::objective::Batch;
use crate::objective::task::{StepWindows, Task};
use crate::train::pretrain::Views;
use crate::view::ViewSource;
use std::sync::Mutex;

/// Batches of the windows that a [`ViewSource`] draws, altered as the tasks say.
pub struct Batches<'a> {
    inner: Mutex<Inner<'a>>,
    /// Windows in a step.
    windows: usize,
    steps: u64,
}

struct Inner<'a> {
    source: ViewSource<'a>,
    /// One for each part of a batch; at least one.
    tasks: Vec<Box<dyn Task + 'a>>,
}

impl<'a> Batches<'a> {
    /// `steps` batches from `windows` windows each; every task makes one part.
    pub fn new(
        source: ViewSource<'a>,
        tasks: Vec<Box<dyn Task + 'a>>,
        windows: usize,
        steps: u64,
    ) -> Self {
        Self {
            inner: Mutex::new(Inner { source, tasks }),
            windows,
            steps,
        }
    }
}

impl Batches<'_> {
    /// Steps that show each window on the hops about once, at least 1.
    pub fn epoch_steps(&self) -> u64 {
        let inner = self.inner.lock().unwrap_or_else(|e| e.into_inner());
        (inner.source.windows() / self.windows).max(1) as u64
    }
}

impl Views for Batches<'_> {
    fn steps(&self) -> u64 {
        self.steps
    }

    fn fill(&self, _seed: u64, _epoch: u64, step: u64, batch: &mut Batch) {
        // Only a panic in `fill` poisons the lock, and that ends the run anyway.
        let mut guard = self.inner.lock().unwrap_or_else(|e| e.into_inner());
        let Inner { source, tasks } = &mut *guard;
        // On the hops, an epoch is as many batches as the windows fill.
        let batches = (source.windows() / self.windows).max(1) as u64;
        let (epoch, number) = (step / batches, (step % batches) as usize);
        source.draw(epoch, number, self.windows);
        let mut windows = StepWindows {
            source,
            epoch,
            batch: number,
        };
        batch.clear();
        batch
            .further
            .resize_with(tasks.len().saturating_sub(1), Batch::default);
        let mut tasks = tasks.iter_mut();
        if let Some(first) = tasks.next() {
            first.fill(&mut windows, batch);
        }
        for (task, part) in tasks.zip(&mut batch.further) {
            task.fill(&mut windows, part);
        }
    }
}
