//! `conv2d`: weights `OHWI`.

use super::transpose::Transpose;
use super::{Layer, Scratch};
use crate::train::signal::{Output, Signal, Sink};
use crate::train::simd::{Convolve, ConvolveGradient, Level, Run, Start, padded};
use crate::train::sliding::Sliding;
use std::ops::Range;

pub(crate) struct Conv2d {
    sliding: Sliding,
    channels: [usize; 2],
    /// Rows and columns of the padded input.
    frame: [usize; 2],
    runs: Vec<Run>,
    transpose: Transpose,
    /// For each phase of `transpose`, its runs.
    phases: Vec<Vec<Run>>,
    /// `(HWI) x padded(O)`.
    weights: Vec<f32>,
    /// For each phase its taps: `(taps O) x padded(I)`.
    transposed: Vec<f32>,
    bias: Vec<f32>,
}

impl Conv2d {
    pub(crate) fn new(sliding: Sliding, inputs: usize, outputs: usize) -> Self {
        let frame = sliding.frame();
        let [rows, columns] = sliding.size;
        let tap = |row: usize, column: usize| Run {
            input: (row * sliding.dilation[0] * frame[1] + column * sliding.dilation[1]) * inputs,
            row: (row * columns + column) * inputs,
            len: inputs,
        };
        let taps = (0..rows).flat_map(|row| (0..columns).map(move |column| tap(row, column)));
        let runs = joined(taps);
        let transpose = Transpose::new(&sliding);
        let mut row = 0;
        let phases = transpose.phases.iter().map(|phase| {
            let taps = phase.taps.iter().map(|tap| {
                row += outputs;
                Run {
                    input: (tap.shift[0] * transpose.frame[1] + tap.shift[1]) * outputs,
                    row: row - outputs,
                    len: outputs,
                }
            });
            joined(taps)
        });
        let phases = phases.collect();
        Self {
            sliding,
            channels: [inputs, outputs],
            frame,
            runs,
            phases,
            transpose,
            weights: Vec::new(),
            transposed: Vec::new(),
            bias: Vec::new(),
        }
    }

    /// Whether the input needs no frame.
    fn fits(&self) -> bool {
        self.frame == self.sliding.input
    }

    /// One image of the input with its padding.
    fn framed<'a>(
        &self,
        signal: &'a Signal,
        image: usize,
        scratch: &'a mut [f32],
        level: Level,
    ) -> &'a [f32] {
        if self.fits() {
            return signal.read(level, image..image + 1, scratch);
        }
        let begin = (self.sliding.pad[0] * self.frame[1] + self.sliding.pad[1]) * self.channels[0];
        signal.read_framed(level, image, &mut scratch[begin..], self.frame[1]);
        scratch
    }

    fn input_strides(&self) -> [usize; 2] {
        let [rows, columns] = self.sliding.stride;
        [
            rows * self.frame[1] * self.channels[0],
            columns * self.channels[0],
        ]
    }
}

/// Joins taps that lie side by side in the input and in the weights.
fn joined(taps: impl Iterator<Item = Run>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for tap in taps {
        match runs.last_mut() {
            Some(last) if last.input + last.len == tap.input && last.row + last.len == tap.row => {
                last.len += tap.len
            }
            _ => runs.push(tap),
        }
    }
    Run::split(runs)
}

impl Layer for Conv2d {
    fn pack(&mut self, weights: &[f32], bias: &[f32]) {
        let [inputs, outputs] = self.channels;
        let [rows, columns] = self.sliding.size;
        let (patch, width) = (rows * columns * inputs, padded(outputs));
        self.weights.resize(patch * width, 0.0);
        for (output, from) in weights.chunks_exact(patch).enumerate() {
            for (k, value) in from.iter().enumerate() {
                self.weights[k * width + output] = *value;
            }
        }
        let width = padded(inputs);
        let taps = self.transpose.phases.iter().flat_map(|phase| &phase.taps);
        self.transposed
            .resize(rows * columns * outputs * width, 0.0);
        for (tap, to) in taps.zip(self.transposed.chunks_exact_mut(outputs * width)) {
            let at = (tap.tap[0] * columns + tap.tap[1]) * inputs;
            for (from, to) in weights.chunks_exact(patch).zip(to.chunks_exact_mut(width)) {
                to[..inputs].copy_from_slice(&from[at..at + inputs]);
            }
        }
        self.bias.clear();
        self.bias.extend_from_slice(bias);
        self.bias.resize(padded(outputs), 0.0);
    }

    fn packed_len(&self) -> usize {
        self.sliding.size[0] * self.sliding.size[1] * self.channels[0] * padded(self.channels[1])
    }

    fn unpack(&self, packed: &[f32], gradient: &mut [f32]) {
        let width = padded(self.channels[1]);
        let patch = packed.len() / width;
        for (output, to) in gradient.chunks_exact_mut(patch).enumerate() {
            for (k, value) in to.iter_mut().enumerate() {
                *value = packed[k * width + output];
            }
        }
    }

    fn scratch_len(&self, _images: usize) -> [usize; 2] {
        let [inputs, outputs] = self.channels;
        let [input, upstream] =
            [self.frame, self.transpose.frame].map(|[rows, columns]| rows * columns);
        [input * inputs, upstream * outputs]
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
            level.run(Convolve {
                input: self.framed(inputs[0], image, &mut scratch.input, level),
                input_pixel,
                input_row,
                output: output.image(at),
                output_pixel: self.channels[1],
                output_row: pixels * self.channels[1],
                rows,
                pixels,
                channels: self.channels[1],
                weights: &self.weights,
                runs: &self.runs,
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
        let [channels_in, channels_out] = self.channels;
        let level = scratch.level;
        let [input_row, input_pixel] = self.input_strides();
        let [rows, pixels] = self.sliding.output;
        let columns = self.transpose.frame[1];
        let begin = (self.transpose.pad[0] * columns + self.transpose.pad[1]) * channels_out;
        for (at, image) in images.enumerate() {
            output.upstream_framed(level, image, &mut scratch.upstream[begin..], columns);
            level.run(ConvolveGradient {
                input: self.framed(inputs[0], image, &mut scratch.input, level),
                input_pixel,
                input_row,
                upstream: &scratch.upstream[begin..],
                upstream_row: columns * channels_out,
                rows,
                pixels,
                channels: channels_out,
                runs: &self.runs,
                gradient: packed,
            });
            let Some(sink) = &mut sink else { continue };
            let start = sink.start();
            for (phase, runs) in self.transpose.phases.iter().zip(&self.phases) {
                let first = (phase.at[0] * self.sliding.input[1] + phase.at[1]) * channels_in;
                level.run(Convolve {
                    input: &scratch.upstream,
                    input_pixel: channels_out,
                    input_row: columns * channels_out,
                    output: &mut sink.image(at)[first..],
                    output_pixel: self.sliding.stride[1] * channels_in,
                    output_row: self.sliding.stride[0] * self.sliding.input[1] * channels_in,
                    rows: phase.count[0],
                    pixels: phase.count[1],
                    channels: channels_in,
                    weights: &self.transposed,
                    runs,
                    start,
                });
            }
            sink.finish(at..at + 1);
        }
    }
}
