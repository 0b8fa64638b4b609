//! Folds batch norm into weights and bias.
//!
//! `gamma * (w x + b - mean) / sqrt(variance + epsilon) + beta` is affine in `x`: each output channel's weights are
//! scaled by `gamma / sqrt(variance + epsilon)`, its bias becomes `(b - mean) * scale + beta`. Computed in f64.

use super::ExportError;
use crate::train::trained::{BatchNorm, TrainedEncoder, TrainedLayer};
use mote_core::shape::Shape;
use mote_core::spec::{Op, Spec};

/// The numbers of one layer without batch norm.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FoldedLayer {
    /// `OHWI`, `HWC`, `OI` or table; empty where the layer has none.
    pub weights: Vec<f32>,
    /// One value an output channel; empty where the layer has none.
    pub bias: Vec<f32>,
}

/// An encoder without batch norm, checked: lengths fit the spec and all numbers are finite.
#[derive(Clone, PartialEq, Debug)]
pub struct FoldedEncoder {
    spec: Spec,
    shapes: Vec<Shape>,
    layers: Vec<FoldedLayer>,
}

impl FoldedEncoder {
    /// Checks `encoder` and folds its batch norms.
    pub fn fold(encoder: &TrainedEncoder) -> Result<Self, ExportError> {
        let mut spec = encoder.spec.clone();
        let shapes = spec.shapes()?.to_vec();
        let (need, have) = (spec.layers.len(), encoder.layers.len());
        if need != have {
            return Err(ExportError::Layers { need, have });
        }
        let mut layers = Vec::with_capacity(need);
        for (index, (layer, trained)) in spec.layers.iter_mut().zip(&encoder.layers).enumerate() {
            let input = shapes[usize::from(layer.input.0)];
            check(index, &layer.op, input, shapes[index + 1], trained)?;
            layers.push(match &trained.batch_norm {
                Some(norm) => fold(&layer.op, trained, norm),
                None => FoldedLayer {
                    weights: trained.weights.clone(),
                    bias: trained.bias.clone(),
                },
            });
            drop_norm(&mut layer.op);
            let FoldedLayer { weights, bias } = &layers[index];
            finite(index, "folded weights", weights)?;
            finite(index, "folded bias", bias)?;
        }
        Ok(Self {
            spec,
            shapes,
            layers,
        })
    }

    /// The list of layers, without batch norm.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Shape of each tensor: the input, then each layer's output.
    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// One entry for each layer.
    pub fn layers(&self) -> &[FoldedLayer] {
        &self.layers
    }
}

fn drop_norm(op: &mut Op) {
    if let Op::Conv2d { batch_norm, .. }
    | Op::DepthwiseConv2d { batch_norm, .. }
    | Op::Dense { batch_norm, .. } = op
    {
        *batch_norm = false;
    }
}

fn fold(op: &Op, trained: &TrainedLayer, norm: &BatchNorm) -> FoldedLayer {
    let scale: Vec<f64> = norm
        .gamma
        .iter()
        .zip(&norm.variance)
        .map(|(&g, &v)| f64::from(g) / (f64::from(v) + f64::from(norm.epsilon)).sqrt())
        .collect();
    let channels = scale.len().max(1);
    let weights = &trained.weights;
    let row = (weights.len() / channels).max(1);
    let channel = |i: usize| match op {
        Op::DepthwiseConv2d { .. } => i % channels,
        _ => i / row,
    };
    FoldedLayer {
        weights: weights
            .iter()
            .enumerate()
            .map(|(i, &w)| (f64::from(w) * scale[channel(i)]) as f32)
            .collect(),
        bias: (0..channels)
            .map(|c| {
                let centred = f64::from(trained.bias[c]) - f64::from(norm.mean[c]);
                (centred * scale[c] + f64::from(norm.beta[c])) as f32
            })
            .collect(),
    }
}

fn check(
    layer: usize,
    op: &Op,
    input: Shape,
    output: Shape,
    trained: &TrainedLayer,
) -> Result<(), ExportError> {
    if op.batch_norm() != trained.batch_norm.is_some() {
        return Err(ExportError::BatchNorm {
            layer,
            spec: op.batch_norm(),
        });
    }
    let check = |what, values: &[f32], need: usize| {
        if values.len() != need {
            return Err(ExportError::Len {
                layer,
                what,
                need,
                have: values.len(),
            });
        }
        finite(layer, what, values)
    };
    let channels = op.biases(output);
    check("weights", &trained.weights, op.weights(input, output))?;
    check("bias", &trained.bias, channels)?;
    if let Some(norm) = &trained.batch_norm {
        check("batch norm gammas", &norm.gamma, channels)?;
        check("batch norm betas", &norm.beta, channels)?;
        check("batch norm means", &norm.mean, channels)?;
        check("batch norm variances", &norm.variance, channels)?;
        check("batch norm epsilon", &[norm.epsilon], 1)?;
    }
    Ok(())
}

fn finite(layer: usize, what: &'static str, values: &[f32]) -> Result<(), ExportError> {
    match values.iter().position(|v| !v.is_finite()) {
        Some(index) => Err(ExportError::NotFinite {
            layer,
            what,
            index,
            value: values[index],
        }),
        None => Ok(()),
    }
}
