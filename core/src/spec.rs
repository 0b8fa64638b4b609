//! What an encoder is: a list of layers. The host trains this list, the device runs it.

mod cost;
mod error;
mod infer;

pub use error::{LayerError, SpecError};
pub use infer::{MAX_GLOBAL_PIXELS, MAX_TENSOR_LEN};

use crate::shape::Shape;
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// Most layers that one encoder may have.
pub const MAX_LAYERS: usize = 48;

/// Names one activation: `Tensor(0)` is the network's input, `Tensor(i + 1)` the output of layer `i`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Tensor(pub u8);

impl Tensor {
    /// The network's input.
    pub const INPUT: Self = Self(0);
}

/// The non-linearity fused to the end of a layer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// The identity.
    #[default]
    None,
    /// `max(x, 0)`.
    Relu,
}

/// How the border of the input is filled before a kernel slides over it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// TFLite's `SAME`: the output has `ceil(input / stride)` pixels; an odd rest goes below and right.
    Same,
    /// No padding.
    Valid,
    /// All padding before the first time step (left), `SAME` on rows: no output sees its future.
    Causal,
    /// Rows and columns added: top, bottom, left, right.
    Explicit([u8; 4]),
}

/// A kernel that slides over rows and columns.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Kernel {
    /// Taps in rows and columns, each at least 1.
    pub size: [u8; 2],
    /// Steps in rows and columns, each at least 1.
    pub stride: [u8; 2],
    /// Distance of taps in rows and columns, each at least 1.
    pub dilation: [u8; 2],
    /// What lies beyond the border.
    pub padding: Padding,
}

impl Kernel {
    /// An undilated kernel of `size` and `stride` in rows and columns.
    pub const fn new(size: [u8; 2], stride: [u8; 2], padding: Padding) -> Self {
        Self {
            size,
            stride,
            dilation: [1, 1],
            padding,
        }
    }

    /// A kernel over time: `taps` and `stride` count time steps.
    pub const fn sequence(taps: u8, stride: u8, padding: Padding) -> Self {
        Self::new([1, taps], [1, stride], padding)
    }

    /// The same kernel with its taps `dilation` time steps apart.
    pub const fn dilated(mut self, dilation: u8) -> Self {
        self.dilation[1] = dilation;
        self
    }
}

/// What a layer computes. Convolutions have multiplier 1 and one bias a channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Convolution to `channels` outputs; weights `OHWI`.
    Conv2d {
        /// Output channels.
        channels: u16,
        /// The sliding kernel.
        kernel: Kernel,
        /// Trained with batch normalisation, which the export folds into weights and bias.
        batch_norm: bool,
    },
    /// One kernel for each channel; weights `HWC`.
    DepthwiseConv2d {
        /// The sliding kernel.
        kernel: Kernel,
        /// Trained with batch normalisation, which the export folds into weights and bias.
        batch_norm: bool,
    },
    /// Matrix product over the flattened `HWC` input; weights `OI`.
    Dense {
        /// Output values.
        channels: u16,
        /// Trained with batch normalisation, which the export folds into weights and bias.
        batch_norm: bool,
    },
    /// Sum with `other`, of the same shape.
    Add {
        /// The second summand.
        other: Tensor,
    },
    /// The input's channels followed by those of `other`, of the same height and width.
    Concat {
        /// The tensor appended.
        other: Tensor,
    },
    /// Mean over each position of the kernel; padded pixels are not counted (TFLite).
    AvgPool {
        /// The sliding kernel.
        kernel: Kernel,
    },
    /// Maximum over each position of the kernel.
    MaxPool {
        /// The sliding kernel.
        kernel: Kernel,
    },
    /// Mean over all pixels, one value a channel.
    GlobalAvgPool,
    /// Mean of each channel, then standard deviation of each channel, over all pixels (`2 c` values;
    /// the biased estimate). Statistics pooling of x-vectors (Snyder et al., 2018).
    GlobalStatPool,
    /// Looks up one row of `channels` values for each symbol in `0..vocabulary`; input `c` is 1.
    Embedding {
        /// Number of symbols; at most 256.
        vocabulary: u16,
        /// Values for each symbol.
        channels: u16,
    },
}

/// One layer: where it reads, what it computes, what it does to the result.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Layer {
    /// The tensor read; a layer may only read what lies before it.
    pub input: Tensor,
    /// The operation.
    pub op: Op,
    /// The fused non-linearity.
    #[serde(default)]
    pub activation: Activation,
}

/// An encoder: input shape and layers in order of execution. The last layer's output is the embedding.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Spec {
    /// Shape of the input, `NHWC` with `N = 1`.
    pub input: Shape,
    /// The layers; each reads tensors made before it.
    pub layers: Vec<Layer, MAX_LAYERS>,
}

#[cfg(test)]
mod tests;
