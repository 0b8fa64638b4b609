//! What the next image will need, fetched from memory while this one is multiplied.
//!
//! Tensors of a batch do not fit the caches; an image is read in one go, computed with, and written in one go. Left
//! alone, memory rests while the processor multiplies and the processor while memory delivers. So each tile of a
//! product asks for a few lines of what comes next.

use super::{Simd, WIDTH};

/// Most stretches at once: two operands, what they are normalized by, and what is written.
const PARTS: usize = 4;

/// Stretches of memory that will be needed soon.
#[derive(Clone, Copy, Default)]
pub(crate) struct Ahead {
    parts: [Part; PARTS],
    len: usize,
}

/// Addresses, because nothing is read through them.
#[derive(Clone, Copy, Default)]
struct Part {
    at: usize,
    end: usize,
    /// Bytes with each tile.
    step: usize,
}

/// Bytes of a cache line.
const LINE: usize = size_of::<[f32; WIDTH]>();

impl Ahead {
    /// Together with `values`.
    pub(crate) fn and(mut self, values: &[f32]) -> Self {
        let pointers = values.as_ptr_range();
        self.parts[self.len] = Part {
            at: pointers.start.addr(),
            end: pointers.end.addr(),
            step: 0,
        };
        self.len += 1;
        self
    }

    /// Piece `at` of `count`, for kernels that are called as often.
    pub(crate) fn piece(mut self, at: usize, count: usize) -> Self {
        for part in &mut self.parts[..self.len] {
            let step = (part.end - part.at).div_ceil(count).next_multiple_of(LINE);
            part.at = (part.at + at * step).min(part.end);
            part.end = (part.at + step).min(part.end);
        }
        self
    }

    /// Shares the stretches out evenly over `tiles` calls of [`Self::fetch`].
    #[inline(always)]
    pub(super) fn over(&mut self, tiles: usize) {
        for part in 0..PARTS {
            let part = &mut self.parts[part];
            let step = (part.end - part.at).div_ceil(tiles.max(1));
            part.step = step.next_multiple_of(LINE);
        }
    }

    /// Asks for the next share.
    #[inline(always)]
    pub(super) fn fetch<S: Simd>(&mut self, simd: S) {
        for part in 0..PARTS {
            let part = &mut self.parts[part];
            let end = (part.at + part.step).min(part.end);
            while part.at < end {
                simd.prefetch(part.at as *const f32);
                part.at += LINE;
            }
        }
    }
}
