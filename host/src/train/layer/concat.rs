//! `concat`: the channels of one tensor, then those of another.

use super::{Layer, Scratch};
use crate::train::signal::{Output, Signal, Sink};
use std::ops::Range;

pub(crate) struct Concat {
    pub channels: [usize; 2],
    pub pixels: usize,
}

impl Concat {
    fn width(&self) -> usize {
        self.channels[0] + self.channels[1]
    }
}

impl Layer for Concat {
    fn scratch_len(&self, _images: usize) -> [usize; 2] {
        [
            self.pixels * self.channels[0],
            self.pixels * self.channels[1],
        ]
    }

    fn forward(
        &self,
        inputs: [&Signal; 2],
        images: Range<usize>,
        output: &mut Output<'_>,
        scratch: &mut Scratch,
    ) {
        for (at, image) in images.enumerate() {
            let left = inputs[0].read(output.level, image..image + 1, &mut scratch.input);
            let right = inputs[1].read(output.level, image..image + 1, &mut scratch.upstream);
            let pixels = left
                .chunks_exact(self.channels[0])
                .zip(right.chunks_exact(self.channels[1]));
            for (to, (left, right)) in output.image(at).chunks_exact_mut(self.width()).zip(pixels) {
                to[..self.channels[0]].copy_from_slice(left);
                to[self.channels[0]..].copy_from_slice(right);
            }
            output.finish(at..at + 1);
        }
    }

    fn backward(
        &self,
        _inputs: [&Signal; 2],
        output: &Signal,
        images: Range<usize>,
        _packed: &mut [f32],
        sink: Option<Sink<'_>>,
        _scratch: &mut Scratch,
    ) {
        let Some(mut sink) = sink else { return };
        let part = match sink.operand {
            0 => 0..self.channels[0],
            _ => self.channels[0]..self.width(),
        };
        for (at, image) in images.enumerate() {
            let pixels = output.gradient(image..image + 1).chunks_exact(self.width());
            sink.write(
                at,
                pixels.flat_map(|pixel| pixel[part.clone()].iter().copied()),
            );
            sink.finish(at..at + 1);
        }
    }
}
