//! The gradient of a convolution's weights: the twin of [`Convolve`](super::Convolve).

use super::{Ahead, Operation, Run, Simd, padded};

/// `gradient[run.row + k, c] += sum over r, p of input[r, p, run.input + k] * upstream[r, p, c]`.
pub(crate) struct ConvolveGradient<'a> {
    /// The input; patch `(r, p)` begins at `r * input_row + p * input_pixel`.
    pub input: &'a [f32],
    /// Distance of patches in a row.
    pub input_pixel: usize,
    /// Distance of rows of patches.
    pub input_row: usize,
    /// The gradient of the output; pixel `(r, p)` begins at `r * upstream_row + p * channels`.
    pub upstream: &'a [f32],
    /// Distance of the upstream's rows.
    pub upstream_row: usize,
    /// Output rows.
    pub rows: usize,
    /// Output pixels a row.
    pub pixels: usize,
    /// Output channels.
    pub channels: usize,
    /// The stretches that make up a patch.
    pub runs: &'a [Run],
    /// Rows of `padded(channels)` values, added to.
    pub gradient: &'a mut [f32],
    /// What will be needed next.
    pub ahead: Ahead,
}

/// A tile: rows of the image and the place in the gradient.
#[derive(Clone, Copy)]
struct Tile {
    rows: [usize; 2],
    /// Offset in a patch.
    input: usize,
    /// Row of the gradient.
    row: usize,
    /// First output channel.
    first: usize,
}

impl Operation for ConvolveGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        if self.rows == 0 || self.pixels == 0 || self.channels == 0 {
            return;
        }
        let width = padded(self.channels);
        let last_patch = (self.rows - 1) * self.input_row + (self.pixels - 1) * self.input_pixel;
        let last_pixel = (self.rows - 1) * self.upstream_row + (self.pixels - 1) * self.channels;
        assert!(last_pixel + self.channels <= self.upstream.len());
        for run in self.runs {
            assert!(last_patch + run.input + run.len <= self.input.len());
            assert!((run.row + run.len) * width <= self.gradient.len());
        }
        // As many rows at once as stay in the first-level cache.
        let block = (4096 / (self.pixels * (self.input_pixel + self.channels))).clamp(1, self.rows);
        let vectors = self.channels.div_ceil(S::LANES);
        let taps: usize = self.runs.iter().map(|run| run.len / 6).sum();
        let tiles = self.rows.div_ceil(block) * taps * vectors.div_ceil(2);
        self.ahead.over(tiles);
        let mut row = 0;
        while row < self.rows {
            let rows = [row, (row + block).min(self.rows)];
            for run in self.runs {
                let mut vector = 0;
                while vector < vectors {
                    let count = (vectors - vector).min(2);
                    let first = vector * S::LANES;
                    let partial = (vector + count) * S::LANES > self.channels;
                    // SAFETY: the bounds were asserted above.
                    unsafe {
                        match (count, partial) {
                            (2, false) => self.run_tiles::<S, 2, false>(simd, rows, run, first),
                            (2, true) => self.run_tiles::<S, 2, true>(simd, rows, run, first),
                            (_, false) => self.run_tiles::<S, 1, false>(simd, rows, run, first),
                            (_, true) => self.run_tiles::<S, 1, true>(simd, rows, run, first),
                        }
                    }
                    vector += count;
                }
            }
            row = rows[1];
        }
    }
}

impl ConvolveGradient<'_> {
    /// Cuts a run into tiles that fill the registers.
    ///
    /// # Safety
    /// The door of [`Operation::run`] must have asserted the bounds of `run`; `rows` must lie within them.
    #[inline(always)]
    unsafe fn run_tiles<S: Simd, const N: usize, const MASKED: bool>(
        &mut self,
        simd: S,
        rows: [usize; 2],
        run: &Run,
        first: usize,
    ) {
        let mut k = 0;
        macro_rules! tiles {
            ($size:literal) => {
                while run.len - k >= $size {
                    let tile = Tile {
                        rows,
                        input: run.input + k,
                        row: run.row + k,
                        first,
                    };
                    // SAFETY: `k + size <= run.len`, whose bounds the door asserted.
                    unsafe { self.tile::<S, $size, N, MASKED>(simd, tile) };
                    k += $size;
                }
            };
        }
        if S::REGISTERS >= 32 {
            if N == 1 {
                tiles!(24);
            }
            if run.len.is_multiple_of(12) || N == 1 {
                tiles!(12);
            }
            tiles!(10);
            tiles!(8);
        } else {
            if N == 1 {
                tiles!(12);
            }
            tiles!(6);
        }
        tiles!(4);
        // Three taps of a picture's three channels are a run of nine.
        tiles!(3);
        tiles!(1);
    }

    /// `K` input values times `N` vectors of channels, summed over all pixels of the tile's rows.
    ///
    /// # Safety
    /// The door of [`Operation::run`] must have asserted the bounds of a run that holds the `K` values.
    #[inline(always)]
    unsafe fn tile<S: Simd, const K: usize, const N: usize, const MASKED: bool>(
        &mut self,
        simd: S,
        tile: Tile,
    ) {
        self.ahead.fetch(simd);
        let width = padded(self.channels);
        let mask = simd.mask(self.channels - tile.first - (N - 1) * S::LANES);
        // SAFETY: the door asserted that every patch, upstream pixel and gradient row lies inside its slice;
        // gradient rows are padded to whole vectors and the mask keeps to the upstream's channels.
        unsafe {
            let gradient = self
                .gradient
                .as_mut_ptr()
                .add(tile.row * width + tile.first);
            let mut sums = [[simd.splat(0.0); N]; K];
            for k in 0..K {
                for n in 0..N {
                    sums[k][n] = simd.load(gradient.add(k * width + n * S::LANES));
                }
            }
            for row in tile.rows[0]..tile.rows[1] {
                let mut x = self.input.as_ptr().add(row * self.input_row + tile.input);
                let mut y = self
                    .upstream
                    .as_ptr()
                    .add(row * self.upstream_row + tile.first);
                for _ in 0..self.pixels {
                    let mut upstream = [simd.splat(0.0); N];
                    for n in 0..N {
                        upstream[n] = if MASKED && n == N - 1 {
                            simd.load_masked(y.add(n * S::LANES), mask)
                        } else {
                            simd.load(y.add(n * S::LANES))
                        };
                    }
                    for k in 0..K {
                        let value = simd.splat(*x.add(k));
                        for n in 0..N {
                            sums[k][n] = simd.fma(value, upstream[n], sums[k][n]);
                        }
                    }
                    // The pointers' last step may leave the slices; it is not followed.
                    x = x.wrapping_add(self.input_pixel);
                    y = y.wrapping_add(self.channels);
                }
            }
            for k in 0..K {
                for n in 0..N {
                    simd.store(gradient.add(k * width + n * S::LANES), sums[k][n]);
                }
            }
        }
    }
}
