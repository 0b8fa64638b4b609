//! Convolutions with kernels of 3 x 3 and stride 1 in the space of Winograd's transform: sixteen small matrix products
//! for a block of tiles, with fewer than half the multiplications. See [`ToPlanes`].

use super::frame::Framed;
use crate::train::simd::{
    Ahead, Convolve, ConvolveGradient, FromPlanes, Level, Lines, PLANES, Run, Start, ToPlanes,
    WIDTH, Way, plane,
};

/// Values of a plane at most, unless one row of tiles has more: the planes of a block stay in the second-level cache.
const BLOCK: usize = 1024;

pub(super) struct Winograd {
    /// Of input and output.
    channels: [usize; 2],
    /// For each plane `I x O`.
    weights: Lines,
    /// For each plane `O x I`, of the kernel turned by half a turn.
    transposed: Lines,
}

/// Where an image lies: its values from the first pixel, and the distance of its rows.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub pixels: &'a [f32],
    pub row: usize,
}

impl<'a> Place<'a> {
    pub(super) fn new(pixels: &'a [f32], row: usize) -> Self {
        Self { pixels, row }
    }
}

impl Winograd {
    /// For convolutions that it suits: in these the way there and the way back are both made of whole tiles, and
    /// channels of whole vectors.
    pub(super) fn new(framed: &Framed) -> Option<Self> {
        let sliding = &framed.sliding;
        let suits = sliding.size == [3, 3]
            && sliding.stride == [1, 1]
            && sliding.dilation == [1, 1]
            && framed.channels.iter().all(|c| c.is_multiple_of(WIDTH))
            && (sliding.input.iter().chain(&sliding.output)).all(|pixels| pixels % 2 == 0)
            && framed.frame == sliding.output.map(|pixels| pixels + 2)
            && framed.transpose.frame == sliding.input.map(|pixels| pixels + 2);
        suits.then(|| Self {
            channels: framed.channels,
            weights: Lines::default(),
            transposed: Lines::default(),
        })
    }

    /// Values of a gradient of the weights.
    pub(super) fn packed_len(&self) -> usize {
        PLANES * self.channels[0] * self.channels[1]
    }

    /// Transforms weights `OHWI`.
    pub(super) fn pack(&mut self, weights: &[f32]) {
        let [inputs, outputs] = self.channels;
        let len = self.packed_len();
        self.weights.resize(len, 0.0);
        self.transposed.resize(len, 0.0);
        for output in 0..outputs {
            for input in 0..inputs {
                let tap = |tap: usize| weights[(output * 9 + tap) * inputs + input];
                let there = kernel(std::array::from_fn(tap));
                let back = kernel(std::array::from_fn(|at| tap(8 - at)));
                for at in 0..PLANES {
                    self.weights[(at * inputs + input) * outputs + output] = there[at];
                    self.transposed[(at * outputs + output) * inputs + input] = back[at];
                }
            }
        }
    }

    /// Takes a gradient of the transformed weights back to `OHWI`.
    pub(super) fn unpack(&self, packed: &[f32], gradient: &mut [f32]) {
        let [inputs, outputs] = self.channels;
        for output in 0..outputs {
            for input in 0..inputs {
                let at = |at: usize| packed[(at * inputs + input) * outputs + output];
                let taps = kernel_gradient(std::array::from_fn(at));
                for (tap, value) in taps.into_iter().enumerate() {
                    gradient[(output * 9 + tap) * inputs + input] = value;
                }
            }
        }
    }

    /// The blocks of an image of `pixels` rows and columns: the first row of tiles of each, and its rows and columns.
    fn blocks(&self, pixels: [usize; 2]) -> impl ExactSizeIterator<Item = (usize, [usize; 2])> {
        let [rows, columns] = pixels.map(|pixels| pixels / 2);
        let block = self.block([rows, columns]);
        let first = (0..rows).step_by(block);
        first.map(move |first| (first, [block.min(rows - first), columns]))
    }

    /// Rows of tiles that are taken at once, of `tiles`.
    fn block(&self, [rows, columns]: [usize; 2]) -> usize {
        let widest = self.channels[0].max(self.channels[1]);
        (BLOCK / widest / columns).clamp(1, rows)
    }

    /// Working memory for images with `pixels` rows and columns.
    pub(super) fn scratch_len(&self, pixels: [usize; 2]) -> usize {
        let tiles = pixels.map(|pixels| pixels / 2);
        let tiles = self.block(tiles) * tiles[1];
        let planes = self
            .channels
            .map(|channels| PLANES * plane(tiles, channels));
        planes[0] + planes[1]
    }

    /// An image of `pixels` rows and columns from `input` in its frame of zeros; with `back` the input is the output's
    /// gradient, and the image the input's.
    pub(super) fn convolve(
        &self,
        level: Level,
        back: bool,
        input: Place<'_>,
        (image, pixels): (&mut [f32], [usize; 2]),
        start: Start<'_>,
        (scratch, ahead): (&mut [f32], Ahead),
    ) {
        let ([inputs, outputs], weights) = if back {
            ([self.channels[1], self.channels[0]], &self.transposed)
        } else {
            (self.channels, &self.weights)
        };
        let (blocks, runs) = (self.blocks(pixels), runs(inputs));
        let calls = blocks.len() * PLANES;
        for (block, (first, tiles)) in blocks.enumerate() {
            let count = tiles[0] * tiles[1];
            let (from, to) = scratch.split_at_mut(PLANES * plane(count, inputs));
            level.run(ToPlanes {
                way: Way::Input,
                pixels: &input.pixels[2 * first * input.row..],
                row: input.row,
                tiles,
                channels: inputs,
                planes: from,
            });
            for at in 0..PLANES {
                level.run(Convolve {
                    input: &from[at * plane(count, inputs)..],
                    input_pixel: inputs,
                    input_row: 0,
                    output: &mut to[at * plane(count, outputs)..],
                    output_pixel: outputs,
                    output_row: 0,
                    rows: 1,
                    pixels: count,
                    channels: outputs,
                    weights: &weights[at * inputs * outputs..],
                    runs: &runs,
                    start: Start::Zero,
                    ahead: ahead.piece(block * PLANES + at, calls),
                });
            }
            let row = pixels[1] * outputs;
            level.run(FromPlanes {
                planes: to,
                pixels: &mut image[2 * first * row..],
                row,
                tiles,
                channels: outputs,
                start,
            });
        }
    }

    /// Adds the gradient of the transformed weights to `packed`: `pixels` rows and columns of `upstream`, over `input` in
    /// its frame.
    pub(super) fn gradient(
        &self,
        level: Level,
        input: Place<'_>,
        upstream: Place<'_>,
        pixels: [usize; 2],
        packed: &mut [f32],
        (scratch, ahead): (&mut [f32], Ahead),
    ) {
        let [inputs, outputs] = self.channels;
        let (blocks, runs) = (self.blocks(pixels), runs(inputs));
        let calls = blocks.len() * PLANES;
        for (block, (first, tiles)) in blocks.enumerate() {
            let count = tiles[0] * tiles[1];
            let (values, gradients) = scratch.split_at_mut(PLANES * plane(count, inputs));
            let sides = [
                (Way::Input, input, inputs, &mut *values),
                (Way::Gradient, upstream, outputs, &mut *gradients),
            ];
            for (way, Place { pixels, row }, channels, planes) in sides {
                level.run(ToPlanes {
                    way,
                    pixels: &pixels[2 * first * row..],
                    row,
                    tiles,
                    channels,
                    planes,
                });
            }
            for (at, packed) in packed.chunks_exact_mut(inputs * outputs).enumerate() {
                level.run(ConvolveGradient {
                    input: &values[at * plane(count, inputs)..],
                    input_pixel: inputs,
                    input_row: 0,
                    upstream: &gradients[at * plane(count, outputs)..],
                    upstream_row: 0,
                    rows: 1,
                    pixels: count,
                    channels: outputs,
                    runs: &runs,
                    gradient: packed,
                    ahead: ahead.piece(block * PLANES + at, calls),
                });
            }
        }
    }
}

fn runs(len: usize) -> Vec<Run> {
    Run::split([Run {
        input: 0,
        row: 0,
        len,
    }])
}

/// A kernel's sixteen values.
fn kernel(taps: [f32; 9]) -> [f32; PLANES] {
    let axis = |[a, b, c]: [f32; 3]| [a, 0.5 * (a + c + b), 0.5 * (a + c - b), c];
    let columns: [[f32; 4]; 3] =
        std::array::from_fn(|column| axis([0, 3, 6].map(|row| taps[row + column])));
    let rows: [[f32; 4]; 4] = std::array::from_fn(|row| axis(columns.map(|column| column[row])));
    std::array::from_fn(|at| rows[at / 4][at % 4])
}

/// The way back of [`kernel`].
fn kernel_gradient(values: [f32; PLANES]) -> [f32; 9] {
    let axis = |[a, b, c, d]: [f32; 4]| {
        let (sum, difference) = (0.5 * (b + c), 0.5 * (b - c));
        [a + sum, difference, sum + d]
    };
    let columns: [[f32; 3]; 4] =
        std::array::from_fn(|column| axis([0, 4, 8, 12].map(|row| values[row + column])));
    let rows: [[f32; 3]; 3] = std::array::from_fn(|row| axis(columns.map(|column| column[row])));
    std::array::from_fn(|at| rows[at / 3][at % 3])
}
