//! Batches larger than memory likes: the encoder takes them part by part, the objectives see all embeddings at once.
//!
//! Gao, Zhang, Han and Callan, *Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup*, 2021: the
//! embeddings of all parts are computed and kept, the activations are not; the loss over all of them gives each
//! embedding's gradient; then each part is computed again and taken back. The sum is the gradient of the whole batch,
//! where the encoder's batch norm takes each part's own statistics.

use super::network::{Mode, Network};
use std::borrow::Cow;
use std::ops::Range;

/// Rows `0..rows` in `parts` parts, whose lengths differ by one at most; empty ones are left out.
pub(super) fn cut(rows: usize, parts: usize) -> impl DoubleEndedIterator<Item = Range<usize>> {
    (0..parts)
        .map(move |part| part * rows / parts..(part + 1) * rows / parts)
        .filter(|rows| !rows.is_empty())
}

impl Network {
    /// As [`Self::forward`] in training, in `parts` parts: memory is needed for the largest only. Each part moves batch
    /// norm's running statistics.
    ///
    /// # Panics
    /// As [`Self::forward`].
    pub fn forward_in_parts(&mut self, input: &[f32], parts: usize) -> Cow<'_, [f32]> {
        if parts <= 1 {
            return Cow::Borrowed(self.forward(input, Mode::Train));
        }
        let len = self.input_len();
        let mut output = Vec::with_capacity(input.len() / len * self.output_len());
        for rows in cut(input.len() / len, parts) {
            output.extend_from_slice(
                self.forward(&input[rows.start * len..rows.end * len], Mode::Train),
            );
        }
        Cow::Owned(output)
    }

    /// As [`Self::backward`] after [`Self::forward_in_parts`] with the same `input` and `parts`. All parts but the last
    /// are computed a second time. Stops at a part whose gradient is not finite, so that [`Self::not_finite_gradient`]
    /// finds where.
    ///
    /// # Panics
    /// If `gradient` is not as long as that output.
    pub fn backward_in_parts(&mut self, input: &[f32], parts: usize, gradient: &[f32]) {
        if parts <= 1 {
            return self.backward(gradient);
        }
        let (len, output_len) = (self.input_len(), self.output_len());
        let all = input.len() / len;
        assert_eq!(
            gradient.len(),
            all * output_len,
            "the gradient of another batch"
        );
        // Every part has moved the running statistics once.
        let running = self.running.clone();
        let mut sum = vec![0.0; self.parameters.len()];
        for rows in cut(all, parts).rev() {
            // The last part is still there from the way forward.
            if rows.end < all {
                self.forward(&input[rows.start * len..rows.end * len], Mode::Train);
            }
            self.backward(&gradient[rows.start * output_len..rows.end * output_len]);
            sum.iter_mut()
                .zip(&self.gradients)
                .for_each(|(sum, part)| *sum += part);
            if self.gradients.iter().any(|x| !x.is_finite()) {
                break;
            }
        }
        self.gradients = sum;
        self.running = running;
    }
}
