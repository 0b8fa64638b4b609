//! One kernel for each channel: channels are lanes, so every tap is one vector product.

use super::{Ahead, Operation, Simd, Start, load, padded, store};

/// One tap of a depthwise kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Tap {
    /// Offset in the input from the patch's origin.
    pub input: usize,
    /// Row of the packed weights.
    pub row: usize,
}

/// `output[r, p, c] = start + sum over taps of input[r, p, tap.input + c] * weights[tap.row, c]`.
pub(crate) struct Depthwise<'a> {
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
    /// Channels of input and output.
    pub channels: usize,
    /// Rows of `padded(channels)` values.
    pub weights: &'a [f32],
    /// The kernel's taps.
    pub taps: &'a [Tap],
    /// What each output starts from.
    pub start: Start<'a>,
    /// What will be needed next.
    pub ahead: Ahead,
}

impl Operation for Depthwise<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        if self.rows == 0 || self.pixels == 0 || self.channels == 0 {
            return;
        }
        let width = padded(self.channels);
        let last_patch = (self.rows - 1) * self.input_row + (self.pixels - 1) * self.input_pixel;
        let last_pixel = (self.rows - 1) * self.output_row + (self.pixels - 1) * self.output_pixel;
        assert!(last_pixel + self.channels <= self.output.len());
        for tap in self.taps {
            assert!(last_patch + tap.input + self.channels <= self.input.len());
            assert!((tap.row + 1) * width <= self.weights.len());
        }
        if let Start::Bias(bias) = self.start {
            assert!(bias.len() >= width);
        }
        let vectors = self.channels.div_ceil(S::LANES);
        self.ahead
            .over(self.rows * self.pixels.div_ceil(8) * vectors);
        let adjacent = self.adjacent();
        for row in 0..self.rows {
            let mut first = 0;
            while first < self.channels {
                // SAFETY: the bounds were asserted above.
                unsafe {
                    match (first + S::LANES <= self.channels, adjacent) {
                        (true, true) => self.row::<S, false, true>(simd, row, first),
                        (true, false) => self.row::<S, false, false>(simd, row, first),
                        (false, _) => self.row::<S, true, false>(simd, row, first),
                    }
                }
                first += S::LANES;
            }
        }
    }
}

impl Depthwise<'_> {
    /// Whether the taps are threes that lie as far apart as pixels do, so that neighbours share what they read.
    #[inline(always)]
    fn adjacent(&self) -> bool {
        let step = self.input_pixel;
        self.taps.len().is_multiple_of(3)
            && self.taps.chunks_exact(3).all(|taps| {
                taps[1].input == taps[0].input + step && taps[2].input == taps[1].input + step
            })
    }

    /// One row of one vector of channels.
    ///
    /// # Safety
    /// The door of [`Operation::run`] must have asserted the bounds; `row < rows`, `first < channels`; `ADJACENT` only where
    /// [`Self::adjacent`].
    #[inline(always)]
    unsafe fn row<S: Simd, const MASKED: bool, const ADJACENT: bool>(
        &mut self,
        simd: S,
        row: usize,
        first: usize,
    ) {
        let mut pixel = 0;
        // SAFETY: the caller asserted the bounds; every pixel visited is below `pixels`.
        unsafe {
            while pixel + 8 <= self.pixels {
                self.tile::<S, 8, MASKED, ADJACENT>(simd, row, pixel, first);
                pixel += 8;
            }
            while pixel + 2 <= self.pixels {
                self.tile::<S, 2, MASKED, false>(simd, row, pixel, first);
                pixel += 2;
            }
            if pixel < self.pixels {
                self.tile::<S, 1, MASKED, false>(simd, row, pixel, first);
            }
        }
    }

    /// `P` pixels of one vector of channels, held in registers.
    ///
    /// # Safety
    /// The door of [`Operation::run`] must have asserted the bounds; `row < rows`, `pixel + P <= pixels`, `first < channels`;
    /// `ADJACENT` only where [`Self::adjacent`].
    #[inline(always)]
    unsafe fn tile<S: Simd, const P: usize, const MASKED: bool, const ADJACENT: bool>(
        &mut self,
        simd: S,
        row: usize,
        pixel: usize,
        first: usize,
    ) {
        self.ahead.fetch(simd);
        let width = padded(self.channels);
        let mask = simd.mask(self.channels - first);
        // SAFETY: the door asserted that every patch, weight row and output pixel lies inside its slice; the
        // weights' and the bias' rows are padded to whole vectors and the mask keeps to the channels.
        unsafe {
            let input = self
                .input
                .as_ptr()
                .add(row * self.input_row + pixel * self.input_pixel + first);
            let output = self
                .output
                .as_mut_ptr()
                .add(row * self.output_row + pixel * self.output_pixel + first);
            let mut sums = [simd.splat(0.0); P];
            for p in 0..P {
                match self.start {
                    Start::Zero => {}
                    Start::Bias(bias) => sums[p] = simd.load(bias.as_ptr().add(first)),
                    Start::Output => {
                        sums[p] = load::<S, MASKED>(simd, output.add(p * self.output_pixel), mask);
                    }
                }
            }
            let mut at = 0;
            while ADJACENT && at < self.taps.len() {
                // Three taps at once: what one pixel reads last, its neighbour reads before. The order of each pixel's
                // taps stays.
                let mut weights = [simd.splat(0.0); 3];
                for tap in 0..3 {
                    let row = self.taps.get_unchecked(at + tap).row;
                    weights[tap] = simd.load(self.weights.as_ptr().add(row * width + first));
                }
                let x = input.add(self.taps.get_unchecked(at).input);
                for column in 0..P + 2 {
                    let x = load::<S, MASKED>(simd, x.add(column * self.input_pixel), mask);
                    for tap in 0..3 {
                        if column >= tap && column - tap < P {
                            sums[column - tap] = simd.fma(x, weights[tap], sums[column - tap]);
                        }
                    }
                }
                at += 3;
            }
            while at < self.taps.len() {
                let tap = *self.taps.get_unchecked(at);
                let weights = simd.load(self.weights.as_ptr().add(tap.row * width + first));
                let x = input.add(tap.input);
                for p in 0..P {
                    let x = load::<S, MASKED>(simd, x.add(p * self.input_pixel), mask);
                    sums[p] = simd.fma(x, weights, sums[p]);
                }
                at += 1;
            }
            for p in 0..P {
                store::<S, MASKED>(simd, output.add(p * self.output_pixel), sums[p], mask);
            }
        }
    }
}

/// `gradient[tap.row, c] += sum over r, p of input[r, p, tap.input + c] * upstream[r, p, c]`.
pub(crate) struct DepthwiseGradient<'a> {
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
    /// Channels.
    pub channels: usize,
    /// The kernel's taps.
    pub taps: &'a [Tap],
    /// Rows of `padded(channels)` values, added to.
    pub gradient: &'a mut [f32],
    /// What will be needed next.
    pub ahead: Ahead,
}

impl Operation for DepthwiseGradient<'_> {
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
        for tap in self.taps {
            assert!(last_patch + tap.input + self.channels <= self.input.len());
            assert!((tap.row + 1) * width <= self.gradient.len());
        }
        // As many rows at once as stay in the first-level cache.
        let block = (4096 / (self.pixels * (self.input_pixel + self.channels))).clamp(1, self.rows);
        let vectors = self.channels.div_ceil(S::LANES);
        let tiles = self.rows * vectors * self.taps.len().div_ceil(9);
        self.ahead.over(tiles);
        let mut row = 0;
        while row < self.rows {
            let rows = [row, (row + block).min(self.rows)];
            let mut first = 0;
            while first < self.channels {
                // SAFETY: the bounds were asserted above.
                unsafe {
                    if first + S::LANES <= self.channels {
                        self.tap_groups::<S, false>(simd, rows, first);
                    } else {
                        self.tap_groups::<S, true>(simd, rows, first);
                    }
                }
                first += S::LANES;
            }
            row = rows[1];
        }
    }
}

impl DepthwiseGradient<'_> {
    /// All taps over the `rows` of one vector of channels.
    ///
    /// # Safety
    /// The door of [`Operation::run`] must have asserted the bounds; `rows` must lie within them, `first < channels`.
    #[inline(always)]
    unsafe fn tap_groups<S: Simd, const MASKED: bool>(
        &mut self,
        simd: S,
        rows: [usize; 2],
        first: usize,
    ) {
        let mut tap = 0;
        // SAFETY: the caller asserted the bounds of all taps.
        unsafe {
            while tap + 9 <= self.taps.len() {
                self.tile::<S, 9, MASKED>(simd, rows, tap, first);
                tap += 9;
            }
            while tap + 4 <= self.taps.len() {
                self.tile::<S, 4, MASKED>(simd, rows, tap, first);
                tap += 4;
            }
            while tap < self.taps.len() {
                self.tile::<S, 1, MASKED>(simd, rows, tap, first);
                tap += 1;
            }
        }
    }

    /// `T` taps over the `rows` of one vector of channels, held in registers.
    ///
    /// # Safety
    /// The door of [`Operation::run`] must have asserted the bounds; `rows` must lie within them, `tap + T <= taps.len()`, `first < channels`.
    #[inline(always)]
    unsafe fn tile<S: Simd, const T: usize, const MASKED: bool>(
        &mut self,
        simd: S,
        rows: [usize; 2],
        tap: usize,
        first: usize,
    ) {
        let width = padded(self.channels);
        let mask = simd.mask(self.channels - first);
        let mut taps = [Tap { input: 0, row: 0 }; T];
        taps.copy_from_slice(&self.taps[tap..tap + T]);
        // SAFETY: the door asserted that every patch, upstream pixel and gradient row lies inside its slice;
        // gradient rows are padded to whole vectors and the mask keeps to the channels.
        unsafe {
            let gradient = self.gradient.as_mut_ptr().add(first);
            let mut sums = [simd.splat(0.0); T];
            for t in 0..T {
                sums[t] = simd.load(gradient.add(taps[t].row * width));
            }
            for row in rows[0]..rows[1] {
                self.ahead.fetch(simd);
                let mut x = self.input.as_ptr().add(row * self.input_row + first);
                let mut y = self.upstream.as_ptr().add(row * self.upstream_row + first);
                for _ in 0..self.pixels {
                    let upstream = load::<S, MASKED>(simd, y, mask);
                    for t in 0..T {
                        let x = load::<S, MASKED>(simd, x.add(taps[t].input), mask);
                        sums[t] = simd.fma(x, upstream, sums[t]);
                    }
                    // The pointers' last step may leave the slices; it is not followed.
                    x = x.wrapping_add(self.input_pixel);
                    y = y.wrapping_add(self.channels);
                }
            }
            for t in 0..T {
                simd.store(gradient.add(taps[t].row * width), sums[t]);
            }
        }
    }
}
