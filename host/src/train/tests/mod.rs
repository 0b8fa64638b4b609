//! Each layer against the `f64` oracle and its finite differences; bytes over threads and instruction sets.

mod accumulate;
mod layers;
mod oracle;
mod pretrain;
mod same_bytes;
mod winograd;
mod world;

use super::random::SplitMix;
use mote_core::shape::Shape;
use mote_core::spec::{Activation, Kernel, Layer, Op, Padding, Spec, Tensor};

/// A spec whose layers read the given tensors.
fn spec(input: Shape, layers: &[(u8, Op, Activation)]) -> Spec {
    let layers = layers
        .iter()
        .map(|&(input, op, activation)| Layer {
            input: Tensor(input),
            op,
            activation,
        })
        .collect();
    Spec { input, layers }
}

fn kernel(size: [u8; 2], stride: [u8; 2], dilation: [u8; 2], padding: Padding) -> Kernel {
    Kernel {
        size,
        stride,
        dilation,
        padding,
    }
}

fn random(len: usize, seed: u64) -> Vec<f32> {
    let mut random = SplitMix::new(seed, 0);
    (0..len).map(|_| random.normal()).collect()
}
