//! Nearest class mean: one running sum a label.

use super::{
    Label, Labels, Learner, Normalisation, Prediction, ProbeError, nearness::Nearness, sum,
};
use crate::snapshot::{Layout, Reader, SnapshotError, State, Writer, size};

/// Answers with the label whose mean embedding is nearest (Rocchio; Mensink et al. 2013).
///
/// Useful from the first embedding of each label on. The means do not depend on the order of learning
/// but for rounding. Forgetting a label leaves the same bits as if it had never been learned.
///
/// RAM: `L (4 D + 40) + 2` bytes, rounded up to 4. An embedding's distance counts `n / (n + 1)` of
/// its square for a label of `n` embeddings, because the mean of few embeddings is itself off.
#[derive(Clone, PartialEq, Debug)]
pub struct Prototypes<const D: usize, const L: usize> {
    labels: Labels<L>,
    /// Sum of the embeddings of each label.
    sums: [[f32; D]; L],
    nearness: Nearness<L>,
    normalisation: Normalisation,
    cosine: bool,
}

impl<const D: usize, const L: usize> Prototypes<D, L> {
    /// No labels; distances are Euclidean.
    pub const fn new(normalisation: Normalisation) -> Self {
        Self {
            labels: Labels::new(),
            sums: [[0.0; D]; L],
            nearness: Nearness::new(),
            normalisation,
            cosine: false,
        }
    }

    /// No labels; compares directions: embeddings are scaled to length 1, and so is their mean.
    /// The squared distance is `2 - 2 cos`.
    pub const fn cosine() -> Self {
        let mut this = Self::new(Normalisation::L2);
        this.cosine = true;
        this
    }

    /// Squared distance of `x`, already normalised, to the prototype of a label with `learned >= 1`.
    fn distance(&self, x: &[f32; D], sum: &[f32; D], learned: u32) -> f32 {
        let factor = if self.cosine {
            let length = libm::sqrtf(sum::dot(sum, sum));
            if length > 0.0 { 1.0 / length } else { 0.0 }
        } else {
            1.0 / learned as f32
        };
        sum::squared_distance(x, &sum.map(|s| s * factor))
    }

    /// Squared distances, infinite for labels not learned, and the nearest one's novelty.
    fn distances(&self, embedding: &[f32; D]) -> Result<([f32; L], f32), ProbeError> {
        let x = self.normalisation.apply(embedding)?;
        let mut distances = [f32::INFINITY; L];
        let mut nearest = (f32::INFINITY, 0);
        for (label, learned) in self.labels.known() {
            let (Some(sum), Some(d)) = (
                self.sums.get(label.index()),
                distances.get_mut(label.index()),
            ) else {
                continue;
            };
            *d = self.distance(&x, sum, learned);
            if *d < nearest.0 {
                nearest = (*d, learned);
            }
        }
        Ok((distances, discount(nearest.0, nearest.1)))
    }
}

/// The part of a squared distance to the mean of `n` embeddings that is not due to the mean's own
/// error: `n / (n + 1)`.
pub(super) fn discount(distance: f32, n: u32) -> f32 {
    let n = n as f32;
    distance * (n / (n + 1.0))
}

impl<const D: usize, const L: usize> Learner<D, L> for Prototypes<D, L> {
    fn labels(&self) -> &Labels<L> {
        &self.labels
    }

    fn add_label(&mut self, name: &str) -> Result<Label, ProbeError> {
        self.labels.add(name)
    }

    fn rename(&mut self, label: Label, name: &str) -> Result<(), ProbeError> {
        self.labels.rename(label, name)
    }

    fn forget(&mut self, label: Label) -> Result<(), ProbeError> {
        self.labels.forget(label)?;
        self.nearness.forget(label);
        if let Some(sum) = self.sums.get_mut(label.index()) {
            *sum = [0.0; D];
        }
        Ok(())
    }

    fn learn(&mut self, embedding: &[f32; D], label: Label) -> Result<(), ProbeError> {
        self.labels.check(label)?;
        let x = self.normalisation.apply(embedding)?;
        let before = self.labels.learned(label);
        if before > 0
            && let Some(sum) = self.sums.get(label.index())
        {
            let distance = discount(self.distance(&x, sum, before), before);
            self.nearness.observe(label, distance);
        }
        if let Some(sum) = self.sums.get_mut(label.index()) {
            sum.iter_mut().zip(&x).for_each(|(s, x)| *s += x);
        }
        self.labels.count(label)?;
        Ok(())
    }

    fn predict(&self, embedding: &[f32; D]) -> Result<Prediction, ProbeError> {
        let (distances, nearest) = self.distances(embedding)?;
        let usual = self.nearness.usual();
        Prediction::from_logits(&usual.logits(distances), usual.novelty(nearest))
    }

    fn logits(&self, embedding: &[f32; D]) -> Result<[f32; L], ProbeError> {
        let (distances, _) = self.distances(embedding)?;
        if self.labels.total_learned() == 0 {
            return Err(ProbeError::NothingLearned);
        }
        Ok(self.nearness.usual().logits(distances))
    }
}

impl<const D: usize, const L: usize> State for Prototypes<D, L> {
    fn layout(&self) -> Layout {
        Layout {
            learner: 1,
            normalisation: if self.cosine {
                2
            } else {
                self.normalisation.code()
            },
            d: size(D),
            l: size(L),
            r: 0,
        }
    }

    fn save(&self, writer: &mut Writer<'_>) {
        for (label, sum) in Labels::<L>::places().zip(&self.sums) {
            if self.labels.save(label, writer) > 0 {
                self.nearness.save(label, writer);
                writer.vector(sum);
            }
        }
    }

    fn load(&mut self, reader: &mut Reader<'_>) -> Result<(), SnapshotError> {
        for (label, sum) in Labels::<L>::places().zip(&mut self.sums) {
            if self.labels.load(label, reader)? > 0 {
                self.nearness.load(label, reader)?;
                reader.vector(sum)?;
            } else if reader.writes() {
                self.nearness.forget(label);
                *sum = [0.0; D];
            }
        }
        Ok(())
    }
}
