//! Shape inference: what each layer makes of its input, or why it cannot.

use super::{Kernel, LayerError, MAX_LAYERS, Op, Padding, Spec, SpecError, Tensor};
use crate::shape::Shape;
use heapless::Vec;

/// Most values in one tensor: index arithmetic and 8-bit sums then stay inside 32 bits.
pub const MAX_TENSOR_LEN: usize = 1 << 23;

/// Most pixels that a global pool averages: its sums of squares then stay inside 64 bits.
pub const MAX_GLOBAL_PIXELS: usize = 1 << 16;

/// `?` for `const fn`.
macro_rules! tri {
    ($e:expr) => {
        match $e {
            Ok(v) => v,
            Err(e) => return Err(e),
        }
    };
}

impl Kernel {
    /// Output pixels (rows, columns) and padding (top, left) over an input of `h` by `w` pixels.
    pub const fn resolve(self, h: u16, w: u16) -> Result<([u16; 2], [u8; 2]), LayerError> {
        let (rows, top) = tri!(self.axis(0, h));
        let (columns, left) = tri!(self.axis(1, w));
        Ok(([rows, columns], [top, left]))
    }

    const fn axis(self, axis: usize, input: u16) -> Result<(u16, u8), LayerError> {
        let input = input as u32;
        let a = axis as u8;
        if self.size[axis] == 0 || self.stride[axis] == 0 || self.dilation[axis] == 0 {
            return Err(LayerError::ZeroKernel { axis: a });
        }
        let stride = self.stride[axis] as u32;
        let extent = (self.size[axis] as u32 - 1) * self.dilation[axis] as u32 + 1;
        let (before, output) = match self.padding {
            Padding::Causal if axis == 1 => (extent - 1, input.div_ceil(stride)),
            Padding::Same | Padding::Causal => {
                let output = input.div_ceil(stride);
                let covered = output.saturating_sub(1) * stride + extent;
                (covered.saturating_sub(input) / 2, output)
            }
            Padding::Valid => (0, 0),
            Padding::Explicit(pad) => (pad[2 * axis] as u32, 0),
        };
        if before > 255 {
            return Err(LayerError::PadTooLarge {
                axis: a,
                pad: before,
            });
        }
        let output = match self.padding {
            Padding::Same | Padding::Causal => output,
            Padding::Valid | Padding::Explicit(_) => {
                let after = match self.padding {
                    Padding::Explicit(pad) => pad[2 * axis + 1] as u32,
                    _ => 0,
                };
                let have = input + before + after;
                if extent > have {
                    return Err(LayerError::KernelTooLarge {
                        axis: a,
                        need: extent,
                        have,
                    });
                }
                (have - extent) / stride + 1
            }
        };
        if output > u16::MAX as u32 {
            return Err(LayerError::TooLarge {
                len: output as usize,
                max: u16::MAX as usize,
            });
        }
        Ok((output as u16, before as u8))
    }

    const fn check_pool(self) -> Result<(), LayerError> {
        let mut axis = 0;
        while axis < 2 {
            let padded = match self.padding {
                Padding::Explicit(pad) => {
                    pad[2 * axis] >= self.size[axis] || pad[2 * axis + 1] >= self.size[axis]
                }
                _ => false,
            };
            if self.dilation[axis] > 1 || padded {
                return Err(LayerError::EmptyPool { axis: axis as u8 });
            }
            axis += 1;
        }
        Ok(())
    }
}

const fn checked(h: u16, w: u16, c: u32) -> Result<Shape, LayerError> {
    if c == 0 {
        return Err(LayerError::NoChannels);
    }
    if c > u16::MAX as u32 {
        return Err(LayerError::TooLarge {
            len: c as usize,
            max: u16::MAX as usize,
        });
    }
    let shape = Shape::new(h, w, c as u16);
    if shape.len() > MAX_TENSOR_LEN {
        return Err(LayerError::TooLarge {
            len: shape.len(),
            max: MAX_TENSOR_LEN,
        });
    }
    Ok(shape)
}

impl Op {
    /// The second tensor read, of `Add` and `Concat`.
    pub const fn other(&self) -> Option<Tensor> {
        match self {
            Self::Add { other } | Self::Concat { other } => Some(*other),
            _ => None,
        }
    }

    /// The sliding kernel, where the operation has one.
    pub const fn kernel(&self) -> Option<Kernel> {
        match self {
            Self::Conv2d { kernel, .. }
            | Self::DepthwiseConv2d { kernel, .. }
            | Self::AvgPool { kernel }
            | Self::MaxPool { kernel } => Some(*kernel),
            _ => None,
        }
    }

    /// Output shape for `input` (not empty) and, of `Add` and `Concat`, the second operand `other`.
    ///
    /// Which tensor is read is not checked here; see [`Spec::shapes`].
    pub const fn output_shape(&self, input: Shape, other: Shape) -> Result<Shape, LayerError> {
        match *self {
            Self::Conv2d {
                channels, kernel, ..
            } => {
                let (o, _) = tri!(kernel.resolve(input.h, input.w));
                checked(o[0], o[1], channels as u32)
            }
            Self::DepthwiseConv2d { kernel, .. } => {
                let (o, _) = tri!(kernel.resolve(input.h, input.w));
                checked(o[0], o[1], input.c as u32)
            }
            Self::AvgPool { kernel } | Self::MaxPool { kernel } => {
                let (o, _) = tri!(kernel.resolve(input.h, input.w));
                tri!(kernel.check_pool());
                checked(o[0], o[1], input.c as u32)
            }
            Self::Dense { channels, .. } => checked(1, 1, channels as u32),
            Self::Add { .. } => {
                if input.h != other.h || input.w != other.w || input.c != other.c {
                    return Err(LayerError::ShapesDiffer { input, other });
                }
                Ok(input)
            }
            Self::Concat { .. } => {
                if input.h != other.h || input.w != other.w {
                    return Err(LayerError::ShapesDiffer { input, other });
                }
                checked(input.h, input.w, input.c as u32 + other.c as u32)
            }
            Self::GlobalAvgPool | Self::GlobalStatPool => {
                if input.pixels() > MAX_GLOBAL_PIXELS {
                    return Err(LayerError::TooManyPixels {
                        pixels: input.pixels(),
                    });
                }
                let twice = matches!(self, Self::GlobalStatPool);
                checked(1, 1, input.c as u32 * if twice { 2 } else { 1 })
            }
            Self::Embedding {
                vocabulary,
                channels,
            } => {
                if input.c != 1 {
                    return Err(LayerError::SymbolChannels { channels: input.c });
                }
                if vocabulary == 0 || vocabulary > 256 {
                    return Err(LayerError::Vocabulary { size: vocabulary });
                }
                checked(input.h, input.w, channels as u32)
            }
        }
    }
}

impl Spec {
    /// The shape of every tensor: the input, then each layer's output. Never empty, the last is the embedding.
    pub fn shapes(&self) -> Result<Vec<Shape, { MAX_LAYERS + 1 }>, SpecError> {
        let mut shapes = Vec::new();
        if self.input.is_empty() || self.input.len() > MAX_TENSOR_LEN {
            return Err(SpecError::Input(self.input));
        }
        if self.layers.is_empty() {
            return Err(SpecError::NoLayers);
        }
        // Room for all: there are at most MAX_LAYERS layers.
        let _ = shapes.push(self.input);
        for (layer, l) in self.layers.iter().enumerate() {
            let at = |error| SpecError::Layer { layer, error };
            let made = shapes.len() as u8;
            let read = |t: Tensor| {
                shapes
                    .get(usize::from(t.0))
                    .copied()
                    .ok_or(at(LayerError::NotMade { tensor: t.0, made }))
            };
            let input = read(l.input)?;
            let other = read(l.op.other().unwrap_or(l.input))?;
            if matches!(l.op, Op::Embedding { .. }) && l.input != Tensor::INPUT {
                return Err(at(LayerError::SymbolSource { tensor: l.input.0 }));
            }
            let output = l.op.output_shape(input, other).map_err(at)?;
            let _ = shapes.push(output);
        }
        Ok(shapes)
    }

    /// The shape of the embedding, the last layer's output.
    pub fn output(&self) -> Result<Shape, SpecError> {
        let shapes = self.shapes()?;
        Ok(shapes.last().copied().unwrap_or(self.input))
    }

    /// Number of values of the embedding.
    pub fn embedding_len(&self) -> Result<usize, SpecError> {
        Ok(self.output()?.len())
    }
}
