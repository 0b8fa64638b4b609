//! Everything that must hold before an image may run.

use super::about::About;
use super::bytes::f32_at;
use super::layer::{self, CONSTANTS_ALIGN, ConstantsLayout, LAYER_LEN, Record, packing_code};
use super::section::{self, Directory};
use super::tensor::{TENSOR_LEN, TensorInfo};
use super::{Format, ImageError, Target, plan, vocabulary};
use crate::kernel::dsp::Packing;
use crate::mel::FrontEnd;
use crate::spec::{LayerError, Op, Tensor};

/// `?` for `const fn`.
macro_rules! tri {
    ($e:expr) => {
        match $e {
            Ok(v) => v,
            Err(e) => return Err(e),
        }
    };
}

/// Checks the content of every section; gives the names and the length of scratch.
pub const fn all<'a>(directory: &Directory<'a>) -> Result<(About<'a>, usize), ImageError> {
    let Directory {
        format,
        layers,
        sections,
        ..
    } = *directory;
    let tensors = sections[section::TENSORS as usize];
    let table = sections[section::LAYERS as usize];
    tri!(exact(
        section::TENSORS,
        tensors,
        (layers as usize + 1) * TENSOR_LEN
    ));
    tri!(exact(section::LAYERS, table, layers as usize * LAYER_LEN));
    let mut tensor = 0;
    while tensor <= layers {
        tri!(TensorInfo::check(tensors, tensor, format));
        tensor += 1;
    }
    let input = TensorInfo::read(tensors, 0).shape;
    let about = tri!(About::parse(sections[section::ABOUT as usize], input.c));
    tri!(check_affine(
        sections[section::AFFINE as usize],
        input.c as usize
    ));
    let mut free = 0;
    let mut layer = 0;
    while layer < layers {
        free = tri!(check_layer(directory, layer, free));
        layer += 1;
    }
    let names = sections[section::VOCABULARY as usize];
    if !names.is_empty() {
        tri!(vocabulary::check(names, symbols(table, layers)));
    }
    let front = sections[section::MEL as usize];
    if !front.is_empty() {
        let front = tri!(FrontEnd::parse(front));
        if !input.len().is_multiple_of(front.bands()) {
            return Err(ImageError::FrontEnd { offset: 10 });
        }
    }
    let scratch_len = tri!(plan::check(tensors, table, layers));
    Ok((about, scratch_len))
}

/// Size of the vocabulary of the first `embedding`; 0 if there is none.
const fn symbols(table: &[u8], layers: u8) -> u16 {
    let mut layer = 0;
    while layer < layers {
        if let Ok(record) = Record::read(table, layer)
            && let Op::Embedding { vocabulary, .. } = record.layer.op
        {
            return vocabulary;
        }
        layer += 1;
    }
    0
}

const fn exact(section: u16, content: &[u8], need: usize) -> Result<(), ImageError> {
    if content.len() != need {
        return Err(ImageError::SectionLen {
            section,
            need,
            have: content.len(),
        });
    }
    Ok(())
}

const fn check_affine(table: &[u8], channels: usize) -> Result<(), ImageError> {
    tri!(exact(section::AFFINE, table, 8 * channels));
    let mut i = 0;
    while i < 2 * channels {
        if !f32_at(table, 4 * i).is_finite() {
            return Err(ImageError::Affine {
                channel: i % channels,
            });
        }
        i += 1;
    }
    Ok(())
}

/// Checks one layer, whose constants start at `free` or later; gives the first byte behind them.
const fn check_layer(directory: &Directory, layer: u8, free: usize) -> Result<usize, ImageError> {
    let Directory {
        format, sections, ..
    } = directory;
    let tensors = sections[section::TENSORS as usize];
    let constants = sections[section::CONSTANTS as usize];
    let record = tri!(Record::read(sections[section::LAYERS as usize], layer));
    let op = record.layer.op;
    let read = record.layer.input;
    let other = match op.other() {
        Some(other) => other,
        None => read,
    };
    let highest = if read.0 > other.0 { read } else { other };
    if highest.0 > layer {
        let error = LayerError::NotMade {
            tensor: highest.0,
            made: layer + 1,
        };
        return Err(ImageError::Layer { layer, error });
    }
    if matches!(op, Op::Embedding { .. }) && read.0 != Tensor::INPUT.0 {
        let error = LayerError::SymbolSource { tensor: read.0 };
        return Err(ImageError::Layer { layer, error });
    }
    let input = TensorInfo::read(tensors, read.0 as usize);
    let output = TensorInfo::read(tensors, layer as usize + 1);
    let second = TensorInfo::read(tensors, other.0 as usize).shape;
    let need = match op.output_shape(input.shape, second) {
        Ok(shape) => shape,
        Err(error) => return Err(ImageError::Layer { layer, error }),
    };
    let have = output.shape;
    if need.h != have.h || need.w != have.w || need.c != have.c {
        return Err(ImageError::OutputShape { layer, need, have });
    }
    let mut layout = ConstantsLayout::new(&op, *format, input.shape, have);
    if record.packed {
        let possible = Packing::of(&op, input.shape, have);
        let packing = match (directory.target, possible) {
            (Target::Dsp, Some(packing)) if packing_code(possible) == record.packing => packing,
            _ => {
                return Err(ImageError::Code {
                    layer,
                    offset: 28,
                    found: record.packing,
                });
            }
        };
        layout = ConstantsLayout::packed(packing, layout);
    }
    if record.weights != layout.weights {
        return Err(ImageError::Weights {
            layer,
            need: layout.weights,
            have: record.weights,
        });
    }
    let mut end = free;
    if !layout.is_empty() {
        let offset = record.constants;
        let block = match layer::block(constants, offset, &layout) {
            Some(block) if offset >= free && offset.is_multiple_of(CONSTANTS_ALIGN) => block,
            _ => {
                let end = offset.saturating_add(layout.len());
                return Err(ImageError::Constants {
                    layer,
                    offset,
                    end,
                    free,
                });
            }
        };
        if matches!(format, Format::I8) {
            let fan_in = op.fan_in(input.shape);
            tri!(layer::check_numbers(block, &layout, fan_in, layer));
        }
        end = offset + layout.len();
    }
    if matches!(format, Format::I8) {
        let kept = match op {
            Op::AvgPool { .. } | Op::MaxPool { .. } => input.same_quant(&output),
            Op::Embedding { .. } => input.quant.scale == 1.0 && input.quant.zero_point == -128,
            _ => true,
        };
        if !kept {
            return Err(ImageError::Quant { layer });
        }
    }
    Ok(end)
}
