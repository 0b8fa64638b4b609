//! Working memory of a thread.

use super::layer::Scratch;
use super::simd::{Level, Lines};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Working memory of a thread: as small as one chunk needs, so that it stays in the thread's cache.
pub(super) struct Thread {
    pub scratch: Scratch,
    pub narrow: Lines,
    /// The pass that it was prepared for.
    pass: u64,
}

impl Thread {
    pub(super) fn new(level: Level) -> Self {
        let scratch = Scratch {
            level,
            input: Lines::default(),
            upstream: Lines::default(),
        };
        Self {
            scratch,
            narrow: Lines::default(),
            pass: 0,
        }
    }

    /// Zeros for one layer's `pass`, before its first chunk on this thread.
    pub(super) fn prepare(&mut self, pass: u64, scratch: [usize; 2], sums: usize) {
        if self.pass != pass {
            zeros(&mut self.scratch.input, scratch[0]);
            zeros(&mut self.scratch.upstream, scratch[1]);
            zeros(&mut self.narrow, sums);
            self.pass = pass;
        }
    }
}

/// The calling thread's own. Nobody waits for it: a chunk is computed to its end by one thread.
pub(super) fn own(threads: &[Mutex<Thread>]) -> MutexGuard<'_, Thread> {
    let index = rayon::current_thread_index().unwrap_or(0) % threads.len();
    threads[index]
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// `len` of them.
pub(super) fn zeros(values: &mut Lines, len: usize) {
    values.clear();
    values.resize(len, 0.0);
}
