//! `conv2d`: weights `OHWI`.

use super::frame::{Framed, Place};
use super::{Layer, Scratch};
use crate::train::signal::{Output, Signal, Sink};
use crate::train::simd::{Ahead, Convolve, ConvolveGradient, Lines, Run, Start, padded};
use crate::train::sliding::Sliding;
use std::ops::Range;

pub(crate) struct Conv2d {
    framed: Framed,
    runs: Vec<Run>,
    /// For each phase of the way back, its runs.
    phases: Vec<Vec<Run>>,
    /// `(HWI) x padded(O)`.
    weights: Lines,
    /// For each phase its taps: `(taps O) x padded(I)`.
    transposed: Lines,
    bias: Lines,
}

impl Conv2d {
    pub(crate) fn new(sliding: Sliding, inputs: usize, outputs: usize) -> Self {
        let framed = Framed::new(sliding, [inputs, outputs]);
        let run = |Place { tap, offset }| Run {
            input: offset,
            row: tap * inputs,
            len: inputs,
        };
        let runs = joined(framed.places().map(run));
        // Transposed weights lie phase by phase.
        let mut row = 0;
        let phases = framed.transpose.phases.iter().map(|phase| {
            let taps = framed.places_back(phase).map(|Place { offset, .. }| {
                row += outputs;
                Run {
                    input: offset,
                    row: row - outputs,
                    len: outputs,
                }
            });
            joined(taps)
        });
        Self {
            phases: phases.collect(),
            framed,
            runs,
            weights: Lines::default(),
            transposed: Lines::default(),
            bias: Lines::default(),
        }
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
        let [inputs, outputs] = self.framed.channels;
        let (patch, width) = (self.framed.taps() * inputs, padded(outputs));
        self.weights.resize(patch * width, 0.0);
        for (output, from) in weights.chunks_exact(patch).enumerate() {
            for (k, value) in from.iter().enumerate() {
                self.weights[k * width + output] = *value;
            }
        }
        let width = padded(inputs);
        let phases = self.framed.transpose.phases.iter();
        let places = phases.flat_map(|phase| self.framed.places_back(phase));
        self.transposed
            .resize(self.framed.taps() * outputs * width, 0.0);
        for (place, to) in places.zip(self.transposed.chunks_exact_mut(outputs * width)) {
            let at = place.tap * inputs;
            for (from, to) in weights.chunks_exact(patch).zip(to.chunks_exact_mut(width)) {
                to[..inputs].copy_from_slice(&from[at..at + inputs]);
            }
        }
        self.bias.copy(bias);
        self.bias.resize(padded(outputs), 0.0);
    }

    fn packed_len(&self) -> usize {
        let [inputs, outputs] = self.framed.channels;
        self.framed.taps() * inputs * padded(outputs)
    }

    fn unpack(&self, packed: &[f32], gradient: &mut [f32]) {
        let width = padded(self.framed.channels[1]);
        let patch = packed.len() / width;
        for (output, to) in gradient.chunks_exact_mut(patch).enumerate() {
            for (k, value) in to.iter_mut().enumerate() {
                *value = packed[k * width + output];
            }
        }
    }

    fn scratch_len(&self, _images: usize) -> [usize; 2] {
        self.framed.scratch_len()
    }

    fn forward(
        &self,
        inputs: [&Signal; 2],
        images: Range<usize>,
        output: &mut Output<'_>,
        scratch: &mut Scratch,
    ) {
        let level = output.level;
        let channels = self.framed.channels[1];
        let [input_row, input_pixel] = self.framed.input_strides();
        let [rows, pixels] = self.framed.sliding.output;
        for (at, image) in images.enumerate() {
            let ahead = Ahead::default().and(inputs[0].stored(image + 1));
            let (to, next) = output.image_and_next(at);
            level.run(Convolve {
                input: (self.framed).input(inputs[0], image, &mut scratch.input, level),
                input_pixel,
                input_row,
                output: to,
                output_pixel: channels,
                output_row: pixels * channels,
                rows,
                pixels,
                channels,
                weights: &self.weights,
                runs: &self.runs,
                start: Start::Bias(&self.bias),
                ahead: ahead.and(next),
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
        let (level, framed) = (scratch.level, &self.framed);
        let [channels_in, channels_out] = framed.channels;
        let [input_row, input_pixel] = framed.input_strides();
        let [rows, pixels] = framed.sliding.output;
        let [begin, upstream_row] = framed.upstream();
        let columns = framed.transpose.frame[1];
        for (at, image) in images.enumerate() {
            output.upstream_framed(level, image, &mut scratch.upstream[begin..], columns);
            let [gradient, raw] = output.stored_upstream(image + 1);
            let mut ahead = Ahead::default().and(gradient).and(raw);
            if let Some(sink) = &mut sink {
                ahead = ahead.and(sink.image(at));
            }
            level.run(ConvolveGradient {
                input: framed.input(inputs[0], image, &mut scratch.input, level),
                input_pixel,
                input_row,
                upstream: &scratch.upstream[begin..],
                upstream_row,
                rows,
                pixels,
                channels: channels_out,
                runs: &self.runs,
                gradient: packed,
                ahead,
            });
            let Some(sink) = &mut sink else { continue };
            let start = sink.start();
            let mut ahead = Ahead::default().and(inputs[0].stored(image + 1));
            for (phase, runs) in framed.transpose.phases.iter().zip(&self.phases) {
                let [first, output_row, output_pixel] = framed.phase(phase);
                level.run(Convolve {
                    input: &scratch.upstream,
                    input_pixel: channels_out,
                    input_row: upstream_row,
                    output: &mut sink.image(at)[first..],
                    output_pixel,
                    output_row,
                    rows: phase.count[0],
                    pixels: phase.count[1],
                    channels: channels_in,
                    weights: &self.transposed,
                    runs,
                    start,
                    ahead: std::mem::take(&mut ahead),
                });
            }
            sink.finish(at..at + 1);
        }
    }
}
