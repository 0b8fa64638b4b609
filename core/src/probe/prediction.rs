//! A probe's answer.

use super::{Label, ProbeError};

/// A probe's answer to one embedding.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Prediction {
    /// The label that fits best, even when the embedding is unknown.
    pub label: Label,
    /// Softmax probability of `label`, in `0..=1`.
    pub confidence: f32,
    /// `confidence` minus the probability of the second best label, in `0..=1`.
    pub margin: f32,
    /// How much farther the embedding lies from what was learned than learned embeddings do, in
    /// standard deviations of their squared distance. Around 0 for a usual embedding; exactly 0
    /// until [`Prediction::CALIBRATED_AFTER`] distances were seen.
    pub novelty: f32,
}

impl Prediction {
    /// Novelty beyond which an embedding is unknown. An application may judge `novelty` itself.
    pub const UNKNOWN_ABOVE: f32 = 3.0;

    /// Distances needed before novelty is told: embeddings learned for labels that had some already.
    pub const CALIBRATED_AFTER: u32 = 4;

    /// Whether nothing learned is near.
    pub fn unknown(&self) -> bool {
        self.novelty > Self::UNKNOWN_ABOVE
    }

    /// The label, unless the embedding is unknown.
    pub fn known(&self) -> Option<Label> {
        (!self.unknown()).then_some(self.label)
    }

    /// Softmax over `logits`; negative infinity marks a label that takes no part. The lower label
    /// wins a tie.
    pub(super) fn from_logits(logits: &[f32], novelty: f32) -> Result<Self, ProbeError> {
        let (mut best, mut second) = ((Label(0), f32::NEG_INFINITY), f32::NEG_INFINITY);
        for (label, &logit) in (0..=u8::MAX).map(Label).zip(logits) {
            if logit > best.1 {
                second = best.1;
                best = (label, logit);
            } else if logit > second {
                second = logit;
            }
        }
        let (label, top) = best;
        if top == f32::NEG_INFINITY {
            return Err(ProbeError::NothingLearned);
        }
        let mut sum = 0.0f32;
        for &logit in logits {
            sum += libm::expf(logit - top);
        }
        let confidence = 1.0 / sum;
        let margin = confidence - libm::expf(second - top) * confidence;
        Ok(Self {
            label,
            confidence,
            margin,
            novelty,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_and_margin_are_probabilities() {
        let none = f32::NEG_INFINITY;
        let even = Prediction::from_logits(&[none, 2.0, 2.0], 0.0).unwrap();
        assert_eq!(
            (even.label, even.confidence, even.margin),
            (Label(1), 0.5, 0.0)
        );
        let alone = Prediction::from_logits(&[none, -1e30, none], 0.0).unwrap();
        assert_eq!(
            (alone.label, alone.confidence, alone.margin),
            (Label(1), 1.0, 1.0)
        );
        let far = Prediction::from_logits(&[0.0, -1e30], 0.0).unwrap();
        assert_eq!((far.confidence, far.margin), (1.0, 1.0));
        let nothing = Prediction::from_logits(&[none; 3], 0.0);
        assert_eq!(nothing, Err(ProbeError::NothingLearned));
    }
}
