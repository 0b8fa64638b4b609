//! Matrix product without the matrix: a convolution over NHWC rows, register-blocked.
//!
//! In NHWC the taps of one kernel row and their channels lie side by side, so each output pixel is a sum
//! of products over a few contiguous runs of the input. No patch is ever copied (no im2col).

use super::{Ahead, Operation, Simd, WIDTH, load, padded, store};

/// One contiguous stretch of a patch and of the weights' rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Run {
    /// Offset in the input from the patch's origin.
    pub input: usize,
    /// First row of the packed weights.
    pub row: usize,
    /// Values in the input and rows of the weights.
    pub len: usize,
}

impl Run {
    /// Longest run whose weights stay in the first-level cache beside the input.
    pub(crate) const LONGEST: usize = 256;

    /// Splits runs longer than [`Self::LONGEST`].
    pub(crate) fn split(runs: impl IntoIterator<Item = Run>) -> Vec<Run> {
        let pieces = |run: Run| {
            (0..run.len).step_by(Self::LONGEST).map(move |at| Run {
                input: run.input + at,
                row: run.row + at,
                len: (run.len - at).min(Self::LONGEST),
            })
        };
        runs.into_iter().flat_map(pieces).collect()
    }
}

/// What an output value starts from.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Start<'a> {
    /// 0.
    Zero,
    /// One value a channel, padded to `padded(channels)`.
    Bias(&'a [f32]),
    /// What the output holds already.
    Output,
}

/// `output[r, p, c] = start + sum over runs, k of input[r, p, run.input + k] * weights[run.row + k, c]`.
pub(crate) struct Convolve<'a> {
    /// The input; patch `(r, p)` begins at `r * input_row + p * input_pixel`.
    pub input: &'a [f32],
    /// Distance of patches in a row.
    pub input_pixel: usize,
    /// Distance of rows of patches.
    pub input_row: usize,
    /// The output; pixel `(r, p)` begins at `r * output_row + p * output_pixel`.
    pub output: &'a mut [f32],
    /// Distance of output pixels.
    pub output_pixel: usize,
    /// Distance of output rows.
    pub output_row: usize,
    /// Output rows.
    pub rows: usize,
    /// Output pixels a row.
    pub pixels: usize,
    /// Output channels.
    pub channels: usize,
    /// Rows of `padded(channels)` values.
    pub weights: &'a [f32],
    /// The stretches that make up a patch.
    pub runs: &'a [Run],
    /// What each output starts from.
    pub start: Start<'a>,
    /// What will be needed next.
    pub ahead: Ahead,
}

impl Operation for Convolve<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        if self.rows == 0 || self.pixels == 0 || self.channels == 0 {
            return;
        }
        // Rows that touch are one long row.
        if self.input_row == self.pixels * self.input_pixel
            && self.output_row == self.pixels * self.output_pixel
        {
            (self.pixels, self.rows) = (self.pixels * self.rows, 1);
        }
        let width = padded(self.channels);
        let last_patch = (self.rows - 1) * self.input_row + (self.pixels - 1) * self.input_pixel;
        let last_pixel = (self.rows - 1) * self.output_row + (self.pixels - 1) * self.output_pixel;
        assert!(last_pixel + self.channels <= self.output.len());
        for run in self.runs {
            assert!(last_patch + run.input + run.len <= self.input.len());
            assert!((run.row + run.len) * width <= self.weights.len());
        }
        if let Start::Bias(bias) = self.start {
            assert!(bias.len() >= width);
        }
        let vectors = self.channels.div_ceil(S::LANES);
        let tiles = self.rows * self.pixels.div_ceil(8) * vectors.div_ceil(2);
        self.ahead.over(tiles);
        let mut vector = 0;
        while vector < vectors {
            let count = (vectors - vector).min(2);
            let partial = (vector + count) * S::LANES > self.channels;
            let mut start = self.start;
            let mut from = 0;
            // One pass over the output for as many runs as keep their weights in the first-level cache.
            loop {
                let mut to = from;
                let mut len = 0;
                while to < self.runs.len()
                    && (to == from || len + self.runs[to].len <= 512 / count * WIDTH / S::LANES)
                {
                    len += self.runs[to].len;
                    to += 1;
                }
                let pass = Pass {
                    runs: &self.runs[from..to],
                    first: vector * S::LANES,
                    start,
                };
                // SAFETY: the bounds were asserted above.
                unsafe {
                    match (count, partial) {
                        (2, false) => self.pass_strided::<S, 2>(simd, pass),
                        (2, true) => self.pass_blocked::<S, 2, 0, true>(simd, pass),
                        (_, false) => self.pass_strided::<S, 1>(simd, pass),
                        (_, true) => self.pass_blocked::<S, 1, 0, true>(simd, pass),
                    }
                }
                start = Start::Output;
                from = to;
                if from >= self.runs.len() {
                    break;
                }
            }
            vector += count;
        }
    }
}

/// One block of output channels and some of the runs.
#[derive(Clone, Copy)]
struct Pass<'a> {
    runs: &'a [Run],
    /// The first output channel.
    first: usize,
    start: Start<'a>,
}

impl Convolve<'_> {
    /// Makes the usual pixel strides constants, so that each patch's address is base + displacement.
    ///
    /// # Safety
    /// The door of [`Operation::run`] must have asserted the bounds.
    #[inline(always)]
    unsafe fn pass_strided<S: Simd, const N: usize>(&mut self, simd: S, pass: Pass<'_>) {
        // SAFETY: the caller asserted the bounds.
        unsafe {
            match self.input_pixel {
                6 => self.pass_blocked::<S, N, 6, false>(simd, pass),
                16 => self.pass_blocked::<S, N, 16, false>(simd, pass),
                32 => self.pass_blocked::<S, N, 32, false>(simd, pass),
                64 => self.pass_blocked::<S, N, 64, false>(simd, pass),
                128 => self.pass_blocked::<S, N, 128, false>(simd, pass),
                _ => self.pass_blocked::<S, N, 0, false>(simd, pass),
            }
        }
    }

    /// Cuts each row into blocks of pixels that fill the registers.
    ///
    /// # Safety
    /// The door of [`Operation::run`] must have asserted the bounds; a `STRIDE` that is not 0 must be `input_pixel`.
    #[inline(always)]
    unsafe fn pass_blocked<S: Simd, const N: usize, const STRIDE: usize, const MASKED: bool>(
        &mut self,
        simd: S,
        pass: Pass<'_>,
    ) {
        // SAFETY: the caller asserted the bounds; every pixel visited is below `pixels`.
        unsafe {
            for row in 0..self.rows {
                let mut pixel = 0;
                if S::REGISTERS >= 32 && N == 1 {
                    while pixel + 16 <= self.pixels {
                        self.tile::<S, 16, N, STRIDE, MASKED>(simd, pass, row, pixel);
                        pixel += 16;
                    }
                }
                if S::REGISTERS >= 32 || N == 1 {
                    while pixel + 8 <= self.pixels {
                        self.tile::<S, 8, N, STRIDE, MASKED>(simd, pass, row, pixel);
                        pixel += 8;
                    }
                } else {
                    // Twelve sums and two vectors of weights leave one register of sixteen; fours take a rest that
                    // sixes would leave to single pixels.
                    while pixel + 6 <= self.pixels && (self.pixels - pixel) % 6 % 4 < 2
                        || pixel + 12 <= self.pixels
                    {
                        self.tile::<S, 6, N, STRIDE, MASKED>(simd, pass, row, pixel);
                        pixel += 6;
                    }
                }
                while pixel + 4 <= self.pixels {
                    self.tile::<S, 4, N, STRIDE, MASKED>(simd, pass, row, pixel);
                    pixel += 4;
                }
                while pixel < self.pixels {
                    self.tile::<S, 1, N, 0, MASKED>(simd, pass, row, pixel);
                    pixel += 1;
                }
            }
        }
    }

    /// `P` pixels times `N` vectors of channels, held in registers.
    ///
    /// # Safety
    /// The door of [`Operation::run`] must have asserted the bounds; `row < rows`, `pixel + P <= pixels`.
    #[inline(always)]
    unsafe fn tile<
        S: Simd,
        const P: usize,
        const N: usize,
        const STRIDE: usize,
        const MASKED: bool,
    >(
        &mut self,
        simd: S,
        pass: Pass<'_>,
        row: usize,
        pixel: usize,
    ) {
        self.ahead.fetch(simd);
        let width = padded(self.channels);
        let stride = if STRIDE > 0 { STRIDE } else { self.input_pixel };
        let mask = simd.mask(self.channels - pass.first - (N - 1) * S::LANES);
        // SAFETY: the door asserted that every patch, weight row and output pixel lies inside its slice; the
        // weights' and the bias' rows are padded to whole vectors and the mask keeps to the output's channels.
        unsafe {
            let input = self
                .input
                .as_ptr()
                .add(row * self.input_row + pixel * stride);
            let output = self
                .output
                .as_mut_ptr()
                .add(row * self.output_row + pixel * self.output_pixel + pass.first);
            let mut sums = [[simd.splat(0.0); N]; P];
            for p in 0..P {
                for n in 0..N {
                    let at = n * S::LANES;
                    let output = output.add(p * self.output_pixel + at);
                    match pass.start {
                        Start::Zero => {}
                        Start::Bias(bias) => {
                            sums[p][n] = simd.load(bias.as_ptr().add(pass.first + at));
                        }
                        Start::Output if MASKED && n == N - 1 => {
                            sums[p][n] = load::<S, true>(simd, output, mask);
                        }
                        Start::Output => sums[p][n] = simd.load(output),
                    }
                }
            }
            for at in 0..pass.runs.len() {
                let run = *pass.runs.get_unchecked(at);
                let mut x = input.add(run.input);
                let mut w = self.weights.as_ptr().add(run.row * width + pass.first);
                for _ in 0..run.len {
                    let mut weights = [simd.splat(0.0); N];
                    for n in 0..N {
                        weights[n] = simd.load(w.add(n * S::LANES));
                    }
                    for p in 0..P {
                        let value = simd.splat(*x.add(p * stride));
                        for n in 0..N {
                            sums[p][n] = simd.fma(value, weights[n], sums[p][n]);
                        }
                    }
                    x = x.add(1);
                    // Behind the last row it may leave the slice; it is not followed.
                    w = w.wrapping_add(width);
                }
            }
            for p in 0..P {
                for n in 0..N {
                    let to = output.add(p * self.output_pixel + n * S::LANES);
                    if MASKED && n == N - 1 {
                        store::<S, true>(simd, to, sums[p][n], mask);
                    } else {
                        simd.store(to, sums[p][n]);
                    }
                }
            }
        }
    }
}
