//! A second encoder that learns beside the first, from another modality of the same windows.

use super::network::{Mode, Network};

/// The second encoder, and what stands between it and the objective.
pub struct Partner {
    /// Takes [`Batch::partner`](crate::objective::Batch::partner).
    pub encoder: Network,
    /// Its projector; `None` puts the objective on its embedding.
    pub head: Option<Network>,
}

impl Partner {
    /// Projections of `inputs`, `B x P`; the encoder takes them in `parts` parts.
    pub(super) fn project(&mut self, inputs: &[f32], parts: usize) -> Vec<f32> {
        let embedding = self.encoder.forward_in_parts(inputs, parts);
        match &mut self.head {
            Some(head) => head.forward(&embedding, Mode::Train).to_vec(),
            None => embedding.into_owned(),
        }
    }

    /// Takes the gradient of what [`Self::project`] gave back to all parameters.
    pub(super) fn back(&mut self, inputs: &[f32], parts: usize, slope: &[f32]) {
        let slope = match &mut self.head {
            Some(head) => {
                head.backward(slope);
                head.input_gradient()
            }
            None => slope,
        };
        self.encoder.backward_in_parts(inputs, parts, slope);
    }

    /// Both networks, the encoder first.
    pub(super) fn networks(&self) -> impl Iterator<Item = &Network> {
        std::iter::once(&self.encoder).chain(&self.head)
    }

    /// Both networks, to be changed.
    pub(super) fn networks_mut(&mut self) -> impl Iterator<Item = &mut Network> {
        std::iter::once(&mut self.encoder).chain(&mut self.head)
    }
}
