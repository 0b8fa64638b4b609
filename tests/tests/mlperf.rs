//! MLPerf Tiny's reference models, whole: every tensor equals LiteRT's to the bit, plain, packed and pruned.
//!
//! But for the dense layer: LiteRT 2.3.0 rounds there once, and mote twice, as everywhere and as CMSIS-NN does. A value that
//! lies on the edge may be one apart.
//!
//! Their weights are not part of this repository: `tests/golden/mlperf.py` makes a file from each, and
//! `MOTE_MLPERF=FILE:FILE` names them. Without it there is nothing to compare, and no test.

use host::export::{About, QuantizedEncoder, QuantizedLayer, int8_image_for, prune};
use libtest_mimic::{Arguments, Failed, Trial};
use mote_core::image::{ModelImage, Target};
use mote_core::kernel::i8::Add;
use mote_core::quant::{Multiplier, Quant};
use mote_core::scratch::Scratch;
use mote_core::shape::Shape;
use mote_core::spec::{Activation, Kernel, Layer, Op, Padding, Spec, Tensor};
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
struct Model {
    input: [u16; 3],
    scale: f32,
    zero_point: i8,
    layers: Vec<Made>,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Made {
    op: String,
    input: u8,
    #[serde(default)]
    other: u8,
    scale: f32,
    zero_point: i8,
    relu: bool,
    #[serde(default)]
    size: [u8; 2],
    #[serde(default)]
    stride: [u8; 2],
    #[serde(default)]
    same: bool,
    #[serde(default)]
    weights: Vec<i8>,
    #[serde(default)]
    weight_scales: Vec<f32>,
    #[serde(default)]
    bias: Vec<i32>,
}

#[derive(Deserialize)]
struct Run {
    input: Vec<i8>,
    tensors: Vec<Vec<i8>>,
}

fn main() {
    let arguments = Arguments::from_args();
    let named = std::env::var("MOTE_MLPERF").unwrap_or_default();
    let trials = named
        .split(':')
        .filter(|path| !path.is_empty())
        .map(|path| {
            let path = path.to_owned();
            Trial::test(format!("{path}_equals_litert"), move || {
                compare(Path::new(&path))
            })
        });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn compare(path: &Path) -> Result<(), Failed> {
    let model: Model = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let whole = encoder(&model)?;
    let pruned = prune(whole.clone())?;
    for (encoder, target) in [
        (&whole, Target::Portable),
        (&whole, Target::Dsp),
        (&pruned, Target::Portable),
        (&pruned, Target::Dsp),
    ] {
        let about = About::plain("mlperf", 1, model.input[2].into());
        let bytes = int8_image_for(&about, encoder, target)?;
        let mut aligned = vec![0_u128; bytes.len().div_ceil(16)];
        bytemuck::cast_slice_mut::<_, u8>(&mut aligned)[..bytes.len()].copy_from_slice(&bytes);
        let image = ModelImage::parse(bytemuck::cast_slice(&aligned))?;
        let packed = image.layers().filter(|layer| layer.work.is_some()).count();
        println!(
            "{target:?}: {} bytes, {packed} of {} layers packed, {} bytes of scratch",
            image.len(),
            image.layer_count(),
            image.scratch_len()
        );
        for (number, run) in model.runs.iter().enumerate() {
            let mut scratch = Box::new(Scratch::<{ 1 << 17 }>::new());
            let scratch = (*scratch).as_mut();
            image.input_mut(scratch)?.copy_from_slice(&run.input);
            for (layer, expected) in image.layers().zip(&run.tensors) {
                image.run_layer(layer.index, scratch)?;
                // A pruned tensor has fewer channels; what is left of the model is compared at the end.
                let found = &scratch[layer.output.range()];
                let slack = u8::from(matches!(layer.layer.op, Op::Dense { .. }));
                let far = |(a, b): (&i8, &i8)| a.abs_diff(*b) > slack;
                if found.len() == expected.len() && found.iter().zip(expected).any(far) {
                    return Err(format!("run {number}, layer {}: other bits", layer.index).into());
                }
            }
        }
    }
    println!("{} inputs, every tensor equal", model.runs.len());
    Ok(())
}

fn encoder(model: &Model) -> Result<QuantizedEncoder, Failed> {
    let [h, w, c] = model.input;
    let mut spec = Spec {
        input: Shape::new(h, w, c),
        layers: Default::default(),
    };
    let mut quants = vec![Quant {
        scale: model.scale,
        zero_point: model.zero_point,
    }];
    let mut layers = Vec::new();
    for made in &model.layers {
        let from = quants[usize::from(made.input)];
        let to = Quant {
            scale: made.scale,
            zero_point: made.zero_point,
        };
        let padding = if made.same {
            Padding::Same
        } else {
            Padding::Valid
        };
        let kernel = Kernel::new(made.size, made.stride, padding);
        let (channels, batch_norm) = (made.bias.len() as u16, false);
        let activation = if made.relu {
            Activation::Relu
        } else {
            Activation::None
        };
        let op = match made.op.as_str() {
            "conv2d" => Op::Conv2d {
                channels,
                kernel,
                batch_norm,
            },
            "depthwise_conv2d" => Op::DepthwiseConv2d { kernel, batch_norm },
            "dense" => Op::Dense {
                channels,
                batch_norm,
            },
            "add" => Op::Add {
                other: Tensor(made.other),
            },
            "avg_pool" => Op::AvgPool { kernel },
            op => return Err(format!("no layer for {op}").into()),
        };
        let mut numbers = QuantizedLayer {
            weights: made.weights.clone(),
            bias: made.bias.clone(),
            ratios: Vec::new(),
        };
        let count = made.bias.len();
        for (i, &weight) in made.weights.iter().enumerate() {
            let channel = match op {
                Op::DepthwiseConv2d { .. } => i % count,
                _ => i / (made.weights.len() / count),
            };
            numbers.bias[channel] -= i32::from(from.zero_point) * i32::from(weight);
        }
        for channel in 0..count {
            let scale = made.weight_scales[channel % made.weight_scales.len()];
            let product = match op {
                // LiteRT multiplies these two scales as f32.
                Op::Dense { .. } => f64::from(from.scale * scale),
                _ => f64::from(from.scale) * f64::from(scale),
            };
            let real = product / f64::from(to.scale);
            numbers
                .ratios
                .push(Multiplier::from_real(real).ok_or("a ratio out of range")?);
        }
        if let Op::Add { other } = op {
            let other = quants[usize::from(other.0)];
            let add = Add::new(from, other, to, activation).ok_or("a ratio out of range")?;
            numbers.ratios = vec![add.a.multiplier, add.b.multiplier, add.multiplier];
        }
        let layer = Layer {
            input: Tensor(made.input),
            op,
            activation,
        };
        spec.layers.push(layer).map_err(|_| "too many layers")?;
        quants.push(to);
        layers.push(numbers);
    }
    Ok(QuantizedEncoder {
        spec,
        quants,
        layers,
    })
}
