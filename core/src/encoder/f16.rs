//! One layer with f16 weights: from its record to its kernel.

use super::kernels::half;
use super::{binary, sliding, unary};
use crate::image::{LayerInfo, codes};
use crate::kernel::f16::{
    Add, AvgPool, Concat, Conv2d, Dense, DepthwiseConv2d, Embedding, GlobalAvgPool, GlobalStatPool,
    MaxPool,
};
use crate::spec::Op;

/// Runs `layer` in `scratch`, which is at least as long as the image asks for.
pub fn run<const SET: u32>(layer: &LayerInfo<'_>, scratch: &mut [f32]) {
    let (input, activation) = (layer.input.shape, layer.layer.activation);
    let (weights, _) = layer.weights().as_chunks();
    let bias = layer.bias();
    match (layer.layer.op, layer.geometry()) {
        (Op::Conv2d { .. }, Some(geometry)) if SET & half(codes::CONV2D) != 0 => {
            let conv = Conv2d {
                geometry,
                weights,
                bias,
                activation,
            };
            sliding(layer, scratch, |at| conv.run_in(at));
        }
        (Op::DepthwiseConv2d { .. }, Some(geometry))
            if SET & half(codes::DEPTHWISE_CONV2D) != 0 =>
        {
            let conv = DepthwiseConv2d {
                geometry,
                weights,
                bias,
                activation,
            };
            sliding(layer, scratch, |at| conv.run_in(at));
        }
        (Op::AvgPool { .. }, Some(geometry)) if SET & half(codes::AVG_POOL) != 0 => {
            sliding(layer, scratch, |at| {
                AvgPool {
                    geometry,
                    activation,
                }
                .run_in(at)
            });
        }
        (Op::MaxPool { .. }, Some(geometry)) if SET & half(codes::MAX_POOL) != 0 => {
            sliding(layer, scratch, |at| {
                MaxPool {
                    geometry,
                    activation,
                }
                .run_in(at)
            });
        }
        (Op::Dense { .. }, _) if SET & half(codes::DENSE) != 0 => {
            let dense = Dense {
                inputs: input.len(),
                weights,
                bias,
                activation,
            };
            unary(layer, scratch, |x, y| dense.run(x, y));
        }
        (Op::Add { .. }, _) if SET & half(codes::ADD) != 0 => {
            let add = Add { activation };
            binary(
                layer,
                scratch,
                |x, other, y| add.run(x, other, y),
                |sum, kept, _| add.run_in_place(sum, kept),
            );
        }
        (Op::Concat { .. }, _) if SET & half(codes::CONCAT) != 0 => {
            let other = layer.other.map_or(input, |other| other.shape);
            let concat = Concat {
                channels: [input.c.into(), other.c.into()],
                activation,
            };
            binary(
                layer,
                scratch,
                |x, other, y| concat.run(x, other, y),
                |_, _, _| {},
            );
        }
        (Op::GlobalAvgPool, _) if SET & half(codes::GLOBAL_AVG_POOL) != 0 => {
            unary(layer, scratch, |x, y| {
                GlobalAvgPool { input, activation }.run(x, y)
            });
        }
        (Op::GlobalStatPool, _) if SET & half(codes::GLOBAL_STAT_POOL) != 0 => {
            unary(layer, scratch, |x, y| {
                GlobalStatPool { input, activation }.run(x, y)
            });
        }
        (
            Op::Embedding {
                vocabulary,
                channels,
            },
            _,
        ) if SET & half(codes::EMBEDDING) != 0 => {
            let (vocabulary, channels) = (vocabulary.into(), channels.into());
            let embedding = Embedding {
                vocabulary,
                channels,
                table: weights,
                activation,
            };
            unary(layer, scratch, |x, y| embedding.run(x, y));
        }
        // Parsing has resolved the geometry of every kernel, and refuses what is not linked.
        _ => {}
    }
}
