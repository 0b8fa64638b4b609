//! Nearest class mean: one running sum a label.

use super::{
    Label, Labels, Learner, Normalisation, Prediction, ProbeError,
    centres::{Centres, Distances},
    sum,
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
    /// Sum of the embeddings of each label.
    sums: Centres<D, L>,
    normalisation: Normalisation,
    cosine: bool,
}

impl<const D: usize, const L: usize> Prototypes<D, L> {
    /// No labels; distances are Euclidean.
    pub const fn new(normalisation: Normalisation) -> Self {
        Self {
            sums: Centres::new(),
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

    fn distances(&self, embedding: &[f32; D]) -> Result<Distances<L>, ProbeError> {
        let x = self.normalisation.apply(embedding)?;
        let distance = |sum: &[f32; D], learned| self.distance(&x, sum, learned);
        Ok(self.sums.distances(distance))
    }
}

impl<const D: usize, const L: usize> Learner<D, L> for Prototypes<D, L> {
    fn labels(&self) -> &Labels<L> {
        &self.sums.labels
    }

    fn add_label(&mut self, name: &str) -> Result<Label, ProbeError> {
        self.sums.labels.add(name)
    }

    fn rename(&mut self, label: Label, name: &str) -> Result<(), ProbeError> {
        self.sums.labels.rename(label, name)
    }

    fn forget(&mut self, label: Label) -> Result<(), ProbeError> {
        self.sums.forget(label)
    }

    fn learn(&mut self, embedding: &[f32; D], label: Label) -> Result<(), ProbeError> {
        self.sums.labels.check(label)?;
        let x = self.normalisation.apply(embedding)?;
        let before = self.sums.labels.learned(label);
        if before > 0
            && let Some(sum) = self.sums.get(label)
        {
            let distance = self.distance(&x, sum, before);
            self.sums.observe(label, distance, before);
        }
        if let Some(sum) = self.sums.get_mut(label) {
            sum.iter_mut().zip(&x).for_each(|(s, x)| *s += x);
        }
        self.sums.labels.count(label)?;
        Ok(())
    }

    fn predict(&self, embedding: &[f32; D]) -> Result<Prediction, ProbeError> {
        self.sums.predict(self.distances(embedding)?)
    }

    fn logits(&self, embedding: &[f32; D]) -> Result<[f32; L], ProbeError> {
        self.sums.logits(self.distances(embedding)?)
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
        self.sums.save(writer);
    }

    fn load(&mut self, reader: &mut Reader<'_>) -> Result<(), SnapshotError> {
        self.sums.load(reader)
    }
}
