//! Kernels with half-precision weights and f32 activations, for cores with an FPU.
//!
//! Bit-identical on every platform: each sum has one fixed order and nothing fuses a multiplication with an
//! addition. Rounding to nearest and subnormal numbers are assumed, which is how Cortex-M and desktop start.

mod add;
mod avg_pool;
mod concat;
mod conv2d;
mod dense;
mod depthwise_conv2d;
pub(crate) mod dot;
mod embedding;
mod global_avg_pool;
mod global_stat_pool;
mod half;
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

use crate::spec::Activation;

impl Activation {
    /// The non-linearity of `x`.
    #[inline]
    pub(crate) fn apply(self, x: f32) -> f32 {
        match self {
            Self::None => x,
            // Not `max`, whose zero may have either sign; NaN becomes 0.
            Self::Relu if x > 0.0 => x,
            Self::Relu => 0.0,
        }
    }
}
