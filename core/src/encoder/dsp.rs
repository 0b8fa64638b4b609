//! One int8 layer whose weights are packed for the DSP instructions: from its record to its kernel.

use super::kernels::{SLIDING, packed};
use crate::arch::Activations;
use crate::image::{LayerInfo, TensorInfo, Work, codes};
use crate::kernel::Output;
use crate::kernel::dsp::{Add, Conv2d, Dense, DepthwiseConv2d};
use crate::kernel::i8::{Add as PlainAdd, Operand};
use crate::spec::Op;
use bytemuck::try_cast_slice_mut;
use core::ops::Range;

/// Runs `layer` in `scratch`, which is at least as long as the image asks for, and aligned.
pub fn run<const SET: u32>(layer: &LayerInfo<'_>, work: Work, scratch: &mut [i8]) {
    if let Op::Add { .. } = layer.layer.op {
        if SET & packed(codes::ADD) != 0 {
            add(layer, work, scratch);
        }
        return;
    }
    let [input, output] = [layer.input.range(), layer.output.range()];
    let (mut activations, work) = if layer.over {
        // Both together, apart from the working memory.
        let start = input.start.min(output.start);
        let all = start..input.end.max(output.end);
        let Ok([memory, work]) = scratch.get_disjoint_mut([all, work.range()]) else {
            return;
        };
        let inside = |range: Range<usize>| range.start - start..range.end - start;
        let over = Activations::Over {
            memory,
            input: inside(input),
            output: inside(output),
        };
        (over, work)
    } else {
        let ranges = [input, output, work.range()];
        let Ok([input, output, work]) = scratch.get_disjoint_mut(ranges) else {
            return;
        };
        (Activations::Apart { input, output }, work)
    };
    let (at, work) = (&mut activations, words(work));
    let (stream, output) = (
        layer.stream(),
        Output::new(layer.output.quant, layer.layer.activation),
    );
    match (layer.layer.op, layer.geometry()) {
        (Op::Conv2d { .. }, Some(geometry)) if SET & (packed(codes::CONV2D) | SLIDING) != 0 => {
            let input_zero_point = layer.input.quant.zero_point;
            let conv = Conv2d {
                geometry,
                input_zero_point,
                stream,
                output,
            };
            match (SET & packed(codes::CONV2D) != 0, SET & SLIDING != 0) {
                (true, true) => conv.run_in(at, work),
                (true, false) => conv.gather_in(at, work),
                _ => conv.slide_in(at, work),
            }
        }
        (Op::DepthwiseConv2d { .. }, Some(geometry))
            if SET & packed(codes::DEPTHWISE_CONV2D) != 0 =>
        {
            let input_zero_point = layer.input.quant.zero_point;
            let conv = DepthwiseConv2d {
                geometry,
                input_zero_point,
                stream,
                output,
            };
            conv.run_in(at, work);
        }
        (Op::Dense { .. }, _) if SET & packed(codes::DENSE) != 0 => {
            let inputs = layer.input.shape.len();
            let dense = Dense {
                inputs,
                stream,
                output,
            };
            if let Activations::Apart { input, output } = at {
                dense.run(input, output, work);
            }
        }
        _ => {}
    }
}

/// Working memory as words: parsing has put it at a multiple of 16, and a tail that makes no word is of no use.
fn words(work: &mut [i8]) -> &mut [u32] {
    let whole = work.len() / 4 * 4;
    let (work, _) = work.split_at_mut(whole);
    try_cast_slice_mut(work).unwrap_or_default()
}

fn add(layer: &LayerInfo<'_>, work: Work, scratch: &mut [i8]) {
    let other = layer.other.unwrap_or(layer.input);
    let operand = |index: usize, tensor: TensorInfo| Operand {
        zero_point: tensor.quant.zero_point,
        multiplier: layer.ratio(index),
    };
    let [a, b] = [operand(0, layer.input), operand(1, other)];
    let sum = |a, b| {
        Add(PlainAdd {
            a,
            b,
            multiplier: layer.ratio(2),
            output: Output::new(layer.output.quant, layer.layer.activation),
        })
    };
    if layer.in_place {
        let swapped = other.offset == layer.output.offset;
        let kept = if swapped { layer.input } else { other };
        let ranges = [layer.output.range(), kept.range(), work.range()];
        if let Ok([place, kept, work]) = scratch.get_disjoint_mut(ranges) {
            let [a, b] = if swapped { [b, a] } else { [a, b] };
            sum(a, b).run_in_place(place, kept, words(work));
        }
    } else if other.offset == layer.input.offset {
        let ranges = [layer.input.range(), layer.output.range(), work.range()];
        if let Ok([x, y, work]) = scratch.get_disjoint_mut(ranges) {
            sum(a, b).run(x, x, y, words(work));
        }
    } else {
        let ranges = [
            layer.input.range(),
            other.range(),
            layer.output.range(),
            work.range(),
        ];
        if let Ok([x, other, y, work]) = scratch.get_disjoint_mut(ranges) {
            sum(a, b).run(x, other, y, words(work));
        }
    }
}
