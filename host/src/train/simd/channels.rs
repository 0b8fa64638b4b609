//! Passes over pixels with one constant for each channel: batch norm, activation and their gradients.
//!
//! Every constant vector is padded to `padded(channels)`. An image may lie in a padded frame: its rows then
//! have a distance of their own.

use super::{Operation, Simd, load, padded, store};

/// Splits the channels into groups of vectors and runs `$body` with `$count` vectors from channel `$first`,
/// `$masked` where the last one is cut short.
macro_rules! channel_groups {
    ($simd:ident, $lanes:expr, $channels:expr, |$first:ident, $count:ident, $masked:ident| $body:expr) => {{
        let mut $first = 0;
        while $first < $channels {
            let whole = ($channels - $first) / $lanes;
            if whole >= 4 {
                const $count: usize = 4;
                const $masked: bool = false;
                $body;
                $first += 4 * $lanes;
            } else if whole >= 2 {
                const $count: usize = 2;
                const $masked: bool = false;
                $body;
                $first += 2 * $lanes;
            } else if whole >= 1 {
                const $count: usize = 1;
                const $masked: bool = false;
                $body;
                $first += $lanes;
            } else {
                const $count: usize = 1;
                const $masked: bool = true;
                $body;
                $first = $channels;
            }
        }
    }};
}

/// Extent of an image whose rows may be apart.
#[inline(always)]
fn extent(rows: usize, row: usize, pixels: usize, channels: usize) -> usize {
    if rows == 0 {
        0
    } else {
        (rows - 1) * row + pixels * channels
    }
}

/// Reads `N` vectors of constants.
///
/// # Safety
/// `N * LANES` values must be readable at `from`.
#[inline(always)]
unsafe fn constants<S: Simd, const N: usize>(simd: S, from: *const f32) -> [S::F; N] {
    let mut constants = [simd.splat(0.0); N];
    for n in 0..N {
        // SAFETY: the caller's promise.
        constants[n] = unsafe { simd.load(from.add(n * S::LANES)) };
    }
    constants
}

/// `output = max(floor, input * scale + shift)`: batch norm and activation in one pass.
pub(crate) struct Normalize<'a> {
    /// `rows x pixels x channels`, contiguous.
    pub input: &'a [f32],
    /// Gain of each channel.
    pub scale: &'a [f32],
    /// Offset of each channel.
    pub shift: &'a [f32],
    /// 0 for ReLU, negative infinity for none.
    pub floor: f32,
    /// `rows` rows, `output_row` apart.
    pub output: &'a mut [f32],
    /// Distance of the output's rows.
    pub output_row: usize,
    /// Rows.
    pub rows: usize,
    /// Pixels a row.
    pub pixels: usize,
    /// Channels.
    pub channels: usize,
}

impl Operation for Normalize<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (len, width) = (self.pixels * self.channels, padded(self.channels));
        assert!(self.input.len() >= self.rows * len);
        assert!(
            self.output.len() >= extent(self.rows, self.output_row, self.pixels, self.channels)
        );
        assert!(self.scale.len() >= width && self.shift.len() >= width);
        let floor = simd.splat(self.floor);
        channel_groups!(simd, S::LANES, self.channels, |first, N, MASKED| {
            let mask = simd.mask(self.channels - first);
            // SAFETY: asserted above; constants are padded, and the mask keeps to the channels.
            unsafe {
                let scale: [S::F; N] = constants(simd, self.scale.as_ptr().add(first));
                let shift: [S::F; N] = constants(simd, self.shift.as_ptr().add(first));
                for row in 0..self.rows {
                    let from = self.input.as_ptr().add(row * len + first);
                    let to = self.output.as_mut_ptr().add(row * self.output_row + first);
                    for pixel in 0..self.pixels {
                        for n in 0..N {
                            let at = pixel * self.channels + n * S::LANES;
                            let x = load::<S, MASKED>(simd, from.add(at), mask);
                            store::<S, MASKED>(
                                simd,
                                to.add(at),
                                simd.max(floor, simd.fma(x, scale[n], shift[n])),
                                mask,
                            );
                        }
                    }
                }
            }
        });
    }
}

/// `output = max(floor, output + max(input_floor, input * scale + shift))`: the second half of a sum.
pub(crate) struct AddActivated<'a> {
    /// `pixels x channels`, contiguous.
    pub input: &'a [f32],
    /// Gain of each channel.
    pub scale: &'a [f32],
    /// Offset of each channel.
    pub shift: &'a [f32],
    /// 0 for a ReLU on the input, negative infinity for none.
    pub input_floor: f32,
    /// `pixels x channels`, contiguous.
    pub output: &'a mut [f32],
    /// 0 for a ReLU on the sum, negative infinity for none.
    pub floor: f32,
    /// Pixels.
    pub pixels: usize,
    /// Channels.
    pub channels: usize,
}

impl Operation for AddActivated<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (len, width) = (self.pixels * self.channels, padded(self.channels));
        assert!(self.input.len() >= len && self.output.len() >= len);
        assert!(self.scale.len() >= width && self.shift.len() >= width);
        let (input_floor, floor) = (simd.splat(self.input_floor), simd.splat(self.floor));
        channel_groups!(simd, S::LANES, self.channels, |first, N, MASKED| {
            let mask = simd.mask(self.channels - first);
            // SAFETY: asserted above; constants are padded, and the mask keeps to the channels.
            unsafe {
                let scale: [S::F; N] = constants(simd, self.scale.as_ptr().add(first));
                let shift: [S::F; N] = constants(simd, self.shift.as_ptr().add(first));
                let from = self.input.as_ptr().add(first);
                let to = self.output.as_mut_ptr().add(first);
                for pixel in 0..self.pixels {
                    for n in 0..N {
                        let at = pixel * self.channels + n * S::LANES;
                        let x = load::<S, MASKED>(simd, from.add(at), mask);
                        let x = simd.max(input_floor, simd.fma(x, scale[n], shift[n]));
                        let sum = simd.add(load::<S, MASKED>(simd, to.add(at), mask), x);
                        store::<S, MASKED>(simd, to.add(at), simd.max(floor, sum), mask);
                    }
                }
            }
        });
    }
}

/// `sums[c] += sum of values[., c]` and `sums[padded(channels) + c] += sum of squares`.
pub(crate) struct Sums<'a> {
    /// `pixels x channels`, contiguous.
    pub values: &'a [f32],
    /// Pixels.
    pub pixels: usize,
    /// Channels.
    pub channels: usize,
    /// Two rows of `padded(channels)`.
    pub sums: &'a mut [f32],
}

impl Operation for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let width = padded(self.channels);
        assert!(self.values.len() >= self.pixels * self.channels);
        assert!(self.sums.len() >= 2 * width);
        channel_groups!(simd, S::LANES, self.channels, |first, N, MASKED| {
            let mask = simd.mask(self.channels - first);
            // SAFETY: asserted above; the sums are padded, and the mask keeps to the channels.
            unsafe {
                let sums = self.sums.as_mut_ptr().add(first);
                // Even and odd pixels apart, to hide the addition's latency.
                let mut sum: [[S::F; N]; 2] = [constants(simd, sums), [simd.splat(0.0); N]];
                let mut square: [[S::F; N]; 2] =
                    [constants(simd, sums.add(width)), [simd.splat(0.0); N]];
                let from = self.values.as_ptr().add(first);
                let mut pixel = 0;
                while pixel < self.pixels {
                    for parity in 0..2 {
                        for n in 0..N {
                            if pixel + parity < self.pixels {
                                let at = (pixel + parity) * self.channels + n * S::LANES;
                                let x = load::<S, MASKED>(simd, from.add(at), mask);
                                sum[parity][n] = simd.add(sum[parity][n], x);
                                square[parity][n] = simd.fma(x, x, square[parity][n]);
                            }
                        }
                    }
                    pixel += 2;
                }
                for n in 0..N {
                    let at = n * S::LANES;
                    simd.store(sums.add(at), simd.add(sum[0][n], sum[1][n]));
                    simd.store(sums.add(width + at), simd.add(square[0][n], square[1][n]));
                }
            }
        });
    }
}

/// Takes a gradient back through ReLU, and sums what batch norm's or the bias' gradient needs.
///
/// `gradient` is kept where `raw * scale + shift > 0` (everywhere without `relu`), then
/// `sums[c] += sum of gradient[., c]` and `sums[padded(channels) + c] += sum of gradient * raw`.
pub(crate) struct Settle<'a> {
    /// `pixels x channels`, changed in place.
    pub gradient: &'a mut [f32],
    /// What the layer computed before batch norm and activation.
    pub raw: &'a [f32],
    /// Gain of each channel.
    pub scale: &'a [f32],
    /// Offset of each channel.
    pub shift: &'a [f32],
    /// Whether a ReLU follows.
    pub relu: bool,
    /// Pixels.
    pub pixels: usize,
    /// Channels.
    pub channels: usize,
    /// Two rows of `padded(channels)`.
    pub sums: &'a mut [f32],
}

impl Operation for Settle<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (len, width) = (self.pixels * self.channels, padded(self.channels));
        assert!(self.gradient.len() >= len && self.raw.len() >= len);
        assert!(
            self.scale.len() >= width && self.shift.len() >= width && self.sums.len() >= 2 * width
        );
        channel_groups!(simd, S::LANES, self.channels, |first, N, MASKED| {
            let mask = simd.mask(self.channels - first);
            // SAFETY: asserted above; constants and sums are padded, and the mask keeps to the channels.
            unsafe {
                let scale: [S::F; N] = constants(simd, self.scale.as_ptr().add(first));
                let shift: [S::F; N] = constants(simd, self.shift.as_ptr().add(first));
                let sums = self.sums.as_mut_ptr().add(first);
                let mut sum: [S::F; N] = constants(simd, sums);
                let mut product: [S::F; N] = constants(simd, sums.add(width));
                let raw = self.raw.as_ptr().add(first);
                let gradient = self.gradient.as_mut_ptr().add(first);
                for pixel in 0..self.pixels {
                    for n in 0..N {
                        let at = pixel * self.channels + n * S::LANES;
                        let y = load::<S, MASKED>(simd, raw.add(at), mask);
                        let mut g = load::<S, MASKED>(simd, gradient.add(at), mask);
                        if self.relu {
                            g = simd.keep_positive(simd.fma(y, scale[n], shift[n]), g);
                            store::<S, MASKED>(simd, gradient.add(at), g, mask);
                        }
                        sum[n] = simd.add(sum[n], g);
                        product[n] = simd.fma(g, y, product[n]);
                    }
                }
                for n in 0..N {
                    simd.store(sums.add(n * S::LANES), sum[n]);
                    simd.store(sums.add(width + n * S::LANES), product[n]);
                }
            }
        });
    }
}

/// `output = gradient * a + raw * b + c`: batch norm's gradient with respect to its input.
pub(crate) struct Upstream<'a> {
    /// `rows x pixels x channels`, contiguous.
    pub gradient: &'a [f32],
    /// The layer's output before batch norm, of the same size.
    pub raw: &'a [f32],
    /// Factor of the gradient, factor of the raw output, constant; one value a channel each.
    pub coefficients: [&'a [f32]; 3],
    /// `rows` rows, `output_row` apart.
    pub output: &'a mut [f32],
    /// Distance of the output's rows.
    pub output_row: usize,
    /// Rows.
    pub rows: usize,
    /// Pixels a row.
    pub pixels: usize,
    /// Channels.
    pub channels: usize,
}

impl Operation for Upstream<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (len, width) = (self.pixels * self.channels, padded(self.channels));
        assert!(self.gradient.len() >= self.rows * len && self.raw.len() >= self.rows * len);
        assert!(
            self.output.len() >= extent(self.rows, self.output_row, self.pixels, self.channels)
        );
        assert!(self.coefficients.iter().all(|values| values.len() >= width));
        channel_groups!(simd, S::LANES, self.channels, |first, N, MASKED| {
            let mask = simd.mask(self.channels - first);
            // SAFETY: asserted above; coefficients are padded, and the mask keeps to the channels.
            unsafe {
                let [a, b, c] = self
                    .coefficients
                    .map(|values| constants::<S, N>(simd, values.as_ptr().add(first)));
                for row in 0..self.rows {
                    let gradient = self.gradient.as_ptr().add(row * len + first);
                    let raw = self.raw.as_ptr().add(row * len + first);
                    let to = self.output.as_mut_ptr().add(row * self.output_row + first);
                    for pixel in 0..self.pixels {
                        for n in 0..N {
                            let at = pixel * self.channels + n * S::LANES;
                            let g = load::<S, MASKED>(simd, gradient.add(at), mask);
                            let y = load::<S, MASKED>(simd, raw.add(at), mask);
                            let value = simd.fma(g, a[n], simd.fma(y, b[n], c[n]));
                            store::<S, MASKED>(simd, to.add(at), value, mask);
                        }
                    }
                }
            }
        });
    }
}
