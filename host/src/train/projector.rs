//! The head that training puts behind the encoder and throws away.

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
    let last = widths.len().saturating_sub(2);
    let layers = widths
        .iter()
        .skip(1)
        .enumerate()
        .map(|(index, &channels)| Layer {
            input: Tensor(index as u8),
            op: Op::Dense {
                channels,
                batch_norm: index < last || last_norm,
            },
            activation: if index < last {
                Activation::Relu
            } else {
                Activation::None
            },
        });
    let input = Shape::vector(widths.first().copied().unwrap_or(0));
    let mut network = Network::new(
        &Spec {
            input,
            layers: layers.take(mote_core::spec::MAX_LAYERS).collect(),
        },
        seed,
    )?;
    network.want_input_gradient();
    Ok(network)
}
