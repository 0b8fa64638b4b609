//! Winograd's transforms for kernels of 3 x 3: four output pixels from sixteen products instead of thirty-six.
//!
//! Lavin and Gray, *Fast Algorithms for Convolutional Neural Networks*, 2016, `F(2 x 2, 3 x 3)`. An image is cut into
//! tiles of 2 x 2 outputs, each of which reads 4 x 4 inputs. A transformed tile has sixteen values a channel; value `f` of
//! all tiles is a matrix of `tiles x channels`, a plane. Planes are multiplied by [`Convolve`](super::Convolve).
//! The transforms only add, so their rounding differs from the plain sums' in the last bits.

use super::{Operation, Simd, Start, WIDTH};

/// Values of a transformed tile.
pub(crate) const PLANES: usize = 16;

/// Distance of planes: not a power of two, for they would all fall into one place of the first-level cache.
pub(crate) fn plane(tiles: usize, channels: usize) -> usize {
    tiles * channels + WIDTH
}

/// Which way to transform.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// 4 x 4 inputs to a tile.
    Input,
    /// The gradient of 2 x 2 outputs to that of a tile.
    Gradient,
}

/// Pixels to planes.
pub(crate) struct ToPlanes<'a> {
    pub way: Way,
    /// The first tile's first pixel; rows are `row` apart, pixels `channels`.
    pub pixels: &'a [f32],
    /// Distance of rows.
    pub row: usize,
    /// Rows and columns of tiles.
    pub tiles: [usize; 2],
    /// Channels, a multiple of [`WIDTH`].
    pub channels: usize,
    /// [`PLANES`] planes.
    pub planes: &'a mut [f32],
}

impl Operation for ToPlanes<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        match self.way {
            Way::Input => self.tiles::<S, 4>(simd),
            Way::Gradient => self.tiles::<S, 2>(simd),
        }
    }
}

impl ToPlanes<'_> {
    /// Tiles of `REACH x REACH` pixels.
    #[inline(always)]
    fn tiles<S: Simd, const REACH: usize>(self, simd: S) {
        let [rows, columns] = self.tiles;
        let (channels, plane) = (self.channels, plane(rows * columns, self.channels));
        assert!(rows > 0 && columns > 0 && channels.is_multiple_of(WIDTH));
        let last = (2 * rows - 2) * self.row + (2 * columns - 2) * channels;
        assert!(last + (REACH - 1) * (self.row + channels) + channels <= self.pixels.len());
        assert!(PLANES * plane <= self.planes.len());
        for tile in 0..rows * columns {
            let from = tile / columns * 2 * self.row + tile % columns * 2 * channels;
            let mut first = 0;
            while first < channels {
                // SAFETY: the last tile's last pixel and the last plane were asserted to lie within the slices; channels
                // are whole vectors.
                unsafe {
                    let from = self.pixels.as_ptr().add(from + first);
                    let to = self.planes.as_mut_ptr().add(tile * channels + first);
                    let mut half = [[simd.splat(0.0); 4]; 4];
                    for column in 0..REACH {
                        let mut values = [simd.splat(0.0); 4];
                        for row in 0..REACH {
                            values[row] = simd.load(from.add(row * self.row + column * channels));
                        }
                        let values = transform::<S, REACH>(simd, values);
                        for row in 0..4 {
                            half[row][column] = values[row];
                        }
                    }
                    for row in 0..4 {
                        let values = transform::<S, REACH>(simd, half[row]);
                        for column in 0..4 {
                            simd.store(to.add((4 * row + column) * plane), values[column]);
                        }
                    }
                }
                first += S::LANES;
            }
        }
    }
}

/// One axis: four inputs, or two gradients, to four values.
#[inline(always)]
fn transform<S: Simd, const REACH: usize>(simd: S, [a, b, c, d]: [S::F; 4]) -> [S::F; 4] {
    if REACH == 4 {
        let middle = [simd.add(b, c), simd.sub(c, b)];
        [simd.sub(a, c), middle[0], middle[1], simd.sub(b, d)]
    } else {
        let minus = simd.sub(simd.splat(0.0), b);
        [a, simd.add(a, b), simd.sub(a, b), minus]
    }
}

/// Planes to 2 x 2 pixels a tile.
pub(crate) struct FromPlanes<'a> {
    /// [`PLANES`] planes.
    pub planes: &'a [f32],
    /// The first tile's first pixel; rows are `row` apart, pixels `channels`.
    pub pixels: &'a mut [f32],
    /// Distance of rows.
    pub row: usize,
    /// Rows and columns of tiles.
    pub tiles: [usize; 2],
    /// Channels, a multiple of [`WIDTH`].
    pub channels: usize,
    /// What the pixels start from.
    pub start: Start<'a>,
}

impl Operation for FromPlanes<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let [rows, columns] = self.tiles;
        let (channels, plane) = (self.channels, plane(rows * columns, self.channels));
        assert!(rows > 0 && columns > 0 && channels.is_multiple_of(WIDTH));
        let last = (2 * rows - 1) * self.row + (2 * columns - 1) * channels;
        assert!(last + channels <= self.pixels.len());
        assert!(PLANES * plane <= self.planes.len());
        if let Start::Bias(bias) = self.start {
            assert!(channels <= bias.len());
        }
        for tile in 0..rows * columns {
            let to = tile / columns * 2 * self.row + tile % columns * 2 * channels;
            let mut first = 0;
            while first < channels {
                // SAFETY: the last tile's last pixel, the last plane and the bias were asserted to lie within the slices;
                // channels are whole vectors.
                unsafe {
                    let from = self.planes.as_ptr().add(tile * channels + first);
                    let to = self.pixels.as_mut_ptr().add(to + first);
                    let mut half = [[simd.splat(0.0); 4]; 2];
                    for column in 0..4 {
                        let mut values = [simd.splat(0.0); 4];
                        for row in 0..4 {
                            values[row] = simd.load(from.add((4 * row + column) * plane));
                        }
                        let values = gather(simd, values);
                        half[0][column] = values[0];
                        half[1][column] = values[1];
                    }
                    for row in 0..2 {
                        let values = gather(simd, half[row]);
                        for column in 0..2 {
                            let to = to.add(row * self.row + column * channels);
                            let value = match self.start {
                                Start::Zero => values[column],
                                Start::Bias(bias) => {
                                    let bias = simd.load(bias.as_ptr().add(first));
                                    simd.add(bias, values[column])
                                }
                                Start::Output => simd.add(simd.load(to), values[column]),
                            };
                            simd.store(to, value);
                        }
                    }
                }
                first += S::LANES;
            }
        }
    }
}

/// One axis: four values to two outputs.
#[inline(always)]
fn gather<S: Simd>(simd: S, [a, b, c, d]: [S::F; 4]) -> [S::F; 2] {
    [simd.add(simd.add(a, b), c), simd.sub(simd.sub(b, c), d)]
}
