//! One int8 layer: from its record to its kernel.

use super::kernels::plain;
use super::{binary, sliding, unary};
use crate::image::{LayerInfo, codes};
use crate::kernel::i8::{
    Add, AvgPool, Concat, Conv2d, Dense, DepthwiseConv2d, Embedding, GlobalAvgPool, GlobalStatPool,
    MaxPool, Operand,
};
use crate::kernel::{Constants, Output};
use crate::spec::Op;
use bytemuck::try_cast_slice;

/// Runs `layer` in `scratch`, which is at least as long as the image asks for.
pub fn run<const SET: u32>(layer: &LayerInfo<'_>, scratch: &mut [i8]) {
    let (input, output) = (
        layer.input,
        Output::new(layer.output.quant, layer.layer.activation),
    );
    let input_zero_point = input.quant.zero_point;
    let weights: &[i8] = try_cast_slice(layer.weights()).unwrap_or(&[]);
    let constants = Constants {
        bias: layer.bias(),
        multiplier: layer.multipliers(),
        shift: try_cast_slice(layer.shifts()).unwrap_or(&[]),
    };
    let operand = |tensor: usize| Operand {
        zero_point: match tensor {
            0 => input_zero_point,
            _ => layer.other.map_or(0, |other| other.quant.zero_point),
        },
        multiplier: layer.ratio(tensor),
    };
    let multiplier = layer.ratio(0);
    match (layer.layer.op, layer.geometry()) {
        (Op::Conv2d { .. }, Some(geometry)) if SET & plain(codes::CONV2D) != 0 => {
            let conv = Conv2d {
                geometry,
                input_zero_point,
                weights,
                constants,
                output,
            };
            sliding(layer, scratch, |at| conv.run_in(at));
        }
        (Op::DepthwiseConv2d { .. }, Some(geometry))
            if SET & plain(codes::DEPTHWISE_CONV2D) != 0 =>
        {
            let conv = DepthwiseConv2d {
                geometry,
                input_zero_point,
                weights,
                constants,
                output,
            };
            sliding(layer, scratch, |at| conv.run_in(at));
        }
        (Op::AvgPool { .. }, Some(geometry)) if SET & plain(codes::AVG_POOL) != 0 => {
            sliding(layer, scratch, |at| AvgPool { geometry, output }.run_in(at));
        }
        (Op::MaxPool { .. }, Some(geometry)) if SET & plain(codes::MAX_POOL) != 0 => {
            sliding(layer, scratch, |at| MaxPool { geometry, output }.run_in(at));
        }
        (Op::Dense { .. }, _) if SET & plain(codes::DENSE) != 0 => {
            let dense = Dense {
                inputs: input.shape.len(),
                weights,
                constants,
                output,
            };
            unary(layer, scratch, |x, y| dense.run(x, y));
        }
        (Op::Add { .. }, _) if SET & plain(codes::ADD) != 0 => {
            let [a, b] = [operand(0), operand(1)];
            let add = |a, b| Add {
                a,
                b,
                multiplier: layer.ratio(2),
                output,
            };
            binary(
                layer,
                scratch,
                |x, other, y| add(a, b).run(x, other, y),
                |sum, kept, swapped| {
                    let [a, b] = if swapped { [b, a] } else { [a, b] };
                    add(a, b).run_in_place(sum, kept);
                },
            );
        }
        (Op::Concat { .. }, _) if SET & plain(codes::CONCAT) != 0 => {
            let channels = [input, layer.other.unwrap_or(input)].map(|t| usize::from(t.shape.c));
            let concat = Concat {
                a: operand(0),
                b: operand(1),
                output,
                channels,
            };
            binary(
                layer,
                scratch,
                |x, other, y| concat.run(x, other, y),
                |_, _, _| {},
            );
        }
        (Op::GlobalAvgPool, _) if SET & plain(codes::GLOBAL_AVG_POOL) != 0 => {
            let pool = GlobalAvgPool {
                input: input.shape,
                input_zero_point,
                multiplier,
                output,
            };
            unary(layer, scratch, |x, y| pool.run(x, y));
        }
        (Op::GlobalStatPool, _) if SET & plain(codes::GLOBAL_STAT_POOL) != 0 => {
            let pool = GlobalStatPool {
                input: input.shape,
                input_zero_point,
                multiplier,
                output,
            };
            unary(layer, scratch, |x, y| pool.run(x, y));
        }
        (
            Op::Embedding {
                vocabulary,
                channels,
            },
            _,
        ) if SET & plain(codes::EMBEDDING) != 0 => {
            let (vocabulary, channels) = (vocabulary.into(), channels.into());
            let embedding = Embedding {
                vocabulary,
                channels,
                table: weights,
            };
            unary(layer, scratch, |x, y| embedding.run(x, y));
        }
        // Parsing has resolved the geometry of every kernel, and refuses what is not linked.
        _ => {}
    }
}
