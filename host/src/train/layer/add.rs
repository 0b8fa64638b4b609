//! `add`: the sum of two tensors of one shape.

use super::{Layer, Scratch};
use crate::train::signal::{Output, Signal, Sink};
use crate::train::simd::AddActivated;
use std::ops::Range;

pub(crate) struct Add;

impl Layer for Add {
    fn passes_gradient(&self) -> bool {
        true
    }

    fn scratch_len(&self, _images: usize) -> [usize; 2] {
        [0, 0]
    }

    fn forward(
        &self,
        inputs: [&Signal; 2],
        images: Range<usize>,
        output: &mut Output<'_>,
        _scratch: &mut Scratch,
    ) {
        let level = output.level;
        let [left, right] = inputs;
        for (at, image) in images.enumerate() {
            left.read_framed(level, image, output.image(at), left.size[1]);
            level.run(AddActivated {
                input: right.raw(image..image + 1),
                scale: &right.scale,
                shift: &right.shift,
                input_floor: right.floor(),
                floor: if output.relu { 0.0 } else { f32::NEG_INFINITY },
                output: output.image(at),
                pixels: right.pixels(),
                channels: right.channels(),
            });
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
        for (at, image) in images.enumerate() {
            sink.write(at, output.gradient(image..image + 1).iter().copied());
            sink.finish(at..at + 1);
        }
    }
}
