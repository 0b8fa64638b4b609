//! Turns gradients into smaller losses: SGD with momentum, Adam and AdamW, with PyTorch's arithmetic.

use super::network::{Network, ParameterKind};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How a gradient moves a parameter.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// `m = momentum * m + g; w -= rate * m`; weight decay is added to `g`.
    Sgd {
        /// 0 for none, usually 0.9.
        momentum: f32,
    },
    /// Kingma and Ba, *Adam*, 2015; weight decay is added to `g`.
    Adam {
        /// Decay of the two moments, usually 0.9 and 0.999.
        betas: [f32; 2],
        /// Added to the root of the second moment.
        epsilon: f32,
    },
    /// Loshchilov and Hutter, *Decoupled Weight Decay Regularization*, 2019: Adam, but decay shrinks `w` itself.
    AdamW {
        /// As in Adam.
        betas: [f32; 2],
        /// As in Adam.
        epsilon: f32,
    },
}

impl Rule {
    /// Adam with the usual constants.
    pub const ADAM: Self = Self::Adam {
        betas: [0.9, 0.999],
        epsilon: 1e-8,
    };
    /// AdamW with the usual constants.
    pub const ADAM_W: Self = Self::AdamW {
        betas: [0.9, 0.999],
        epsilon: 1e-8,
    };
}

/// A rule and its memory of one network.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Optimizer {
    rule: Rule,
    weight_decay: f32,
    /// Momentum, or the first moment.
    first: Vec<f32>,
    /// The second moment, for Adam.
    second: Vec<f32>,
    steps: u64,
}

/// Parameters that one task updates.
const PIECE: usize = 4096;

impl Optimizer {
    /// `weight_decay` applies to weights alone: not to biases, nor to batch norm.
    pub fn new(rule: Rule, weight_decay: f32) -> Self {
        Self {
            rule,
            weight_decay,
            first: Vec::new(),
            second: Vec::new(),
            steps: 0,
        }
    }

    /// Moves `network`'s parameters by its gradients, each multiplied by `scale` first (1 unless gradients are clipped).
    pub fn step(&mut self, network: &mut Network, rate: f32, scale: f32) {
        self.steps += 1;
        let ranges: Vec<_> = network
            .named()
            .iter()
            .map(|p| (p.range.clone(), p.kind))
            .collect();
        let (parameters, gradients) = network.parameters_and_gradients();
        self.first.resize(parameters.len(), 0.0);
        self.second.resize(parameters.len(), 0.0);
        for (range, kind) in ranges {
            let decay = if kind == ParameterKind::Weights {
                self.weight_decay
            } else {
                0.0
            };
            let update = Update {
                rule: self.rule,
                decay,
                rate,
                scale,
                steps: self.steps,
            };
            let values = parameters[range.clone()]
                .par_chunks_mut(PIECE)
                .zip(gradients[range.clone()].par_chunks(PIECE));
            let moments = self.first[range.clone()]
                .par_chunks_mut(PIECE)
                .zip(self.second[range].par_chunks_mut(PIECE));
            values
                .zip(moments)
                .for_each(|((values, gradients), (first, second))| {
                    update.apply(values, gradients, first, second)
                });
        }
    }
}

/// One step's constants for one range of parameters.
#[derive(Clone, Copy)]
struct Update {
    rule: Rule,
    decay: f32,
    rate: f32,
    scale: f32,
    steps: u64,
}

impl Update {
    fn apply(self, values: &mut [f32], gradients: &[f32], first: &mut [f32], second: &mut [f32]) {
        let (decay, rate, scale) = (self.decay, self.rate, self.scale);
        let all = values
            .iter_mut()
            .zip(gradients)
            .zip(first.iter_mut().zip(second));
        let (betas, epsilon, shrink, decay) = match self.rule {
            Rule::Sgd { momentum } => {
                for ((w, g), (m, _)) in all {
                    *m = momentum * *m + (g * scale + decay * *w);
                    *w -= rate * *m;
                }
                return;
            }
            Rule::Adam { betas, epsilon } => (betas, epsilon, 1.0, decay),
            Rule::AdamW { betas, epsilon } => (betas, epsilon, 1.0 - rate * decay, 0.0),
        };
        let correction = betas.map(|beta| 1.0 - libm::pow(f64::from(beta), self.steps as f64));
        let step = (f64::from(rate) / correction[0]) as f32;
        let root = (1.0 / correction[1].sqrt()) as f32;
        for ((w, g), (m, v)) in all {
            let g = g * scale + decay * *w;
            *m = betas[0] * *m + (1.0 - betas[0]) * g;
            *v = betas[1] * *v + (1.0 - betas[1]) * g * g;
            *w = *w * shrink - step * *m / (v.sqrt() * root + epsilon);
        }
    }
}
