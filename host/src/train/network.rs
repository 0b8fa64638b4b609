//! An encoder or a head in training: layers, parameters and gradients in one flat vector each.

use super::layer::batch_norm::{self, BatchNorm};
use super::layer::{self, Layer};
use super::random::SplitMix;
use super::signal::Signal;
use super::simd::Level;
use super::trained::{self, TrainedEncoder, TrainedLayer};
use super::world::{World, alone};
use mote_core::shape::Shape;
use mote_core::spec::{Activation, Op, Spec, SpecError, Tensor};
use std::ops::Range;
use std::sync::Arc;

/// Whether batch norm uses the batch's statistics (and moves the running ones) or the running ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Statistics of the batch.
    Train,
    /// Running statistics; no way back.
    Eval,
}

/// What a range of parameters is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParameterKind {
    /// A product's weights, or an embedding's table; weight decay applies to these alone.
    Weights,
    /// A product's bias.
    Bias,
    /// Batch norm's gain.
    Gamma,
    /// Batch norm's offset.
    Beta,
}

/// One named range of [`Network::parameters`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parameter {
    /// `LAYER.KIND`, such as `2.weights`.
    pub name: String,
    /// What it is.
    pub kind: ParameterKind,
    /// Where it lies.
    pub range: Range<usize>,
}

/// Why a trained encoder cannot be loaded.
#[derive(thiserror::Error, Clone, PartialEq, Debug)]
pub enum LoadError {
    /// The list of layers is no encoder.
    #[error("the encoder's layers do not fit together: {0}")]
    Spec(SpecError),
    /// Numbers are missing or left over.
    #[error(
        "layer {layer}: {what} has {found} values, but the spec needs {expected}; was the spec edited after training?"
    )]
    Length {
        /// Index in the spec.
        layer: usize,
        /// `weights`, `bias`, `gamma`, `beta`, `mean` or `variance`; `layers` for the list itself.
        what: &'static str,
        /// Values found.
        found: usize,
        /// Values that the spec asks for.
        expected: usize,
    },
    /// A bias in front of batch norm, which training has no place for.
    #[error(
        "layer {layer}: a bias of {found} in front of batch norm, where training keeps none; subtract the bias from \
         batch norm's mean and set it to 0, which changes no output"
    )]
    Bias {
        /// Index in the spec.
        layer: usize,
        /// The first bias that is not 0.
        found: f32,
    },
    /// An epsilon that training does not use.
    #[error(
        "layer {layer}: batch norm has an epsilon of {found}, but training uses {}; add the difference to the \
         variances, which changes no output",
        batch_norm::EPSILON
    )]
    Epsilon {
        /// Index in the spec.
        layer: usize,
        /// The epsilon found.
        found: f32,
    },
    /// Batch norm where the spec has none.
    #[error(
        "layer {layer}: there are numbers of a batch norm, but the spec has none there; was the spec edited after training?"
    )]
    BatchNorm {
        /// Index in the spec.
        layer: usize,
    },
}

/// A layer in its place.
pub(super) struct Node {
    pub layer: Box<dyn Layer>,
    /// The tensors read; the second is that of the first where there is no other operand.
    pub inputs: [usize; 2],
    /// 1 or 2.
    pub operands: usize,
    /// Whether the embedding depends on it.
    pub live: bool,
    pub weights: Range<usize>,
    /// Empty where the layer has none.
    pub bias: Range<usize>,
    pub norm: Option<NormNode>,
}

/// Batch norm of a node: ranges of parameters and running statistics.
pub(super) struct NormNode {
    pub gamma: Range<usize>,
    pub beta: Range<usize>,
    /// In [`Network::running`].
    pub mean: Range<usize>,
    /// In [`Network::running`].
    pub variance: Range<usize>,
    pub state: BatchNorm,
}

/// An encoder, projector or classifier that can learn. Two networks share nothing.
pub struct Network {
    pub(super) spec: Spec,
    pub(super) level: Level,
    /// Who computes the batches.
    pub(super) world: Arc<dyn World>,
    pub(super) nodes: Vec<Node>,
    /// The input, then each layer's output.
    pub(super) signals: Vec<Signal>,
    pub(super) parameters: Vec<f32>,
    pub(super) gradients: Vec<f32>,
    pub(super) running: Vec<f32>,
    named: Vec<Parameter>,
    /// Seconds of each layer, forward and backward.
    pub(super) seconds: Vec<[f64; 2]>,
    pub(super) work: super::pass::Work,
}

impl Network {
    /// A network with random weights from `seed`: uniform within `1 / sqrt(fan in)` as PyTorch draws them
    /// (embeddings normal), batch norm the identity.
    pub fn new(spec: &Spec, seed: u64) -> Result<Self, SpecError> {
        let shapes = spec.shapes()?;
        let signals = shapes.iter().map(|shape| Signal::new(*shape)).collect();
        let mut network = Self {
            spec: spec.clone(),
            level: Level::detect(),
            world: alone(),
            nodes: Vec::new(),
            signals,
            parameters: Vec::new(),
            gradients: Vec::new(),
            running: Vec::new(),
            named: Vec::new(),
            seconds: vec![[0.0; 2]; spec.layers.len()],
            work: super::pass::Work::default(),
        };
        for index in 0..spec.layers.len() {
            network.push(index, &shapes, seed)?;
        }
        network.gradients = vec![0.0; network.parameters.len()];
        // What the embedding depends on, from the last layer back.
        if let Some(last) = network.nodes.last_mut() {
            last.live = true;
        }
        for index in (0..network.nodes.len()).rev() {
            if network.nodes[index].live {
                for input in network.nodes[index].inputs {
                    if input > 0 {
                        network.nodes[input - 1].live = true;
                    }
                }
            }
        }
        Ok(network)
    }

    fn push(&mut self, index: usize, shapes: &[Shape], seed: u64) -> Result<(), SpecError> {
        let layer = self.spec.layers[index];
        let [input, other] =
            [layer.input, layer.op.other().unwrap_or(layer.input)].map(|Tensor(t)| usize::from(t));
        let built = layer::build(&layer.op, shapes[input], shapes[other]);
        let built = built.map_err(|error| SpecError::Layer {
            layer: index,
            error,
        })?;
        let channels = usize::from(shapes[index + 1].c);
        let (product, normalized) = match layer.op {
            Op::Conv2d { batch_norm, .. }
            | Op::DepthwiseConv2d { batch_norm, .. }
            | Op::Dense { batch_norm, .. } => (true, batch_norm),
            _ => (false, false),
        };
        let mut random = SplitMix::new(seed, index as u64);
        let bound = 1.0 / (layer::fan_in(&layer.op, shapes[input]).max(1) as f32).sqrt();
        let table = matches!(layer.op, Op::Embedding { .. });
        let weights = layer::weights_len(&layer.op, shapes[input]);
        let weights = self.add(index, ParameterKind::Weights, weights, || {
            if table {
                random.normal()
            } else {
                bound * random.symmetric()
            }
        });
        let bias = if product && !normalized { channels } else { 0 };
        let bias = self.add(index, ParameterKind::Bias, bias, || {
            bound * random.symmetric()
        });
        let norm = normalized.then(|| {
            let gamma = self.add(index, ParameterKind::Gamma, channels, || 1.0);
            let beta = self.add(index, ParameterKind::Beta, channels, || 0.0);
            let start = self.running.len();
            self.running.resize(start + channels, 0.0);
            self.running.resize(start + 2 * channels, 1.0);
            let (mean, variance) = (
                start..start + channels,
                start + channels..start + 2 * channels,
            );
            NormNode {
                gamma,
                beta,
                mean,
                variance,
                state: BatchNorm::default(),
            }
        });
        let signal = &mut self.signals[index + 1];
        signal.relu = layer.activation == Activation::Relu;
        signal.normalized = normalized;
        signal.summed = product;
        let operands = if layer.op.other().is_some() { 2 } else { 1 };
        self.nodes.push(Node {
            layer: built,
            inputs: [input, other],
            operands,
            live: false,
            weights,
            bias,
            norm,
        });
        Ok(())
    }

    fn add(
        &mut self,
        layer: usize,
        kind: ParameterKind,
        len: usize,
        value: impl FnMut() -> f32,
    ) -> Range<usize> {
        let start = self.parameters.len();
        self.parameters.resize_with(start + len, value);
        if len > 0 {
            let name = match kind {
                ParameterKind::Weights => "weights",
                ParameterKind::Bias => "bias",
                ParameterKind::Gamma => "gamma",
                ParameterKind::Beta => "beta",
            };
            self.named.push(Parameter {
                name: format!("{layer}.{name}"),
                kind,
                range: start..start + len,
            });
        }
        start..start + len
    }

    /// A network that goes on from `trained`: [`Self::trained`] gives the same back.
    ///
    /// # Errors
    /// If the spec does not build, a vector is missing or of another length, or there is a number that training would
    /// not keep: a bias in front of batch norm, an epsilon other than 1e-5.
    pub fn load(trained: &TrainedEncoder) -> Result<Self, LoadError> {
        let mut network = Self::new(&trained.spec, 0).map_err(LoadError::Spec)?;
        let check = |layer, what, found: usize, expected: usize| {
            if found == expected {
                Ok(())
            } else {
                Err(LoadError::Length {
                    layer,
                    what,
                    found,
                    expected,
                })
            }
        };
        check(0, "layers", trained.layers.len(), network.nodes.len())?;
        for (index, (from, node)) in trained.layers.iter().zip(&network.nodes).enumerate() {
            let put = |to: &mut [f32], what, range: &Range<usize>, from: &[f32]| {
                check(index, what, from.len(), range.len())?;
                to[range.clone()].copy_from_slice(from);
                Ok(())
            };
            put(
                &mut network.parameters,
                "weights",
                &node.weights,
                &from.weights,
            )?;
            let Some(to) = &node.norm else {
                put(&mut network.parameters, "bias", &node.bias, &from.bias)?;
                if from.batch_norm.is_some() {
                    return Err(LoadError::BatchNorm { layer: index });
                }
                continue;
            };
            if let Some(&found) = from.bias.iter().find(|&&bias| bias != 0.0) {
                return Err(LoadError::Bias {
                    layer: index,
                    found,
                });
            }
            let none = trained::BatchNorm::default();
            let from = from.batch_norm.as_ref().unwrap_or(&none);
            put(&mut network.parameters, "gamma", &to.gamma, &from.gamma)?;
            put(&mut network.parameters, "beta", &to.beta, &from.beta)?;
            put(&mut network.running, "mean", &to.mean, &from.mean)?;
            put(
                &mut network.running,
                "variance",
                &to.variance,
                &from.variance,
            )?;
            if from.epsilon != batch_norm::EPSILON {
                return Err(LoadError::Epsilon {
                    layer: index,
                    found: from.epsilon,
                });
            }
        }
        Ok(network)
    }

    /// A copy of what has been learned.
    pub fn trained(&self) -> TrainedEncoder {
        self.trained_with(&self.parameters, &self.running)
    }

    /// As [`Self::trained`], with other numbers in the same places.
    pub(super) fn trained_with(&self, parameters: &[f32], running: &[f32]) -> TrainedEncoder {
        let layers = self
            .nodes
            .iter()
            .zip(&self.signals[1..])
            .map(|(node, signal)| {
                let parameters = |range: &Range<usize>| parameters[range.clone()].to_vec();
                let running = |range: &Range<usize>| running[range.clone()].to_vec();
                TrainedLayer {
                    weights: parameters(&node.weights),
                    bias: if node.norm.is_some() {
                        vec![0.0; signal.channels()]
                    } else {
                        parameters(&node.bias)
                    },
                    batch_norm: node.norm.as_ref().map(|norm| trained::BatchNorm {
                        gamma: parameters(&norm.gamma),
                        beta: parameters(&norm.beta),
                        mean: running(&norm.mean),
                        variance: running(&norm.variance),
                        epsilon: batch_norm::EPSILON,
                    }),
                }
            });
        TrainedEncoder {
            spec: self.spec.clone(),
            layers: layers.collect(),
        }
    }

    /// The list of layers.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Values of one input.
    pub fn input_len(&self) -> usize {
        self.signals[0].len()
    }

    /// Values of one output.
    pub fn output_len(&self) -> usize {
        self.signals.last().map_or(0, Signal::len)
    }

    /// What is learned, flat; [`Self::named`] says what lies where.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// As [`Self::parameters`], to change.
    pub fn parameters_mut(&mut self) -> &mut [f32] {
        &mut self.parameters
    }

    /// The gradient of the last [`Self::backward`], as [`Self::parameters`].
    pub fn gradients(&self) -> &[f32] {
        &self.gradients
    }

    /// Parameters to change beside their gradients, for optimizers.
    pub fn parameters_and_gradients(&mut self) -> (&mut [f32], &[f32]) {
        (&mut self.parameters, &self.gradients)
    }

    /// The ranges of [`Self::parameters`], in order and without gaps.
    pub fn named(&self) -> &[Parameter] {
        &self.named
    }

    /// Batch norm's running statistics: for each such layer in order means, then variances.
    pub fn running(&self) -> &[f32] {
        &self.running
    }

    /// As [`Self::running`], to change.
    pub fn running_mut(&mut self) -> &mut [f32] {
        &mut self.running
    }

    /// Forces the vector instructions to use.
    pub fn set_level(&mut self, level: Level) {
        self.level = level;
    }

    /// Shares each batch with the other processes of `world`, which must all do the same with the same network. See
    /// [`Self::forward`].
    pub fn share(&mut self, world: &Arc<dyn World>) {
        self.world = world.clone();
    }

    /// The vector instructions in use.
    pub fn level(&self) -> Level {
        self.level
    }
}
