//! Why a list of layers is no encoder, in numbers.

use super::{MAX_GLOBAL_PIXELS, MAX_TENSOR_LEN};
use crate::shape::Shape;
use core::fmt;

/// Why a layer cannot run on its input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum LayerError {
    /// The layer reads `tensor`, but only tensors `0..made` exist before it.
    NotMade {
        /// The tensor named.
        tensor: u8,
        /// Number of tensors made before the layer.
        made: u8,
    },
    /// Size, stride or dilation of a kernel is 0.
    ZeroKernel {
        /// 0 for rows, 1 for columns.
        axis: u8,
    },
    /// The kernel reaches further than the padded input.
    KernelTooLarge {
        /// 0 for rows, 1 for columns.
        axis: u8,
        /// Pixels that the dilated kernel covers.
        need: u32,
        /// Pixels of the input with its padding.
        have: u32,
    },
    /// Padding above or left of the input exceeds 255 pixels.
    PadTooLarge {
        /// 0 for rows, 1 for columns.
        axis: u8,
        /// Pixels of padding.
        pad: u32,
    },
    /// A pool is dilated or padded by its own size or more, so that a position could see no pixel.
    EmptyPool {
        /// 0 for rows, 1 for columns.
        axis: u8,
    },
    /// A layer would have 0 channels.
    NoChannels,
    /// Two tensors that must fit together do not: equal shapes for `Add`, equal height and width for `Concat`.
    ShapesDiffer {
        /// The layer's input.
        input: Shape,
        /// The second operand.
        other: Shape,
    },
    /// A tensor has more than [`MAX_TENSOR_LEN`] values, or more than 65,535 channels.
    TooLarge {
        /// Values, or channels.
        len: usize,
        /// The most allowed.
        max: usize,
    },
    /// A global pool over more than [`MAX_GLOBAL_PIXELS`].
    TooManyPixels {
        /// Pixels of the input.
        pixels: usize,
    },
    /// Symbols come one to a pixel, but the input has `channels`.
    SymbolChannels {
        /// Channels of the input.
        channels: u16,
    },
    /// An embedding reads symbols, which only the network's input holds.
    SymbolSource {
        /// The tensor named.
        tensor: u8,
    },
    /// A vocabulary outside `1..=256`.
    Vocabulary {
        /// Symbols named.
        size: u16,
    },
}

impl fmt::Display for LayerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let axis = |axis: &u8| if *axis == 0 { "rows" } else { "columns" };
        match self {
            Self::NotMade { tensor, made } => {
                write!(
                    f,
                    "reads tensor {tensor}, but only tensors 0 to {} exist before it",
                    made.saturating_sub(1)
                )
            }
            Self::ZeroKernel { axis: a } => write!(
                f,
                "size, stride and dilation must be at least 1, found 0 for {}",
                axis(a)
            ),
            Self::KernelTooLarge {
                axis: a,
                need,
                have,
            } => {
                write!(
                    f,
                    "the kernel covers {need} {}, but the padded input has {have}",
                    axis(a)
                )
            }
            Self::PadTooLarge { axis: a, pad } => {
                write!(f, "{pad} {} of padding; at most 255 can be stored", axis(a))
            }
            Self::EmptyPool { axis: a } => {
                write!(
                    f,
                    "a pool must not be dilated and its padding must be less than its size, see its {}",
                    axis(a)
                )
            }
            Self::NoChannels => write!(f, "has 0 output channels"),
            Self::ShapesDiffer { input: a, other: b } => write!(
                f,
                "cannot join {} x {} x {} with {} x {} x {}",
                a.h, a.w, a.c, b.h, b.w, b.c
            ),
            Self::TooLarge { len, max } => write!(
                f,
                "a tensor of {len} values or channels; at most {max} are allowed"
            ),
            Self::TooManyPixels { pixels } => {
                write!(
                    f,
                    "a global pool over {pixels} pixels; at most {MAX_GLOBAL_PIXELS} are allowed"
                )
            }
            Self::SymbolChannels { channels } => {
                write!(
                    f,
                    "an embedding reads 1 symbol a pixel, but its input has {channels} channels"
                )
            }
            Self::SymbolSource { tensor } => {
                write!(
                    f,
                    "an embedding must read the network's input (tensor 0), not tensor {tensor}"
                )
            }
            Self::Vocabulary { size } => {
                write!(f, "a vocabulary of {size} symbols; 1 to 256 are allowed")
            }
        }
    }
}

impl core::error::Error for LayerError {}

/// Why a spec is no encoder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SpecError {
    /// The list of layers is empty.
    NoLayers,
    /// The input holds no value or more than [`MAX_TENSOR_LEN`].
    Input(Shape),
    /// A layer does not fit.
    Layer {
        /// Index of the layer.
        layer: usize,
        /// What is wrong with it.
        error: LayerError,
    },
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLayers => write!(f, "the encoder has no layers"),
            Self::Input(s) => write!(
                f,
                "an input of {} x {} x {} values; expected between 1 and {MAX_TENSOR_LEN}",
                s.h, s.w, s.c
            ),
            Self::Layer { layer, error } => write!(f, "layer {layer}: {error}"),
        }
    }
}

impl core::error::Error for SpecError {}
