//! `dense`: weights `OI` over the flattened input. A chunk's images are the pixels of one long row.

use super::{Layer, Scratch};
use crate::train::signal::{Output, Signal, Sink};
use crate::train::simd::{Ahead, Convolve, ConvolveGradient, Lines, Run, Start, padded};
use std::ops::Range;

pub(crate) struct Dense {
    inputs: usize,
    outputs: usize,
    /// `I x padded(O)`.
    weights: Lines,
    /// `O x padded(I)`.
    transposed: Lines,
    bias: Lines,
}

impl Dense {
    pub(crate) fn new(inputs: usize, outputs: usize) -> Self {
        Self {
            inputs,
            outputs,
            weights: Lines::default(),
            transposed: Lines::default(),
            bias: Lines::default(),
        }
    }
}

fn one_run(len: usize) -> Vec<Run> {
    Run::split([Run {
        input: 0,
        row: 0,
        len,
    }])
}

impl Layer for Dense {
    fn pack(&mut self, weights: &[f32], bias: &[f32]) {
        let width = padded(self.outputs);
        self.weights.resize(self.inputs * width, 0.0);
        self.transposed
            .resize(self.outputs * padded(self.inputs), 0.0);
        let rows = self.transposed.chunks_exact_mut(padded(self.inputs));
        for (output, (from, to)) in weights.chunks_exact(self.inputs).zip(rows).enumerate() {
            to[..self.inputs].copy_from_slice(from);
            for (input, value) in from.iter().enumerate() {
                self.weights[input * width + output] = *value;
            }
        }
        self.bias.copy(bias);
        self.bias.resize(width, 0.0);
    }

    fn packed_len(&self) -> usize {
        self.inputs * padded(self.outputs)
    }

    fn unpack(&self, packed: &[f32], gradient: &mut [f32]) {
        let width = padded(self.outputs);
        for (output, to) in gradient.chunks_exact_mut(self.inputs).enumerate() {
            for (input, value) in to.iter_mut().enumerate() {
                *value = packed[input * width + output];
            }
        }
    }

    fn scratch_len(&self, images: usize) -> [usize; 2] {
        [images * self.inputs, images * self.outputs]
    }

    fn forward(
        &self,
        inputs: [&Signal; 2],
        images: Range<usize>,
        output: &mut Output<'_>,
        scratch: &mut Scratch,
    ) {
        let level = output.level;
        let count = images.len();
        level.run(Convolve {
            input: inputs[0].read(level, images, &mut scratch.input),
            input_pixel: self.inputs,
            input_row: 0,
            output: output.values,
            output_pixel: self.outputs,
            output_row: 0,
            rows: 1,
            pixels: count,
            channels: self.outputs,
            weights: &self.weights,
            runs: &one_run(self.inputs),
            start: Start::Bias(&self.bias),
            ahead: Ahead::default(),
        });
        output.finish(0..count);
    }

    fn backward(
        &self,
        inputs: [&Signal; 2],
        output: &Signal,
        images: Range<usize>,
        packed: &mut [f32],
        sink: Option<Sink<'_>>,
        scratch: &mut Scratch,
    ) {
        let (level, count) = (scratch.level, images.len());
        let upstream = output.upstream(level, images.clone(), &mut scratch.upstream);
        level.run(ConvolveGradient {
            input: inputs[0].read(level, images, &mut scratch.input),
            input_pixel: self.inputs,
            input_row: 0,
            upstream,
            upstream_row: 0,
            rows: 1,
            pixels: count,
            channels: self.outputs,
            runs: &one_run(self.inputs),
            gradient: packed,
            ahead: Ahead::default(),
        });
        let Some(mut sink) = sink else { return };
        let start = sink.start();
        level.run(Convolve {
            input: upstream,
            input_pixel: self.outputs,
            input_row: 0,
            output: sink.values,
            output_pixel: self.inputs,
            output_row: 0,
            rows: 1,
            pixels: count,
            channels: self.inputs,
            weights: &self.transposed,
            runs: &one_run(self.outputs),
            start,
            ahead: Ahead::default(),
        });
        sink.finish(0..count);
    }
}
