//! The heads that training puts behind the encoder and throws away.

use super::network::Network;
use mote_core::shape::Shape;
use mote_core::spec::{Activation, Layer, Op, Spec, SpecError, Tensor};

/// Dense layers over an embedding of `widths[0]` values, through each hidden width to the last; hidden layers have
/// batch norm and ReLU, the last has batch norm if `last_norm`. One width apart from the input is a plain dense
/// layer: a regressor or a classifier.
///
/// # Errors
/// If there are fewer than two widths, or one is 0.
pub fn projector(widths: &[u16], last_norm: bool, seed: u64) -> Result<Network, SpecError> {
    let input = Shape::vector(widths.first().copied().unwrap_or(0));
    head(
        input,
        &dense(widths.get(1..).unwrap_or(&[]), last_norm),
        seed,
    )
}

/// The dense layers of a [`projector`] of these widths.
pub fn dense(widths: &[u16], last_norm: bool) -> Vec<(Op, Activation)> {
    let layer = |(index, &channels): (usize, &u16)| {
        let last = index + 1 == widths.len();
        let op = Op::Dense {
            channels,
            batch_norm: !last || last_norm,
        };
        (
            op,
            if last {
                Activation::None
            } else {
                Activation::Relu
            },
        )
    };
    widths.iter().enumerate().map(layer).collect()
}

/// Layers in a row over `input`, whose gradient is computed.
///
/// # Errors
/// If there is none, or they do not fit together.
pub fn head(input: Shape, layers: &[(Op, Activation)], seed: u64) -> Result<Network, SpecError> {
    let layers = layers
        .iter()
        .enumerate()
        .map(|(index, &(op, activation))| Layer {
            input: Tensor(index as u8),
            op,
            activation,
        });
    let layers = layers.take(mote_core::spec::MAX_LAYERS).collect();
    let mut network = Network::new(&Spec { input, layers }, seed)?;
    network.want_input_gradient();
    Ok(network)
}
