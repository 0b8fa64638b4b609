//! One layer of an image with its tensors and constants.

use super::layer::{self, ConstantsLayout, Record};
use super::{ModelImage, TensorInfo, bytes::part};
use crate::kernel::Geometry;
use crate::kernel::dsp::Packing;
use crate::quant::Multiplier;
use crate::spec::Layer;
use core::ops::Range;

/// Working memory of a packed layer, free before and after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Work {
    /// Where it starts in scratch, in bytes.
    pub offset: usize,
    /// Its bytes.
    pub len: usize,
}

impl Work {
    /// Where it lies in scratch, in bytes.
    pub const fn range(&self) -> Range<usize> {
        self.offset..self.offset.saturating_add(self.len)
    }
}

/// One layer: what it computes, where it reads and writes, and its constants in flash.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LayerInfo<'a> {
    /// Position in order of execution.
    pub index: usize,
    /// The layer of the spec.
    pub layer: Layer,
    /// The tensor read.
    pub input: TensorInfo,
    /// The second tensor read, of `Add` and `Concat`.
    pub other: Option<TensorInfo>,
    /// The tensor written.
    pub output: TensorInfo,
    /// Whether the output replaces one of two summands.
    pub in_place: bool,
    /// Whether the output lies over the input.
    pub over: bool,
    /// Where the layer works in scratch, if its weights are packed for other kernels than the plain ones.
    pub work: Option<Work>,
    layout: ConstantsLayout,
    constants: &'a [u8],
}

impl<'a> LayerInfo<'a> {
    #[inline]
    pub(super) fn new(image: &ModelImage<'a>, index: usize, record: &Record) -> Self {
        let Record {
            layer,
            in_place,
            over,
            ..
        } = *record;
        let input = image.tensor(layer.input.0.into());
        let output = image.tensor(index + 1);
        let packing = match record.packed {
            true => Packing::of(&layer.op, input.shape, output.shape),
            false => None,
        };
        let layout = match packing {
            Some(packing) if packing.stream > 0 => ConstantsLayout::stream(packing),
            _ => ConstantsLayout::new(&layer.op, image.format(), input.shape, output.shape),
        };
        Self {
            index,
            layer,
            input,
            other: layer.op.other().map(|other| image.tensor(other.0.into())),
            output,
            in_place,
            over,
            work: packing.map(|packing| Work {
                offset: record.work,
                len: packing.work,
            }),
            layout,
            constants: layer::block(image.constants(), record.constants, &layout).unwrap_or(&[]),
        }
    }

    /// Multiply-accumulates of one run.
    pub const fn macs(&self) -> u64 {
        self.layer.op.macs(self.input.shape, self.output.shape)
    }

    /// Weights and bias values.
    pub const fn parameters(&self) -> usize {
        self.layer
            .op
            .parameters(self.input.shape, self.output.shape)
    }

    /// Bytes of constants.
    pub const fn constants_len(&self) -> usize {
        self.constants.len()
    }

    /// Weights as they lie in flash: int8, or half precision little-endian.
    pub fn weights(&self) -> &'a [u8] {
        part(self.constants, 0, self.layout.weights).unwrap_or(&[])
    }

    /// Packed weights and numbers as words; empty where the image's bytes do not lie at a multiple of 4.
    pub fn stream(&self) -> &'a [u32] {
        bytemuck::try_cast_slice(self.weights()).unwrap_or(&[])
    }

    /// Bias values, little-endian: i32 in an int8 image, with `-zero_point * sum(weights)` inside, or f32.
    pub fn bias(&self) -> &'a [[u8; 4]] {
        self.quads(self.layout.bias_at(), self.layout.biases)
    }

    /// Mantissas of the fixed-point ratios, i32 little-endian.
    pub fn multipliers(&self) -> &'a [[u8; 4]] {
        self.quads(self.layout.multipliers_at(), self.layout.multipliers)
    }

    /// Exponents of the fixed-point ratios, i8.
    pub fn shifts(&self) -> &'a [u8] {
        part(
            self.constants,
            self.layout.shifts_at(),
            self.layout.multipliers,
        )
        .unwrap_or(&[])
    }

    /// Fixed-point ratio `index`; 0 beyond the last.
    pub const fn ratio(&self, index: usize) -> Multiplier {
        if index < self.layout.multipliers {
            layer::ratio_at(self.constants, &self.layout, index)
        } else {
            Multiplier {
                multiplier: 0,
                shift: 0,
            }
        }
    }

    /// How the layer's kernel slides, where it has one.
    pub fn geometry(&self) -> Option<Geometry> {
        let kernel = self.layer.op.kernel()?;
        let input = self.input.shape;
        let (_, pad) = kernel.resolve(input.h, input.w).ok()?;
        Some(Geometry {
            input,
            output: self.output.shape,
            size: kernel.size,
            stride: kernel.stride,
            dilation: kernel.dilation,
            pad,
        })
    }

    fn quads(&self, at: usize, count: usize) -> &'a [[u8; 4]] {
        part(self.constants, at, 4 * count)
            .unwrap_or(&[])
            .as_chunks()
            .0
    }
}
