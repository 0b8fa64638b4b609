//! How a batch is cut into chunks, and which of them this process computes.

use super::world::World;
use std::ops::Range;

/// Most chunks of a batch. Fixed, because it decides the order of sums.
const CHUNKS: usize = 16;

/// The part of a batch that this process computes.
#[derive(Clone, Copy, Default)]
pub(super) struct Share {
    /// Images of the whole batch.
    pub batch: usize,
    pub per: usize,
    pub chunks: usize,
    /// This process' first chunk and the number of them.
    pub first: usize,
    pub count: usize,
}

impl Share {
    pub(super) fn of(batch: usize, world: &dyn World) -> Self {
        let (per, chunks) = chunks(batch);
        let count = chunks / world.size();
        Self {
            batch,
            per,
            chunks,
            first: world.rank() * count,
            count,
        }
    }

    /// The images of this process, in the batch.
    pub(super) fn images(&self) -> Range<usize> {
        let end = (self.first + self.count) * self.per;
        (self.first * self.per).min(self.batch)..end.min(self.batch)
    }

    /// The images of this process' chunk `at`, counted from its first.
    pub(super) fn chunk(&self, at: usize) -> Range<usize> {
        at * self.per..((at + 1) * self.per).min(self.images().len())
    }

    /// What belongs to this process where each chunk has `len` values.
    pub(super) fn values(&self, len: usize) -> Range<usize> {
        self.first * len..(self.first + self.count) * len
    }
}

/// Images of a chunk, and chunks, of a batch.
pub(super) fn chunks(batch: usize) -> (usize, usize) {
    let per = batch.div_ceil(CHUNKS).max(1);
    (per, batch.div_ceil(per))
}
