//! The layers: one a file, backward directly under forward.

mod add;
pub(crate) mod batch_norm;
mod concat;
mod conv2d;
mod dense;
mod depthwise_conv2d;
mod embedding;
mod frame;
mod global_avg_pool;
mod global_stat_pool;
mod pool;
mod transpose;
mod winograd;

use super::signal::{Output, Signal, Sink};
use super::simd::{Level, Lines};
use super::sliding::Sliding;
use mote_core::shape::Shape;
use mote_core::spec::{LayerError, Op};
use std::ops::Range;

/// Working memory for the chunks of one thread; see [`Layer::scratch_len`].
pub(crate) struct Scratch {
    /// Instructions to use.
    pub level: Level,
    /// For frames of the input.
    pub input: Lines,
    /// For frames of the output's gradient.
    pub upstream: Lines,
}

/// What a layer computes from a chunk of images. Batch norm, bias sums and ReLU are the network's part.
pub(crate) trait Layer: Send + Sync {
    /// Rearranges weights (and bias, or nothing) as the kernels read them.
    fn pack(&mut self, _weights: &[f32], _bias: &[f32]) {}

    /// Length of the weights' gradient as the kernels write it.
    fn packed_len(&self) -> usize {
        0
    }

    /// Rearranges such a gradient as the weights are.
    fn unpack(&self, _packed: &[f32], _gradient: &mut [f32]) {}

    /// Whether the gradient of each operand is the output's gradient, unchanged.
    fn passes_gradient(&self) -> bool {
        false
    }

    /// Values needed in [`Scratch::input`] and [`Scratch::upstream`] for a chunk of `images`; both begin as zeros and
    /// keep what was written from image to image, and from chunk to chunk on one thread.
    fn scratch_len(&self, images: usize) -> [usize; 2];

    /// Computes `images` of the batch.
    fn forward(
        &self,
        inputs: [&Signal; 2],
        images: Range<usize>,
        output: &mut Output<'_>,
        scratch: &mut Scratch,
    );

    /// Adds the weights' gradient to `packed` and, with a `sink`, gives it the gradient of one operand.
    fn backward(
        &self,
        inputs: [&Signal; 2],
        output: &Signal,
        images: Range<usize>,
        packed: &mut [f32],
        sink: Option<Sink<'_>>,
        scratch: &mut Scratch,
    );
}

/// The name of `op`, for people.
pub(crate) fn name(op: &Op) -> &'static str {
    match op {
        Op::Conv2d { .. } => "conv2d",
        Op::DepthwiseConv2d { .. } => "depthwise_conv2d",
        Op::Dense { .. } => "dense",
        Op::Add { .. } => "add",
        Op::Concat { .. } => "concat",
        Op::AvgPool { .. } => "avg_pool",
        Op::MaxPool { .. } => "max_pool",
        Op::GlobalAvgPool => "global_avg_pool",
        Op::GlobalStatPool => "global_stat_pool",
        Op::Embedding { .. } => "embedding",
    }
}

/// Number of weights of `op` over `input`.
pub(crate) fn weights_len(op: &Op, input: Shape) -> usize {
    let inputs = usize::from(input.c);
    match *op {
        Op::Conv2d {
            channels, kernel, ..
        } => usize::from(channels) * taps(kernel.size) * inputs,
        Op::DepthwiseConv2d { kernel, .. } => taps(kernel.size) * inputs,
        Op::Dense { channels, .. } => usize::from(channels) * input.len(),
        Op::Embedding {
            vocabulary,
            channels,
        } => usize::from(vocabulary) * usize::from(channels),
        _ => 0,
    }
}

fn taps(size: [u8; 2]) -> usize {
    usize::from(size[0]) * usize::from(size[1])
}

/// Values that one output value sums over: what initial weights are scaled by.
pub(crate) fn fan_in(op: &Op, input: Shape) -> usize {
    match *op {
        Op::Conv2d { kernel, .. } => taps(kernel.size) * usize::from(input.c),
        Op::DepthwiseConv2d { kernel, .. } => taps(kernel.size),
        Op::Dense { .. } => input.len(),
        _ => 1,
    }
}

/// Builds the layer for `op` over `input` and, of `Add` and `Concat`, `other`.
pub(crate) fn build(op: &Op, input: Shape, other: Shape) -> Result<Box<dyn Layer>, LayerError> {
    let channels_in = usize::from(input.c);
    Ok(match *op {
        Op::Conv2d {
            channels, kernel, ..
        } => Box::new(conv2d::Conv2d::new(
            Sliding::new(input, kernel)?,
            channels_in,
            channels.into(),
        )),
        Op::DepthwiseConv2d { kernel, .. } => Box::new(depthwise_conv2d::DepthwiseConv2d::new(
            Sliding::new(input, kernel)?,
            channels_in,
        )),
        Op::Dense { channels, .. } => Box::new(dense::Dense::new(input.len(), channels.into())),
        Op::Add { .. } => Box::new(add::Add),
        Op::Concat { .. } => Box::new(concat::Concat {
            channels: [channels_in, other.c.into()],
            pixels: input.pixels(),
        }),
        Op::AvgPool { kernel } => Box::new(pool::Pool {
            kind: pool::Kind::Mean,
            sliding: Sliding::new(input, kernel)?,
            channels: channels_in,
        }),
        Op::MaxPool { kernel } => Box::new(pool::Pool {
            kind: pool::Kind::Max,
            sliding: Sliding::new(input, kernel)?,
            channels: channels_in,
        }),
        Op::GlobalAvgPool => Box::new(global_avg_pool::GlobalAvgPool { len: input.len() }),
        Op::GlobalStatPool => Box::new(global_stat_pool::GlobalStatPool { len: input.len() }),
        Op::Embedding {
            vocabulary,
            channels,
        } => Box::new(embedding::Embedding::new(
            vocabulary.into(),
            channels.into(),
        )),
    })
}
