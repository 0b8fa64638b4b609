//! `avg_pool` and `max_pool`: the mean or the maximum under each position of a kernel; padding is not counted.

use super::{Layer, Scratch};
use crate::train::signal::{Output, Signal, Sink};
use crate::train::sliding::Sliding;
use std::ops::Range;

/// What a position gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Mean,
    /// Of equal values the first takes the gradient.
    Max,
}

pub(crate) struct Pool {
    pub kind: Kind,
    pub sliding: Sliding,
    pub channels: usize,
}

impl Pool {
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

    /// Writes what output pixel `place` sees of `input`.
    fn gather(&self, input: &[f32], place: usize, to: &mut [f32]) {
        if self.kind == Kind::Max {
            let maxima = to.iter_mut().enumerate();
            maxima.for_each(|(c, to)| *to = input[self.argmax(input, place, c)]);
            return;
        }
        to.fill(0.0);
        let mut count = 0.0;
        for pixel in self.sliding.pixels_under(place) {
            let pixel = &input[pixel * self.channels..];
            to.iter_mut().zip(pixel).for_each(|(sum, x)| *sum += x);
            count += 1.0;
        }
        to.iter_mut().for_each(|sum| *sum /= count);
    }

    /// Adds the gradient `from` of output pixel `place` to that of the pixels that it saw.
    fn scatter(&self, input: &[f32], place: usize, from: &[f32], gradient: &mut [f32]) {
        if self.kind == Kind::Max {
            let maxima = from.iter().enumerate();
            maxima.for_each(|(c, g)| gradient[self.argmax(input, place, c)] += g);
            return;
        }
        let share = 1.0 / self.sliding.pixels_under(place).count() as f32;
        for pixel in self.sliding.pixels_under(place) {
            let pixel = &mut gradient[pixel * self.channels..];
            pixel
                .iter_mut()
                .zip(from)
                .for_each(|(to, g)| *to += g * share);
        }
    }
}

impl Layer for Pool {
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
        for (at, image) in images.enumerate() {
            let input = inputs[0].read(output.level, image..image + 1, &mut scratch.input);
            let places = output.image(at).chunks_exact_mut(self.channels);
            places
                .enumerate()
                .for_each(|(place, to)| self.gather(input, place, to));
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
        let gradient = &mut scratch.upstream[..self.len()];
        for (at, image) in images.enumerate() {
            let input = match self.kind {
                Kind::Mean => &[],
                Kind::Max => inputs[0].read(scratch.level, image..image + 1, &mut scratch.input),
            };
            gradient.fill(0.0);
            let places = output.gradient(image..image + 1);
            for (place, from) in places.chunks_exact(self.channels).enumerate() {
                self.scatter(input, place, from, gradient);
            }
            sink.write(at, gradient.iter().copied());
            sink.finish(at..at + 1);
        }
    }
}
