//! Numbers that begin where a cache line does: a vector of AVX-512 fills a line, and one that straddles two costs two
//! reads.

use std::ops::{Deref, DerefMut};

/// One cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; super::WIDTH]);

// SAFETY: sixteen floats fill 64 bytes without padding, and any bits are floats, zeros too.
unsafe impl bytemuck::Zeroable for Line {}
// SAFETY: as above.
unsafe impl bytemuck::Pod for Line {}

/// As a `Vec<f32>`, whose first value begins a cache line.
#[derive(Default)]
pub(crate) struct Lines {
    lines: Vec<Line>,
    len: usize,
}

impl Lines {
    /// As [`Vec::clear`].
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// As [`Vec::resize`].
    pub(crate) fn resize(&mut self, len: usize, value: f32) {
        let lines = len.div_ceil(super::WIDTH);
        self.lines.resize(lines, Line([value; super::WIDTH]));
        let before = std::mem::replace(&mut self.len, len);
        if before < len {
            self[before..].fill(value);
        }
    }

    /// At least `len` values, new ones 0; takes no more memory than that.
    pub(crate) fn grow(&mut self, len: usize) {
        if self.len < len {
            let lines = len.div_ceil(super::WIDTH);
            self.lines
                .reserve_exact(lines.saturating_sub(self.lines.len()));
            self.resize(len, 0.0);
        }
    }

    /// Becomes a copy of `values`.
    pub(crate) fn copy(&mut self, values: &[f32]) {
        self.resize(values.len(), 0.0);
        self.copy_from_slice(values);
    }
}

impl Deref for Lines {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }
}

impl DerefMut for Lines {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn grows_and_shrinks_as_a_vec() {
        let (mut lines, mut vec) = (Lines::default(), Vec::new());
        for (step, len) in [3, 17, 16, 5, 40, 0, 33, 34].into_iter().enumerate() {
            lines.resize(len, step as f32);
            vec.resize(len, step as f32);
            assert_eq!(lines[..], vec[..], "after {step}");
            assert!(len == 0 || lines.as_ptr().addr().is_multiple_of(64));
        }
        lines.copy(&[1.0, 2.0]);
        assert_eq!(lines[..], [1.0, 2.0]);
    }
}
