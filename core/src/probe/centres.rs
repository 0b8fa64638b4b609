//! One centre a label, and the nearest one answers: what [`Prototypes`](super::Prototypes) and
//! [`Lda`](super::Lda) share.

use super::{Label, Labels, Prediction, ProbeError, nearness::Nearness};
use crate::snapshot::{Reader, SnapshotError, Writer};

/// Labels, a vector of `D` values for each, and what distance is usual.
#[derive(Clone, PartialEq, Debug)]
pub struct Centres<const D: usize, const L: usize> {
    pub labels: Labels<L>,
    vectors: [[f32; D]; L],
    nearness: Nearness<L>,
}

/// Squared distances to all centres, infinite for labels not learned.
pub struct Distances<const L: usize> {
    all: [f32; L],
    /// The nearest, [discounted](discount).
    nearest: f32,
}

impl<const D: usize, const L: usize> Centres<D, L> {
    pub const fn new() -> Self {
        Self {
            labels: Labels::new(),
            vectors: [[0.0; D]; L],
            nearness: Nearness::new(),
        }
    }

    pub fn get(&self, label: Label) -> Option<&[f32; D]> {
        self.vectors.get(label.index())
    }

    pub fn get_mut(&mut self, label: Label) -> Option<&mut [f32; D]> {
        self.vectors.get_mut(label.index())
    }

    /// Leaves the same bits as if `label` had never been learned.
    pub fn forget(&mut self, label: Label) -> Result<(), ProbeError> {
        self.labels.forget(label)?;
        self.clear(label);
        Ok(())
    }

    fn clear(&mut self, label: Label) {
        self.nearness.forget(label);
        if let Some(vector) = self.get_mut(label) {
            *vector = [0.0; D];
        }
    }

    /// Notes how far an embedding of `label` is from the centre of the `learned` before it.
    pub fn observe(&mut self, label: Label, distance: f32, learned: u32) {
        self.nearness.observe(label, discount(distance, learned));
    }

    /// `distance` gives the squared distance to a centre of so many embeddings.
    pub fn distances(&self, distance: impl Fn(&[f32; D], u32) -> f32) -> Distances<L> {
        let mut all = [f32::INFINITY; L];
        let mut nearest = (f32::INFINITY, 0);
        for (label, learned) in self.labels.known() {
            if let (Some(centre), Some(d)) = (self.get(label), all.get_mut(label.index())) {
                *d = distance(centre, learned);
                if *d < nearest.0 {
                    nearest = (*d, learned);
                }
            }
        }
        Distances {
            all,
            nearest: discount(nearest.0, nearest.1),
        }
    }

    pub fn predict(&self, distances: Distances<L>) -> Result<Prediction, ProbeError> {
        let usual = self.nearness.usual();
        let novelty = usual.novelty(distances.nearest);
        Prediction::from_logits(&usual.logits(distances.all), novelty)
    }

    pub fn logits(&self, distances: Distances<L>) -> Result<[f32; L], ProbeError> {
        if self.labels.total_learned() == 0 {
            return Err(ProbeError::NothingLearned);
        }
        Ok(self.nearness.usual().logits(distances.all))
    }

    pub fn save(&self, writer: &mut Writer<'_>) {
        for (label, vector) in Labels::<L>::places().zip(&self.vectors) {
            if self.labels.save(label, writer) > 0 {
                self.nearness.save(label, writer);
                writer.vector(vector);
            }
        }
    }

    pub fn load(&mut self, reader: &mut Reader<'_>) -> Result<(), SnapshotError> {
        for label in Labels::<L>::places() {
            if self.labels.load(label, reader)? > 0 {
                self.nearness.load(label, reader)?;
                if let Some(vector) = self.get_mut(label) {
                    reader.vector(vector)?;
                }
            } else if reader.writes() {
                self.clear(label);
            }
        }
        Ok(())
    }
}

/// The part of a squared distance to the mean of `n` embeddings that is not due to the mean's own
/// error: `n / (n + 1)`.
fn discount(distance: f32, n: u32) -> f32 {
    let n = n as f32;
    distance * (n / (n + 1.0))
}
