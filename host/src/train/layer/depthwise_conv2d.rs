//! `depthwise_conv2d`: weights `HWC`.

use super::transpose::Transpose;
use super::{Layer, Scratch};
use crate::train::signal::{Output, Signal, Sink};
use crate::train::simd::{Depthwise, DepthwiseGradient, Level, Start, Tap, padded};
use crate::train::sliding::Sliding;
use std::ops::Range;

pub(crate) struct DepthwiseConv2d {
    sliding: Sliding,
    channels: usize,
    /// Rows and columns of the padded input.
    frame: [usize; 2],
    taps: Vec<Tap>,
    transpose: Transpose,
    /// For each phase of `transpose`, its taps.
    phases: Vec<Vec<Tap>>,
    /// `(HW) x padded(C)`.
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl DepthwiseConv2d {
    pub(crate) fn new(sliding: Sliding, channels: usize) -> Self {
        let frame = sliding.frame();
        let [rows, columns] = sliding.size;
        let tap = |row: usize, column: usize| Tap {
            input: (row * sliding.dilation[0] * frame[1] + column * sliding.dilation[1]) * channels,
            row: row * columns + column,
        };
        let taps = (0..rows)
            .flat_map(|row| (0..columns).map(move |column| tap(row, column)))
            .collect();
        let transpose = Transpose::new(&sliding);
        let phases = transpose.phases.iter().map(|phase| {
            let taps = phase.taps.iter().map(|tap| Tap {
                input: (tap.shift[0] * transpose.frame[1] + tap.shift[1]) * channels,
                row: tap.tap[0] * columns + tap.tap[1],
            });
            taps.collect()
        });
        let phases = phases.collect();
        Self {
            sliding,
            channels,
            frame,
            taps,
            phases,
            transpose,
            weights: Vec::new(),
            bias: Vec::new(),
        }
    }

    /// One image of the input with its padding.
    fn framed<'a>(
        &self,
        signal: &'a Signal,
        image: usize,
        scratch: &'a mut [f32],
        level: Level,
    ) -> &'a [f32] {
        let begin = (self.sliding.pad[0] * self.frame[1] + self.sliding.pad[1]) * self.channels;
        signal.read_framed(level, image, &mut scratch[begin..], self.frame[1]);
        scratch
    }

    fn input_strides(&self) -> [usize; 2] {
        let [rows, columns] = self.sliding.stride;
        [
            rows * self.frame[1] * self.channels,
            columns * self.channels,
        ]
    }
}

impl Layer for DepthwiseConv2d {
    fn pack(&mut self, weights: &[f32], bias: &[f32]) {
        let width = padded(self.channels);
        self.weights.resize(self.packed_len(), 0.0);
        for (from, to) in weights
            .chunks_exact(self.channels)
            .zip(self.weights.chunks_exact_mut(width))
        {
            to[..self.channels].copy_from_slice(from);
        }
        self.bias.clear();
        self.bias.extend_from_slice(bias);
        self.bias.resize(width, 0.0);
    }

    fn packed_len(&self) -> usize {
        self.sliding.size[0] * self.sliding.size[1] * padded(self.channels)
    }

    fn unpack(&self, packed: &[f32], gradient: &mut [f32]) {
        for (to, from) in gradient
            .chunks_exact_mut(self.channels)
            .zip(packed.chunks_exact(padded(self.channels)))
        {
            to.copy_from_slice(&from[..self.channels]);
        }
    }

    fn scratch_len(&self, _images: usize) -> [usize; 2] {
        [self.frame, self.transpose.frame].map(|[rows, columns]| rows * columns * self.channels)
    }

    fn forward(
        &self,
        inputs: [&Signal; 2],
        images: Range<usize>,
        output: &mut Output<'_>,
        scratch: &mut Scratch,
    ) {
        let level = output.level;
        let [input_row, input_pixel] = self.input_strides();
        let [rows, pixels] = self.sliding.output;
        for (at, image) in images.enumerate() {
            level.run(Depthwise {
                input: self.framed(inputs[0], image, &mut scratch.input, level),
                input_pixel,
                input_row,
                output: output.image(at),
                output_pixel: self.channels,
                output_row: pixels * self.channels,
                rows,
                pixels,
                channels: self.channels,
                weights: &self.weights,
                taps: &self.taps,
                start: Start::Bias(&self.bias),
            });
            output.finish(at..at + 1);
        }
    }

    fn backward(
        &self,
        inputs: [&Signal; 2],
        output: &Signal,
        images: Range<usize>,
        packed: &mut [f32],
        mut sink: Option<Sink<'_>>,
        scratch: &mut Scratch,
    ) {
        let channels = self.channels;
        let level = scratch.level;
        let [input_row, input_pixel] = self.input_strides();
        let [rows, pixels] = self.sliding.output;
        let columns = self.transpose.frame[1];
        let begin = (self.transpose.pad[0] * columns + self.transpose.pad[1]) * channels;
        for (at, image) in images.enumerate() {
            output.upstream_framed(level, image, &mut scratch.upstream[begin..], columns);
            level.run(DepthwiseGradient {
                input: self.framed(inputs[0], image, &mut scratch.input, level),
                input_pixel,
                input_row,
                upstream: &scratch.upstream[begin..],
                upstream_row: columns * channels,
                rows,
                pixels,
                channels,
                taps: &self.taps,
                gradient: packed,
            });
            let Some(sink) = &mut sink else { continue };
            let start = sink.start();
            for (phase, taps) in self.transpose.phases.iter().zip(&self.phases) {
                let first = (phase.at[0] * self.sliding.input[1] + phase.at[1]) * channels;
                level.run(Depthwise {
                    input: &scratch.upstream,
                    input_pixel: channels,
                    input_row: columns * channels,
                    output: &mut sink.image(at)[first..],
                    output_pixel: self.sliding.stride[1] * channels,
                    output_row: self.sliding.stride[0] * self.sliding.input[1] * channels,
                    rows: phase.count[0],
                    pixels: phase.count[1],
                    channels,
                    weights: &self.weights,
                    taps,
                    start,
                });
            }
            sink.finish(at..at + 1);
        }
    }
}
