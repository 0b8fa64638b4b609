//! From real numbers and ranges to TFLite's integers.
//!
//! Weights are symmetric in `[-127, 127]` with one scale for each output channel; the bias, at scale `input * weight`,
//! takes in `-zero_point * sum(weights)`. Pools keep their input's quantization, symbols go in as `symbol - 128`.

use super::{ExportError, FoldedEncoder, FoldedLayer, Range};
use mote_core::kernel::i8::{Add, Concat};
use mote_core::quant::{Multiplier, Quant};
use mote_core::spec::{Activation, Layer, Op, Spec};

/// The integers of one layer.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct QuantizedLayer {
    /// Weights in the layout of the spec, or table rows at the output's scale.
    pub weights: Vec<i8>,
    /// One value an output channel, with the input's zero point folded in.
    pub bias: Vec<i32>,
    /// One ratio an output channel; three of an addition (two summands, sum), two of a concatenation, one of a
    /// global pool.
    pub ratios: Vec<Multiplier>,
}

/// An encoder in int8.
#[derive(Clone, PartialEq, Debug)]
pub struct QuantizedEncoder {
    /// The list of layers, without batch norm.
    pub spec: Spec,
    /// Quantization of each tensor, the input first.
    pub quants: Vec<Quant>,
    /// One entry for each layer.
    pub layers: Vec<QuantizedLayer>,
}

/// Quantizes `encoder` with one range for each tensor, as [`calibrate`](super::calibrate) finds them.
pub fn quantize(
    encoder: &FoldedEncoder,
    ranges: &[Range],
) -> Result<QuantizedEncoder, ExportError> {
    let spec = encoder.spec();
    let need = encoder.shapes().len();
    if ranges.len() != need {
        return Err(ExportError::Ranges {
            need,
            have: ranges.len(),
        });
    }
    let quants = quants(encoder, ranges);
    let mut layers = Vec::with_capacity(spec.layers.len());
    for (index, (layer, folded)) in spec.layers.iter().zip(encoder.layers()).enumerate() {
        layers.push(quantize_layer(encoder, index, layer, folded, &quants)?);
    }
    Ok(QuantizedEncoder {
        spec: spec.clone(),
        quants,
        layers,
    })
}

fn quants(encoder: &FoldedEncoder, ranges: &[Range]) -> Vec<Quant> {
    let symbols = encoder
        .spec()
        .layers
        .iter()
        .any(|l| matches!(l.op, Op::Embedding { .. }));
    let mut quants = vec![match symbols {
        true => Quant {
            scale: 1.0,
            zero_point: i8::MIN,
        },
        false => quant(ranges[0]),
    }];
    for (index, (layer, folded)) in encoder
        .spec()
        .layers
        .iter()
        .zip(encoder.layers())
        .enumerate()
    {
        quants.push(match layer.op {
            Op::AvgPool { .. } | Op::MaxPool { .. } => quants[usize::from(layer.input.0)],
            Op::Embedding { .. } => quant(table_range(folded, layer.activation)),
            _ => quant(ranges[index + 1]),
        });
    }
    quants
}

fn activated(value: f32, activation: Activation) -> f32 {
    if activation == Activation::Relu {
        value.max(0.0)
    } else {
        value
    }
}

fn table_range(folded: &FoldedLayer, activation: Activation) -> Range {
    let values = folded.weights.iter().map(|&w| activated(w, activation));
    values.fold(Range { min: 0.0, max: 0.0 }, |range, w| Range {
        min: range.min.min(w),
        max: range.max.max(w),
    })
}

/// The scale and zero point under which 0 is an integer and `range` just fits.
fn quant(range: Range) -> Quant {
    let (min, max) = (f64::from(range.min.min(0.0)), f64::from(range.max.max(0.0)));
    // A tensor that is always 0 takes any scale; one in the ordinary range keeps ratios ordinary.
    let span = if max - min > 1e-20 { max - min } else { 1.0 };
    let scale = (span / 255.0) as f32;
    let zero_point = (-128.0 - min / f64::from(scale))
        .round()
        .clamp(-128.0, 127.0) as i8;
    Quant { scale, zero_point }
}

fn quantize_layer(
    encoder: &FoldedEncoder,
    index: usize,
    layer: &Layer,
    folded: &FoldedLayer,
    quants: &[Quant],
) -> Result<QuantizedLayer, ExportError> {
    let input_shape = encoder.shapes()[usize::from(layer.input.0)];
    let (input, output) = (quants[usize::from(layer.input.0)], quants[index + 1]);
    let other = layer
        .op
        .other()
        .map_or(input, |other| quants[usize::from(other.0)]);
    let ratio = f64::from(input.scale) / f64::from(output.scale);
    let unfit = || ExportError::Ratio {
        layer: index,
        ratio,
    };
    let ratios = match layer.op {
        Op::Conv2d { .. } | Op::DepthwiseConv2d { .. } | Op::Dense { .. } => {
            let fan_in = layer.op.fan_in(input_shape);
            return product(index, &layer.op, folded, fan_in, input, output);
        }
        Op::Add { .. } => {
            let add = Add::new(input, other, output, layer.activation).ok_or_else(unfit)?;
            vec![add.a.multiplier, add.b.multiplier, add.multiplier]
        }
        Op::Concat { .. } => {
            // The channel counts play no part in the ratios.
            let concat = Concat::new(input, other, output, layer.activation, [0, 0]);
            let concat = concat.ok_or_else(unfit)?;
            vec![concat.a.multiplier, concat.b.multiplier]
        }
        Op::GlobalAvgPool | Op::GlobalStatPool => {
            let ratio = ratio / input_shape.pixels() as f64;
            vec![Multiplier::from_real(ratio).ok_or(ExportError::Ratio {
                layer: index,
                ratio,
            })?]
        }
        Op::AvgPool { .. } | Op::MaxPool { .. } => Vec::new(),
        Op::Embedding { .. } => {
            let value = |&w: &f32| output.quantize(activated(w, layer.activation));
            let weights = folded.weights.iter().map(value).collect();
            return Ok(QuantizedLayer {
                weights,
                ..Default::default()
            });
        }
    };
    Ok(QuantizedLayer {
        ratios,
        ..Default::default()
    })
}

/// Convolution, depthwise convolution or matrix product.
fn product(
    layer: usize,
    op: &Op,
    folded: &FoldedLayer,
    fan_in: usize,
    input: Quant,
    output: Quant,
) -> Result<QuantizedLayer, ExportError> {
    let channels = folded.bias.len();
    // Where the weights of an output channel lie: its first, and the distance to the next.
    let depthwise = matches!(op, Op::DepthwiseConv2d { .. });
    let place = |c: usize| {
        if depthwise {
            (c, channels)
        } else {
            (c * fan_in, 1)
        }
    };
    let mut quantized = QuantizedLayer {
        weights: vec![0; folded.weights.len()],
        bias: Vec::with_capacity(channels),
        ratios: Vec::with_capacity(channels),
    };
    // Sums of products stay below this, so that the bias has the rest of 31 bits.
    let products = fan_in as u64 * (128 * 128);
    let room = (i32::MAX as u64).saturating_sub(products) as f64;
    for (c, &bias) in folded.bias.iter().enumerate() {
        let (first, step) = place(c);
        let own = || (first..).step_by(step).take(fan_in);
        let largest = own().map(|i| folded.weights[i].abs()).fold(0.0, f32::max);
        let scale = weight_scale(largest, bias, input, room);
        let mut sum = 0_i64;
        for i in own() {
            let q = (f64::from(folded.weights[i]) / scale)
                .round()
                .clamp(-127.0, 127.0);
            quantized.weights[i] = q as i8;
            sum += q as i64;
        }
        let real = (f64::from(bias) / (f64::from(input.scale) * scale)).round();
        let whole = real as i64 - i64::from(input.zero_point) * sum;
        if whole.unsigned_abs() + products > i32::MAX as u64 {
            return Err(ExportError::Overflow { layer, fan_in });
        }
        let ratio = f64::from(input.scale) * scale / f64::from(output.scale);
        quantized.bias.push(whole as i32);
        quantized
            .ratios
            .push(Multiplier::from_real(ratio).ok_or(ExportError::Ratio { layer, ratio })?);
    }
    Ok(quantized)
}

/// The scale at which the largest weight is 127, coarser where the bias would not fit otherwise.
fn weight_scale(largest: f32, bias: f32, input: Quant, room: f64) -> f64 {
    let scale = f64::from(largest) / 127.0;
    // Half of the room: the input's zero point takes its share of the rest.
    let least = f64::from(bias.abs()) / f64::from(input.scale) / (room / 4.0).max(1.0);
    match scale.max(least) {
        0.0 => 1.0,
        scale => scale,
    }
}
