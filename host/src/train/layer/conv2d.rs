//! `conv2d`: weights `OHWI`.

use super::frame::{Framed, Place, ahead_back};
use super::winograd::{self, Winograd};
use super::{Layer, Scratch};
use crate::train::signal::{Output, Signal, Sink};
use crate::train::simd::{Ahead, Convolve, ConvolveGradient, Lines, Run, Start, padded};
use crate::train::sliding::Sliding;
use std::ops::Range;

pub(crate) struct Conv2d {
    framed: Framed,
    /// Where it suits, instead of all below but the bias.
    winograd: Option<Winograd>,
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
            winograd: Winograd::new(&framed),
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
        self.bias.copy(bias);
        self.bias.resize(padded(outputs), 0.0);
        if let Some(winograd) = &mut self.winograd {
            return winograd.pack(weights);
        }
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
    }

    fn packed_len(&self) -> usize {
        if let Some(winograd) = &self.winograd {
            return winograd.packed_len();
        }
        let [inputs, outputs] = self.framed.channels;
        self.framed.taps() * inputs * padded(outputs)
    }

    fn unpack(&self, packed: &[f32], gradient: &mut [f32]) {
        if let Some(winograd) = &self.winograd {
            return winograd.unpack(packed, gradient);
        }
        let width = padded(self.framed.channels[1]);
        let patch = packed.len() / width;
        for (output, to) in gradient.chunks_exact_mut(patch).enumerate() {
            for (k, value) in to.iter_mut().enumerate() {
                *value = packed[k * width + output];
            }
        }
    }

    fn scratch_len(&self, _images: usize) -> [usize; 2] {
        let [input, upstream] = self.framed.scratch_len();
        let size = &self.framed.sliding;
        let planes = self.winograd.as_ref().map_or(0, |winograd| {
            let there = winograd.scratch_len(size.output);
            there.max(winograd.scratch_len(size.input))
        });
        [input + planes, upstream]
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
        let (frame, planes) = scratch.input.split_at_mut(self.framed.scratch_len()[0]);
        for (at, image) in images.enumerate() {
            let ahead = Ahead::default().and(inputs[0].stored(image + 1));
            let (to, next) = output.image_and_next(at);
            let (input, ahead) = (
                self.framed.input(inputs[0], image, frame, level),
                ahead.and(next),
            );
            let start = Start::Bias(&self.bias);
            if let Some(winograd) = &self.winograd {
                let (input, image) = (winograd::Place::new(input, input_row), (to, [rows, pixels]));
                winograd.convolve(level, false, input, image, start, (planes, ahead));
                output.finish(at..at + 1);
                continue;
            }
            level.run(Convolve {
                input,
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
                start,
                ahead,
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
        let (frame, planes) = scratch.input.split_at_mut(framed.scratch_len()[0]);
        for (at, image) in images.enumerate() {
            output.upstream_framed(level, image, &mut scratch.upstream[begin..], columns);
            let ahead = ahead_back(output, image, &mut sink, at);
            let input = framed.input(inputs[0], image, frame, level);
            if let Some(winograd) = &self.winograd {
                let upstream =
                    |begin: usize| winograd::Place::new(&scratch.upstream[begin..], upstream_row);
                let input = winograd::Place::new(input, input_row);
                let size = [rows, pixels];
                let memory = (&mut *planes, ahead);
                winograd.gradient(level, input, upstream(begin), size, packed, memory);
                let Some(sink) = &mut sink else { continue };
                let start = sink.start();
                let memory = (
                    &mut *planes,
                    Ahead::default().and(inputs[0].stored(image + 1)),
                );
                let image = (sink.image(at), framed.sliding.input);
                winograd.convolve(level, true, upstream(0), image, start, memory);
                sink.finish(at..at + 1);
                continue;
            }
            level.run(ConvolveGradient {
                input,
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
