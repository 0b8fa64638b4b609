//! Writes model images; `core/FORMAT.md` describes the bytes.

use super::pack::pack;
use super::{About, ExportError, FoldedEncoder, QuantizedEncoder, plan};
use half::f16;
use mote_core::crc::crc32;
use mote_core::image::{
    CONSTANTS_ALIGN, Format, IN_PLACE, LAYER_LEN, ModelImage, OVER, TENSOR_LEN, Target, VERSION,
    WORK_ALIGN, op_code, packing_code, section,
};
use mote_core::kernel::dsp::Packing;
use mote_core::quant::Quant;
use mote_core::spec::{Activation, Layer, Op, Padding, Spec};

/// Writes an int8 image for every core and checks it as the device will.
pub fn int8_image(about: &About, encoder: &QuantizedEncoder) -> Result<Vec<u8>, ExportError> {
    int8_image_for(about, encoder, Target::Portable)
}

/// Writes an int8 image for the cores of `target` and checks it as the device will.
///
/// Layers whose numbers leave the bounds of the packed kernels keep the plain layout, and run as they do everywhere.
pub fn int8_image_for(
    about: &About,
    encoder: &QuantizedEncoder,
    target: Target,
) -> Result<Vec<u8>, ExportError> {
    let mut constants = Vec::with_capacity(encoder.layers.len());
    let shapes = encoder.spec.shapes()?;
    for (index, layer) in encoder.layers.iter().enumerate() {
        let packed = match target {
            Target::Dsp => pack(encoder, &shapes, index),
            _ => None,
        };
        constants.push(match packed {
            Some(stream) if !stream.is_empty() => Constants {
                weights: stream.iter().flat_map(|word| word.to_le_bytes()).collect(),
                packed: true,
                ..Default::default()
            },
            plain => Constants {
                weights: layer.weights.iter().map(|&w| w as u8).collect(),
                bias: layer.bias.iter().flat_map(|b| b.to_le_bytes()).collect(),
                multipliers: layer
                    .ratios
                    .iter()
                    .flat_map(|r| r.multiplier.to_le_bytes())
                    .collect(),
                shifts: layer.ratios.iter().map(|r| r.shift as u8).collect(),
                packed: plain.is_some(),
            },
        });
    }
    write(
        about,
        Format::I8,
        target,
        &encoder.spec,
        &encoder.quants,
        &constants,
    )
}

/// Writes an image with f16 weights and checks it as the device will.
pub fn f16_image(about: &About, encoder: &FoldedEncoder) -> Result<Vec<u8>, ExportError> {
    let mut constants = Vec::new();
    for (layer, folded) in encoder.layers().iter().enumerate() {
        let mut weights = Vec::with_capacity(2 * folded.weights.len());
        for &value in &folded.weights {
            let half = f16::from_f32(value);
            if !half.is_finite() {
                return Err(ExportError::HalfRange { layer, value });
            }
            weights.extend(half.to_le_bytes());
        }
        let bias = folded.bias.iter().flat_map(|b| b.to_le_bytes()).collect();
        constants.push(Constants {
            weights,
            bias,
            ..Default::default()
        });
    }
    let none = Quant {
        scale: 0.0,
        zero_point: 0,
    };
    let quants = vec![none; encoder.shapes().len()];
    write(
        about,
        Format::F16,
        Target::Portable,
        encoder.spec(),
        &quants,
        &constants,
    )
}

/// One layer's constants as bytes.
#[derive(Default)]
struct Constants {
    weights: Vec<u8>,
    bias: Vec<u8>,
    multipliers: Vec<u8>,
    shifts: Vec<u8>,
    /// The weights are a stream for other kernels than the plain ones.
    packed: bool,
}

fn write(
    about: &About,
    format: Format,
    target: Target,
    spec: &Spec,
    quants: &[Quant],
    constants: &[Constants],
) -> Result<Vec<u8>, ExportError> {
    let shapes = spec.shapes()?;
    about.check(spec.input.c.into())?;
    let packed: Vec<bool> = constants.iter().map(|c| c.packed).collect();
    let scratch = plan(spec, format, &packed)?;
    let mut tensors = Vec::with_capacity(shapes.len() * TENSOR_LEN);
    for ((shape, quant), &offset) in shapes.iter().zip(quants).zip(&scratch.offsets) {
        for extent in [shape.h, shape.w, shape.c] {
            tensors.extend(extent.to_le_bytes());
        }
        tensors.extend([quant.zero_point as u8, 0]);
        tensors.extend(quant.scale.to_le_bytes());
        tensors.extend((offset as u32).to_le_bytes());
    }
    let (mut layers, mut data) = (
        Vec::with_capacity(spec.layers.len() * LAYER_LEN),
        Vec::new(),
    );
    for (index, (layer, constants)) in spec.layers.iter().zip(constants).enumerate() {
        let offset = append(&mut data, constants);
        let mut record = layer_record(
            layer,
            match (scratch.in_place[index], scratch.over[index]) {
                (true, _) => IN_PLACE,
                (_, true) => OVER,
                _ => 0,
            },
            offset,
            constants.weights.len() as u32,
        );
        if constants.packed {
            let input = shapes[usize::from(layer.input.0)];
            record[28] = packing_code(Packing::of(&layer.op, input, shapes[index + 1]));
            let Ok(unit) = u16::try_from(scratch.work[index] / WORK_ALIGN) else {
                return Err(ExportError::Scratch { len: scratch.len });
            };
            record[30..32].copy_from_slice(&unit.to_le_bytes());
        }
        layers.extend(record);
    }
    let mut sections = vec![
        (section::ABOUT, about_section(about)),
        (section::AFFINE, affine_section(about, format, quants[0])),
        (section::TENSORS, tensors),
        (section::LAYERS, layers),
        (section::CONSTANTS, data),
    ];
    if !about.vocabulary.is_empty() {
        sections.push((section::VOCABULARY, vocabulary_section(about)));
    }
    if let Some(front) = about.front {
        sections.push((section::MEL, front.section()?));
    }
    let bytes = assemble(format, target, spec.layers.len() as u8, &sections);
    ModelImage::parse(&bytes)?;
    Ok(bytes)
}

/// Appends one layer's constants; gives where they start.
fn append(data: &mut Vec<u8>, constants: &Constants) -> u32 {
    if constants.weights.is_empty() && constants.bias.is_empty() && constants.shifts.is_empty() {
        return 0;
    }
    pad(data, CONSTANTS_ALIGN);
    let offset = data.len() as u32;
    data.extend(&constants.weights);
    pad(data, 4);
    data.extend(&constants.bias);
    data.extend(&constants.multipliers);
    data.extend(&constants.shifts);
    offset
}

fn pad(bytes: &mut Vec<u8>, unit: usize) {
    bytes.resize(bytes.len().next_multiple_of(unit), 0);
}

fn layer_record(layer: &Layer, place: u8, offset: u32, weights: u32) -> [u8; LAYER_LEN] {
    let mut record = [0; LAYER_LEN];
    record[0] = op_code(&layer.op);
    record[1] = match layer.activation {
        Activation::None => 0,
        Activation::Relu => 1,
    };
    record[2] = layer.input.0;
    record[3] = layer.op.other().map_or(0, |other| other.0);
    if let Some(kernel) = layer.op.kernel() {
        record[4..6].copy_from_slice(&kernel.size);
        record[6..8].copy_from_slice(&kernel.stride);
        record[8..10].copy_from_slice(&kernel.dilation);
        let (padding, pads) = match kernel.padding {
            Padding::Same => (0, [0; 4]),
            Padding::Valid => (1, [0; 4]),
            Padding::Causal => (2, [0; 4]),
            Padding::Explicit(pads) => (3, pads),
        };
        record[10] = padding;
        record[12..16].copy_from_slice(&pads);
    }
    record[11] = place;
    let (channels, vocabulary) = match layer.op {
        Op::Conv2d { channels, .. } | Op::Dense { channels, .. } => (channels, 0),
        Op::Embedding {
            vocabulary,
            channels,
        } => (channels, vocabulary),
        _ => (0, 0),
    };
    record[16..18].copy_from_slice(&channels.to_le_bytes());
    record[18..20].copy_from_slice(&vocabulary.to_le_bytes());
    record[20..24].copy_from_slice(&offset.to_le_bytes());
    record[24..28].copy_from_slice(&weights.to_le_bytes());
    record
}

fn about_section(about: &About) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(about.rate_hz.to_le_bytes());
    bytes.extend(about.window_len.to_le_bytes());
    bytes.extend(about.hop_len.to_le_bytes());
    bytes.extend([about.name.len() as u8, about.channels.len() as u8, 0, 0]);
    bytes.extend(about.name.as_bytes());
    for name in &about.channels {
        bytes.push(name.len() as u8);
        bytes.extend(name.as_bytes());
    }
    bytes
}

/// The number of symbols, then their names.
fn vocabulary_section(about: &About) -> Vec<u8> {
    let mut bytes = (about.vocabulary.len() as u32).to_le_bytes().to_vec();
    for name in &about.vocabulary {
        bytes.push(name.len() as u8);
        bytes.extend(name.as_bytes());
    }
    bytes
}

/// All gains, then all offsets; in int8 they quantize as well.
fn affine_section(about: &About, format: Format, input: Quant) -> Vec<u8> {
    let (scale, zero_point) = match format {
        Format::I8 => (f64::from(input.scale), f64::from(input.zero_point)),
        Format::F16 => (1.0, 0.0),
    };
    let gain = |deviation: &f32| 1.0 / (f64::from(*deviation) * scale);
    let gains = about.deviation.iter().map(|d| gain(d) as f32);
    let offsets = about.mean.iter().zip(&about.deviation);
    let offsets = offsets.map(|(m, d)| (zero_point - f64::from(*m) * gain(d)) as f32);
    gains.chain(offsets).flat_map(f32::to_le_bytes).collect()
}

fn assemble(format: Format, target: Target, layers: u8, sections: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = vec![0; section::HEADER_LEN];
    bytes[0..4].copy_from_slice(&section::MAGIC);
    bytes[8..10].copy_from_slice(&VERSION.to_le_bytes());
    bytes[10] = match format {
        Format::I8 => 0,
        Format::F16 => 1,
    };
    bytes[11] = match target {
        Target::Portable => 0,
        Target::Dsp => 1,
        Target::Mve => 2,
    };
    bytes[16] = sections.len() as u8;
    bytes[17] = layers;
    let mut start = bytes.len() + sections.len() * section::ENTRY_LEN;
    for (kind, content) in sections {
        start = start.next_multiple_of(section::SECTION_ALIGN);
        bytes.extend(kind.to_le_bytes());
        let required = match *kind {
            section::VOCABULARY | section::MEL => 0,
            _ => section::REQUIRED,
        };
        bytes.extend(required.to_le_bytes());
        bytes.extend((start as u32).to_le_bytes());
        bytes.extend((content.len() as u32).to_le_bytes());
        start += content.len();
    }
    for (_, content) in sections {
        pad(&mut bytes, section::SECTION_ALIGN);
        bytes.extend(content);
    }
    let len = bytes.len() as u32;
    bytes[12..16].copy_from_slice(&len.to_le_bytes());
    let crc = crc32(&bytes[8..]);
    bytes[4..8].copy_from_slice(&crc.to_le_bytes());
    bytes
}
