//! `max_pool`: the maximum over each position of a kernel; of equal values the first takes the gradient.

use super::{Layer, Scratch};
use crate::train::signal::{Output, Signal, Sink};
use crate::train::sliding::Sliding;
use std::ops::Range;

pub(crate) struct MaxPool {
    pub sliding: Sliding,
    pub channels: usize,
}

impl MaxPool {
    fn len(&self) -> usize {
        self.sliding.input[0] * self.sliding.input[1] * self.channels
    }

    /// Index in the input of the greatest value of `channel` under output pixel `place`.
    fn argmax(&self, input: &[f32], place: usize, channel: usize) -> usize {
        let mut places = self
            .sliding
            .pixels_under(place)
            .map(|pixel| pixel * self.channels + channel);
        // A position never sees padding alone; see `LayerError::EmptyPool`.
        let first = places.next().unwrap_or(channel);
        places.fold(first, |best, at| {
            if input[at] > input[best] || input[at].is_nan() {
                at
            } else {
                best
            }
        })
    }
}

impl Layer for MaxPool {
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
            for (index, to) in output.image(at).iter_mut().enumerate() {
                *to = input[self.argmax(input, index / c, index % c)];
            }
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
        scratch: &mut Scratch,
    ) {
        let Some(mut sink) = sink else { return };
        let c = self.channels;
        let gradient = &mut scratch.upstream[..self.len()];
        for (at, image) in images.enumerate() {
            let input = inputs[0].read(scratch.level, image..image + 1, &mut scratch.input);
            gradient.fill(0.0);
            for (index, from) in output.gradient(image..image + 1).iter().enumerate() {
                gradient[self.argmax(input, index / c, index % c)] += from;
            }
            sink.write(at, gradient.iter().copied());
            sink.finish(at..at + 1);
        }
    }
}
