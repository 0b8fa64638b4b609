//! What comes out of training: the spec and every layer's numbers, batch norm not yet folded.

use super::network::{Mode, Network};
use mote_core::spec::{Activation, Layer, Op, Spec, Tensor};
use serde::{Deserialize, Serialize};

/// The affine map that batch norm applies in evaluation: `gamma * (x - mean) / sqrt(variance + epsilon) + beta`.
///
/// Each vector has one value a channel.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct BatchNorm {
    /// Trained gain.
    pub gamma: Vec<f32>,
    /// Trained offset.
    pub beta: Vec<f32>,
    /// Running mean of the layer's raw output.
    pub mean: Vec<f32>,
    /// Running variance (unbiased) of the layer's raw output.
    pub variance: Vec<f32>,
    /// Added to the variance before the square root.
    pub epsilon: f32,
}

/// The numbers of one layer; vectors are empty where the layer has none.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct TrainedLayer {
    /// `OHWI` for `conv2d`, `HWC` for `depthwise_conv2d`, `OI` for `dense`, `vocabulary x channels` for `embedding`.
    pub weights: Vec<f32>,
    /// One value an output channel; zeros where batch norm supplies it.
    pub bias: Vec<f32>,
    /// Batch norm between the product and the activation.
    pub batch_norm: Option<BatchNorm>,
}

/// A trained encoder: what f16 weights, quantization and evaluation start from.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TrainedEncoder {
    /// The list of layers.
    pub spec: Spec,
    /// One entry for each layer of `spec`.
    pub layers: Vec<TrainedLayer>,
}

/// Windows embedded at a time; bounds the memory.
const BATCH: usize = 256;

impl TrainedEncoder {
    /// The encoder with its features of all places averaged to one embedding; as it is where there is one place only,
    /// or no room for another layer.
    pub fn pooled(mut self) -> Self {
        let places = self.spec.output().map_or(1, |shape| shape.pixels());
        let layer = Layer {
            input: Tensor(self.spec.layers.len() as u8),
            op: Op::GlobalAvgPool,
            activation: Activation::None,
        };
        if places > 1 && self.spec.layers.push(layer).is_ok() {
            self.layers.push(TrainedLayer::default());
        }
        self
    }

    /// The encoder with the layers of `head` behind it; `None` if they are too many.
    pub fn with_head(mut self, head: &Self) -> Option<Self> {
        let before = self.spec.layers.len() as u8;
        for (layer, numbers) in head.spec.layers.iter().zip(&head.layers) {
            // Heads are layers in a row.
            let input = Tensor(before + layer.input.0);
            self.spec.layers.push(Layer { input, ..*layer }).ok()?;
            self.layers.push(numbers.clone());
        }
        Some(self)
    }

    /// Embeds `B` normalised windows (`B * input_len` values, `NHWC`) with the running statistics; returns `B x D`.
    ///
    /// # Panics
    /// If the layers do not fit the spec ([`Network::load`] tells), or `windows` is not a whole number of them.
    pub fn embed(&self, windows: &[f32]) -> Vec<f32> {
        let mut network = Network::load(self).unwrap_or_else(|error| panic!("{error}"));
        let mut embeddings = Vec::new();
        for batch in windows.chunks(BATCH * network.input_len()) {
            embeddings.extend_from_slice(network.forward(batch, Mode::Eval));
        }
        embeddings
    }
}
