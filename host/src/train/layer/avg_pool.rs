//! `avg_pool`: the mean over each position of a kernel; padding is not counted.

use super::{Layer, Scratch};
use crate::train::signal::{Output, Signal, Sink};
use crate::train::sliding::Sliding;
use std::ops::Range;

pub(crate) struct AvgPool {
    pub sliding: Sliding,
    pub channels: usize,
}

impl AvgPool {
    fn len(&self) -> usize {
        self.sliding.input[0] * self.sliding.input[1] * self.channels
    }
}

impl Layer for AvgPool {
    fn scratch_len(&self, _images: usize) -> [usize; 2] {
        [self.len(), self.len()]
    }

    fn forward(
        &self,
        inputs: [&Signal; 2],
        images: Range<usize>,
        output: &mut Output<'_>,
        scratch: &mut Scratch,
    ) {
        let c = self.channels;
        for (at, image) in images.enumerate() {
            let input = inputs[0].read(output.level, image..image + 1, &mut scratch.input);
            for (place, to) in output.image(at).chunks_exact_mut(c).enumerate() {
                to.fill(0.0);
                let mut count = 0.0;
                for pixel in self.sliding.pixels_under(place) {
                    to.iter_mut()
                        .zip(&input[pixel * c..])
                        .for_each(|(sum, x)| *sum += x);
                    count += 1.0;
                }
                to.iter_mut().for_each(|sum| *sum /= count);
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
        scratch: &mut Scratch,
    ) {
        let Some(mut sink) = sink else { return };
        let c = self.channels;
        let gradient = &mut scratch.upstream[..self.len()];
        for (at, image) in images.enumerate() {
            gradient.fill(0.0);
            for (place, from) in output
                .gradient(image..image + 1)
                .chunks_exact(c)
                .enumerate()
            {
                let share = 1.0 / self.sliding.pixels_under(place).count() as f32;
                for pixel in self.sliding.pixels_under(place) {
                    gradient[pixel * c..]
                        .iter_mut()
                        .zip(from)
                        .for_each(|(to, g)| *to += g * share);
                }
            }
            sink.write(at, gradient.iter().copied());
            sink.finish(at..at + 1);
        }
    }
}
