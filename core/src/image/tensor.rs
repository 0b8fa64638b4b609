//! The table of tensors: shape, quantization and place in scratch.

use super::bytes::{array_at, f32_at, first_set, u16_at, u32_at};
use super::{Format, ImageError, section};
use crate::quant::Quant;
use crate::shape::Shape;
use crate::spec::MAX_TENSOR_LEN;
use core::ops::Range;

/// Bytes of one tensor record.
pub const TENSOR_LEN: usize = 16;
/// Tensors of an int8 image start at multiples of this many bytes of scratch; of an f16 image, this many values / 4.
pub const SCRATCH_ALIGN: usize = 16;
/// Scratch values that an image may ask for at most.
pub const MAX_SCRATCH_LEN: usize = 1 << 26;

/// One activation: the network's input or a layer's output.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TensorInfo {
    /// Its extent.
    pub shape: Shape,
    /// Its quantization; scale 0 in an f16 image, which has none.
    pub quant: Quant,
    /// Where it starts in scratch, in values.
    pub offset: usize,
}

impl TensorInfo {
    /// Where it lies in scratch, in values.
    pub const fn range(&self) -> Range<usize> {
        self.offset..self.end()
    }

    pub(super) const fn end(&self) -> usize {
        self.offset.saturating_add(self.shape.len())
    }

    pub(super) const fn overlaps(&self, other: &Self) -> bool {
        self.offset < other.end() && other.offset < self.end()
    }

    pub(super) const fn same_quant(&self, other: &Self) -> bool {
        self.quant.scale.to_bits() == other.quant.scale.to_bits()
            && self.quant.zero_point == other.quant.zero_point
    }

    /// Reads record `tensor` of the table.
    pub(super) const fn read(table: &[u8], tensor: usize) -> Self {
        // Read at once: the end of the table is looked at once.
        let record: [u8; TENSOR_LEN] = array_at(table, tensor * TENSOR_LEN);
        Self {
            shape: Shape::new(u16_at(&record, 0), u16_at(&record, 2), u16_at(&record, 4)),
            quant: Quant {
                zero_point: record[6] as i8,
                scale: f32_at(&record, 8),
            },
            offset: u32_at(&record, 12) as usize,
        }
    }

    /// Checks record `tensor` on its own.
    pub(super) const fn check(table: &[u8], tensor: u8, format: Format) -> Result<(), ImageError> {
        let at = tensor as usize * TENSOR_LEN;
        if let Some(offset) = first_set(table, at + 7, at + 8) {
            return Err(ImageError::Reserved {
                section: section::TENSORS,
                offset,
            });
        }
        let info = Self::read(table, tensor as usize);
        if info.shape.is_empty() || info.shape.len() > MAX_TENSOR_LEN {
            return Err(ImageError::Shape {
                tensor,
                found: info.shape,
            });
        }
        let scale = info.quant.scale;
        let right = match format {
            Format::I8 => scale.is_finite() && scale > 0.0,
            Format::F16 => scale.to_bits() == 0 && info.quant.zero_point == 0,
        };
        if !right {
            return Err(ImageError::Scale { tensor });
        }
        if !info.offset.is_multiple_of(format.scratch_align()) || info.end() > MAX_SCRATCH_LEN {
            return Err(ImageError::ScratchOffset {
                tensor,
                offset: info.offset,
            });
        }
        Ok(())
    }
}
