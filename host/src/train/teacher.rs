//! A copy of encoder and head that follows them slowly, so that what it says of a window changes little from step to
//! step.
//!
//! He et al., *Momentum Contrast for Unsupervised Visual Representation Learning*, 2020, equation 2.

use super::network::{LoadError, Mode, Network};
use std::borrow::Cow;

/// `copy = momentum * copy + (1 - momentum) * network`, over all parameters.
pub struct Teacher {
    encoder: Network,
    /// The copy of the head; `None` where the objective sees the embedding itself.
    head: Option<Network>,
    momentum: f32,
}

impl Teacher {
    /// Starts as a copy; `momentum` is usually 0.99 to 0.999.
    ///
    /// # Errors
    /// Never for networks that [`Network::new`] made.
    pub fn new(
        encoder: &Network,
        head: Option<&Network>,
        momentum: f32,
    ) -> Result<Self, LoadError> {
        Ok(Self {
            encoder: Network::load(&encoder.trained())?,
            head: head
                .map(|head| Network::load(&head.trained()))
                .transpose()?,
            momentum,
        })
    }

    /// Projections of `inputs` (`B x input_len`), `B x P`; the encoder takes them in `parts` parts.
    pub fn project(&mut self, inputs: &[f32], parts: usize) -> Cow<'_, [f32]> {
        let embedding = self.encoder.forward_in_parts(inputs, parts);
        match &mut self.head {
            Some(head) => Cow::Borrowed(head.forward(&embedding, Mode::Train)),
            None => embedding,
        }
    }

    /// The copy of the encoder.
    pub(super) fn encoder_mut(&mut self) -> &mut Network {
        &mut self.encoder
    }

    /// The copies: the encoder's, then the head's.
    pub(super) fn networks(&self) -> impl Iterator<Item = &Network> {
        std::iter::once(&self.encoder).chain(&self.head)
    }

    /// The copies, to be changed.
    pub(super) fn networks_mut(&mut self) -> impl Iterator<Item = &mut Network> {
        std::iter::once(&mut self.encoder).chain(&mut self.head)
    }

    /// Takes one step towards the networks that it was made from.
    pub fn follow(&mut self, encoder: &Network, head: Option<&Network>) {
        let pairs = [
            (Some(&mut self.encoder), Some(encoder)),
            (self.head.as_mut(), head),
        ];
        for (copy, network) in pairs.into_iter().filter_map(|(a, b)| a.zip(b)) {
            for (copy, value) in copy.parameters_mut().iter_mut().zip(network.parameters()) {
                *copy += (1.0 - self.momentum) * (value - *copy);
            }
        }
    }
}
