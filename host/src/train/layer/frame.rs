//! What convolutions share: frames of zeros around an image and around its output's gradient, and where patches lie in
//! them.

use super::transpose::{Phase, Transpose};
use crate::train::signal::{Signal, Sink};
use crate::train::simd::{Ahead, Level};
use crate::train::sliding::Sliding;

pub(crate) struct Framed {
    pub sliding: Sliding,
    /// Of input and output.
    pub channels: [usize; 2],
    /// Rows and columns of the padded input.
    pub frame: [usize; 2],
    /// The way back.
    pub transpose: Transpose,
}

/// Where a tap lies.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// Its number in the kernel, by row, then column.
    pub tap: usize,
    /// Offset from the patch's origin, in values.
    pub offset: usize,
}

impl Framed {
    pub(crate) fn new(sliding: Sliding, channels: [usize; 2]) -> Self {
        Self {
            sliding,
            channels,
            frame: sliding.frame(),
            transpose: Transpose::new(&sliding),
        }
    }

    /// Taps of the kernel.
    pub(crate) fn taps(&self) -> usize {
        self.sliding.size[0] * self.sliding.size[1]
    }

    /// The taps in the frame of the input.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> {
        let Self { sliding, .. } = self;
        (0..self.taps()).map(|tap| {
            let [row, column] = [tap / sliding.size[1], tap % sliding.size[1]];
            let pixel = row * sliding.dilation[0] * self.frame[1] + column * sliding.dilation[1];
            Place {
                tap,
                offset: pixel * self.channels[0],
            }
        })
    }

    /// The taps of `phase` in the frame of the output's gradient.
    pub(crate) fn places_back(&self, phase: &Phase) -> impl Iterator<Item = Place> {
        phase.taps.iter().map(|tap| Place {
            tap: tap.tap[0] * self.sliding.size[1] + tap.tap[1],
            offset: (tap.shift[0] * self.transpose.frame[1] + tap.shift[1]) * self.channels[1],
        })
    }

    /// One image of the input with its padding; `scratch` is zero outside the image.
    pub(crate) fn input<'a>(
        &self,
        signal: &'a Signal,
        image: usize,
        scratch: &'a mut [f32],
        level: Level,
    ) -> &'a [f32] {
        if self.frame == self.sliding.input {
            return signal.read(level, image..image + 1, scratch);
        }
        let begin = (self.sliding.pad[0] * self.frame[1] + self.sliding.pad[1]) * self.channels[0];
        signal.read_framed(level, image, &mut scratch[begin..], self.frame[1]);
        scratch
    }

    /// Distances of patches: rows, pixels.
    pub(crate) fn input_strides(&self) -> [usize; 2] {
        let [rows, columns] = self.sliding.stride;
        let inputs = self.channels[0];
        [rows * self.frame[1] * inputs, columns * inputs]
    }

    /// Where the output's gradient begins in its frame, and the distance of its rows.
    pub(crate) fn upstream(&self) -> [usize; 2] {
        let (columns, outputs) = (self.transpose.frame[1], self.channels[1]);
        let [row, column] = self.transpose.pad;
        [(row * columns + column) * outputs, columns * outputs]
    }

    /// The first value of `phase` in an image of the input, then the distances of its rows and pixels.
    pub(crate) fn phase(&self, phase: &Phase) -> [usize; 3] {
        let (inputs, columns) = (self.channels[0], self.sliding.input[1]);
        let [rows, pixels] = self.sliding.stride;
        let first = phase.at[0] * columns + phase.at[1];
        [first, rows * columns, pixels].map(|pixels| pixels * inputs)
    }

    /// Values of both frames.
    pub(crate) fn scratch_len(&self) -> [usize; 2] {
        let frames = [self.frame, self.transpose.frame];
        let [input, upstream] = frames.map(|[rows, columns]| rows * columns);
        [input * self.channels[0], upstream * self.channels[1]]
    }
}

/// What the way back needs after the gradient of the weights: the next image of `output`'s gradient, and where image `at`
/// of the chunk writes its own.
pub(crate) fn ahead_back(
    output: &Signal,
    image: usize,
    sink: &mut Option<Sink<'_>>,
    at: usize,
) -> Ahead {
    let [gradient, raw] = output.stored_upstream(image + 1);
    let ahead = Ahead::default().and(gradient).and(raw);
    match sink {
        Some(sink) => ahead.and(sink.image(at)),
        None => ahead,
    }
}
