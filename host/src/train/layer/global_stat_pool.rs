//! `global_stat_pool`: the mean of each channel, then the standard deviation (biased) of each channel.
//!
//! Snyder et al., *X-Vectors: Robust DNN Embeddings for Speaker Recognition*, 2018.

use super::global_avg_pool::mean;
use super::{Layer, Scratch};
use crate::train::signal::{Output, Signal, Sink};
use std::ops::Range;

/// Added to the variance where the gradient divides by its root, so that a constant channel has none.
const EPSILON: f32 = 1e-5;

pub(crate) struct GlobalStatPool {
    /// Values of one input image.
    pub len: usize,
}

impl Layer for GlobalStatPool {
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
        let c = inputs[0].channels();
        for (at, image) in images.enumerate() {
            let input = inputs[0].read(output.level, image..image + 1, &mut scratch.input);
            let (means, deviations) = output.image(at).split_at_mut(c);
            mean(input, means);
            deviations.fill(0.0);
            for pixel in input.chunks_exact(c) {
                for ((sum, x), mean) in deviations.iter_mut().zip(pixel).zip(&*means) {
                    *sum += (x - mean) * (x - mean);
                }
            }
            let pixels = inputs[0].pixels() as f32;
            deviations
                .iter_mut()
                .for_each(|sum| *sum = (*sum / pixels).sqrt());
            output.finish(at..at + 1);
        }
    }

    /// `d deviation / d x = (x - mean) / (pixels * deviation)`.
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
        let c = inputs[0].channels();
        let pixels = inputs[0].pixels() as f32;
        let mut statistics = vec![0.0; 2 * c];
        for (at, image) in images.enumerate() {
            let input = inputs[0].read(scratch.level, image..image + 1, &mut scratch.input);
            // Recomputed, because the output may have passed a ReLU.
            let (means, slopes) = statistics.split_at_mut(c);
            mean(input, means);
            slopes.fill(0.0);
            for pixel in input.chunks_exact(c) {
                for ((sum, x), mean) in slopes.iter_mut().zip(pixel).zip(&*means) {
                    *sum += (x - mean) * (x - mean);
                }
            }
            let gradient = output.gradient(image..image + 1);
            for (slope, g) in slopes.iter_mut().zip(&gradient[c..]) {
                *slope = g / (pixels * (*slope / pixels + EPSILON).sqrt());
            }
            sink.write_pixels(at, |pixel, to, adds| {
                let input = &input[pixel * c..(pixel + 1) * c];
                for ((((to, x), mean), slope), g) in to
                    .iter_mut()
                    .zip(input)
                    .zip(&*means)
                    .zip(&*slopes)
                    .zip(gradient)
                {
                    let value = g / pixels + (x - mean) * slope;
                    *to = if adds { *to + value } else { value };
                }
            });
            sink.finish(at..at + 1);
        }
    }
}
