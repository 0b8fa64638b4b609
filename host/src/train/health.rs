//! How a network fares: time, gradients, dead channels, and the first number that is none.

use super::layer;
use super::network::Network;
use super::signal::Signal;
use serde::Serialize;

/// Seconds that one layer has taken since its network was made.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LayerTime {
    /// Index in the spec.
    pub layer: usize,
    /// Its operation, such as `conv2d`.
    pub name: &'static str,
    /// Of all forward passes.
    pub forward: f64,
    /// Of all backward passes.
    pub backward: f64,
}

/// How one layer fared in the last step.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct LayerHealth {
    /// Index in the spec.
    pub layer: usize,
    /// Its operation, such as `conv2d`.
    pub name: &'static str,
    /// Length of its weights.
    pub weights: f64,
    /// Length of their gradient.
    pub gradient: f64,
    /// Output channels.
    pub channels: usize,
    /// Of these, how many were 0 behind the ReLU for all of the batch, or its last part computed: they learn nothing
    /// and say nothing.
    pub dead: usize,
}

impl Network {
    /// Every layer that has weights, after a [`Self::forward`] and a [`Self::backward`].
    pub fn health(&self) -> Vec<LayerHealth> {
        let length = |values: &[f32]| {
            let square: f64 = values.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
            square.sqrt()
        };
        let nodes = self.nodes.iter().zip(&self.signals[1..]).enumerate();
        nodes
            .filter(|(_, (node, _))| node.live && !node.weights.is_empty())
            .map(|(layer, (node, signal))| LayerHealth {
                layer,
                name: layer::name(&self.spec.layers[layer].op),
                weights: length(&self.parameters[node.weights.clone()]),
                gradient: length(&self.gradients[node.weights.clone()]),
                channels: signal.channels(),
                dead: self.dead(signal),
            })
            .collect()
    }

    /// Where the time went, layer by layer.
    pub fn layer_times(&self) -> Vec<LayerTime> {
        let time = |(layer, [forward, backward]): (usize, &[f64; 2])| LayerTime {
            layer,
            name: layer::name(&self.spec.layers[layer].op),
            forward: *forward,
            backward: *backward,
        };
        self.seconds.iter().enumerate().map(time).collect()
    }

    /// The first layer on the way forward that holds a number which is not finite, in its weights or its last output.
    pub fn not_finite_output(&self) -> Option<String> {
        for (index, node) in self.nodes.iter().enumerate() {
            if ![&node.weights, &node.bias]
                .into_iter()
                .all(|range| finite(&self.parameters[range.clone()]))
            {
                return Some(format!("a weight of {}", self.place(index)));
            }
            let signal = &self.signals[index + 1];
            let numbers: [&[f32]; 3] = [&signal.raw, &signal.scale, &signal.shift];
            if !self.finite_everywhere(&numbers) {
                return Some(format!("the output of {}", self.place(index)));
            }
        }
        None
    }

    /// The first layer on the way back the sums of whose last gradient are not finite; layers without weights keep none.
    pub fn not_finite_gradient(&self) -> Option<String> {
        let sums = |index: usize| &self.signals[index + 1].sums;
        let gradients = (0..self.nodes.len())
            .rev()
            .find(|&index| !sums(index).iter().all(|sum| sum.is_finite()));
        gradients.map(|index| format!("the gradient of {}", self.place(index)))
    }

    /// Whether the numbers are finite, in all processes that share the batch.
    fn finite_everywhere(&self, numbers: &[&[f32]]) -> bool {
        !self.world.any(!numbers.iter().all(|values| finite(values)))
    }

    /// Channels that are 0 behind the ReLU in every pixel of the batch.
    fn dead(&self, signal: &Signal) -> usize {
        if !signal.relu {
            return 0;
        }
        let channels = signal.channels();
        let mut most = vec![f32::NEG_INFINITY; channels];
        for pixel in signal.raw.chunks_exact(channels) {
            for (c, (most, x)) in most.iter_mut().zip(pixel).enumerate() {
                *most = most.max(x * signal.scale[c] + signal.shift[c]);
            }
        }
        let mut all = most.repeat(self.world.size());
        self.world.gather_numbers(&mut all);
        let alive = |c: &usize| all[*c..].iter().step_by(channels).any(|most| *most > 0.0);
        (0..channels).filter(|c| !alive(c)).count()
    }

    fn place(&self, index: usize) -> String {
        let name = layer::name(&self.spec.layers[index].op);
        format!("layer {index} ({name})")
    }
}

fn finite(values: &[f32]) -> bool {
    values.iter().all(|x| x.is_finite())
}
