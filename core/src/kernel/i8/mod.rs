//! int8 kernels: TFLite's quantization and rounding, to the bit.

mod add;
mod avg_pool;
mod channels;
mod concat;
mod conv2d;
mod dense;
mod depthwise_conv2d;
mod embedding;
mod global_avg_pool;
mod global_stat_pool;
mod max_pool;

pub use add::Add;
pub use avg_pool::AvgPool;
pub use concat::Concat;
pub use conv2d::Conv2d;
pub use dense::Dense;
pub use depthwise_conv2d::DepthwiseConv2d;
pub use embedding::Embedding;
pub use global_avg_pool::GlobalAvgPool;
pub use global_stat_pool::GlobalStatPool;
pub use max_pool::MaxPool;

use crate::arch::dsp::sums8;
use crate::arch::pool::{Under, sums};
use crate::quant::Multiplier;

/// One of two tensors that a layer brings to a common scale.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operand {
    /// The integer that stands for 0.
    pub zero_point: i8,
    /// The tensor's scale over the common scale.
    pub multiplier: Multiplier,
}

/// Sets each channel of a pixel from its sum over the pixels under a window.
fn each_sum(input: &[i8], under: &Under, channels: &mut [i8], finish: impl Fn(i32) -> i8) {
    let (eights, rest) = channels.as_chunks_mut::<8>();
    let done = 8 * eights.len();
    for (block, eight) in eights.iter_mut().enumerate() {
        let sums = sums8(input, &under.at_channel(8 * block));
        for (out, sum) in eight.iter_mut().zip(sums) {
            *out = finish(sum);
        }
    }
    for (channel, out) in rest.iter_mut().enumerate() {
        let [sum] = sums(input, &under.at_channel(done + channel));
        *out = finish(sum);
    }
}
