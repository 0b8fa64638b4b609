//! `global_avg_pool`: the mean of each channel.

use super::{Layer, Scratch};
use crate::train::signal::{Output, Signal, Sink};
use std::ops::Range;

pub(crate) struct GlobalAvgPool {
    /// Values of one input image.
    pub len: usize,
}

/// The mean of each channel of one image.
pub(crate) fn mean(input: &[f32], mean: &mut [f32]) {
    mean.fill(0.0);
    for pixel in input.chunks_exact(mean.len()) {
        mean.iter_mut().zip(pixel).for_each(|(sum, x)| *sum += x);
    }
    let pixels = (input.len() / mean.len()) as f32;
    mean.iter_mut().for_each(|sum| *sum /= pixels);
}

impl Layer for GlobalAvgPool {
    fn scratch_len(&self, _images: usize) -> [usize; 2] {
        [self.len, 0]
    }

    fn forward(
        &self,
        inputs: [&Signal; 2],
        images: Range<usize>,
        output: &mut Output<'_>,
        scratch: &mut Scratch,
    ) {
        for (at, image) in images.enumerate() {
            let input = inputs[0].read(output.level, image..image + 1, &mut scratch.input);
            mean(input, output.image(at));
            output.finish(at..at + 1);
        }
    }

    fn backward(
        &self,
        inputs: [&Signal; 2],
        output: &Signal,
        images: Range<usize>,
        _packed: &mut [f32],
        sink: Option<Sink<'_>>,
        _scratch: &mut Scratch,
    ) {
        let Some(mut sink) = sink else { return };
        let share = 1.0 / inputs[0].pixels() as f32;
        for (at, image) in images.enumerate() {
            let gradient = output.gradient(image..image + 1);
            sink.write_pixels(at, |_, to, adds| {
                for (to, g) in to.iter_mut().zip(gradient) {
                    *to = if adds { *to + g * share } else { g * share };
                }
            });
            sink.finish(at..at + 1);
        }
    }
}
