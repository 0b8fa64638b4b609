//! `depthwise_conv2d`: weights `HWC`.

use super::frame::{Framed, Place, ahead_back};
use super::{Layer, Scratch};
use crate::train::signal::{Output, Signal, Sink};
use crate::train::simd::{Ahead, Depthwise, DepthwiseGradient, Lines, Start, Tap, padded};
use crate::train::sliding::Sliding;
use std::ops::Range;

pub(crate) struct DepthwiseConv2d {
    framed: Framed,
    channels: usize,
    taps: Vec<Tap>,
    /// For each phase of the way back, its taps.
    phases: Vec<Vec<Tap>>,
    /// `(HW) x padded(C)`.
    weights: Lines,
    bias: Lines,
}

impl DepthwiseConv2d {
    pub(crate) fn new(sliding: Sliding, channels: usize) -> Self {
        let framed = Framed::new(sliding, [channels; 2]);
        let tap = |Place { tap, offset }| Tap {
            input: offset,
            row: tap,
        };
        let phases = framed.transpose.phases.iter();
        Self {
            taps: framed.places().map(tap).collect(),
            phases: phases
                .map(|phase| framed.places_back(phase).map(tap).collect())
                .collect(),
            framed,
            channels,
            weights: Lines::default(),
            bias: Lines::default(),
        }
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
        self.bias.copy(bias);
        self.bias.resize(width, 0.0);
    }

    fn packed_len(&self) -> usize {
        self.framed.taps() * padded(self.channels)
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
        let [input_row, input_pixel] = self.framed.input_strides();
        let [rows, pixels] = self.framed.sliding.output;
        for (at, image) in images.enumerate() {
            let ahead = Ahead::default().and(inputs[0].stored(image + 1));
            let (to, next) = output.image_and_next(at);
            level.run(Depthwise {
                input: (self.framed).input(inputs[0], image, &mut scratch.input, level),
                input_pixel,
                input_row,
                output: to,
                output_pixel: self.channels,
                output_row: pixels * self.channels,
                rows,
                pixels,
                channels: self.channels,
                weights: &self.weights,
                taps: &self.taps,
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
        let (level, framed, channels) = (scratch.level, &self.framed, self.channels);
        let [input_row, input_pixel] = framed.input_strides();
        let [rows, pixels] = framed.sliding.output;
        let [begin, upstream_row] = framed.upstream();
        let columns = framed.transpose.frame[1];
        for (at, image) in images.enumerate() {
            output.upstream_framed(level, image, &mut scratch.upstream[begin..], columns);
            let ahead = ahead_back(output, image, &mut sink, at);
            level.run(DepthwiseGradient {
                input: framed.input(inputs[0], image, &mut scratch.input, level),
                input_pixel,
                input_row,
                upstream: &scratch.upstream[begin..],
                upstream_row,
                rows,
                pixels,
                channels,
                taps: &self.taps,
                gradient: packed,
                ahead,
            });
            let Some(sink) = &mut sink else { continue };
            let start = sink.start();
            let mut ahead = Ahead::default().and(inputs[0].stored(image + 1));
            for (phase, taps) in framed.transpose.phases.iter().zip(&self.phases) {
                let [first, output_row, output_pixel] = framed.phase(phase);
                level.run(Depthwise {
                    input: &scratch.upstream,
                    input_pixel: channels,
                    input_row: upstream_row,
                    output: &mut sink.image(at)[first..],
                    output_pixel,
                    output_row,
                    rows: phase.count[0],
                    pixels: phase.count[1],
                    channels,
                    weights: &self.weights,
                    taps,
                    start,
                    ahead: std::mem::take(&mut ahead),
                });
            }
            sink.finish(at..at + 1);
        }
    }
}
