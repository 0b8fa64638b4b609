//! Streaming linear discriminant analysis: means and one shared covariance.

use super::{
    Label, Labels, Learner, Normalisation, Prediction, ProbeError,
    centres::{Centres, Distances},
    cholesky, sum,
};
use crate::snapshot::{Layout, Reader, SnapshotError, State, Writer, size};

/// Smallest variance per dimension assumed, so that equal embeddings give no division by 0.
const MIN_VARIANCE: f32 = 1e-12;
/// Least part of the prior in the covariance, however much was learned.
const MIN_SHRINKAGE: f32 = 0.01;

/// Answers with the label whose mean is nearest in the metric of the labels' shared covariance.
///
/// After Hayes and Kanan, *Lifelong Machine Learning with Deep Streaming Linear Discriminant Analysis*
/// (2020), with two changes. The within-class scatter `S` is exact (Welford's update, `dof` degrees of
/// freedom), so learning does not depend on the order but for rounding. And shrinkage follows the
/// amount learned: the covariance is `(S + p v I) / (dof + p)`, where `v` is the mean variance per
/// dimension and `p` the weight of the prior in embeddings, here `shrinkage * D` but at least 1 % of
/// `dof`. So it starts as nearest class mean and ends as LDA.
///
/// `T` must be [`Lda::packed_len`] of `D`; anything else does not compile. RAM: `4 T + L (4 D + 40) +
/// 16` bytes. Use `D <= 128`; one `learn` takes `D^3 / 3` multiplications.
///
/// Forgetting a label clears its mean; the shared covariance, which describes the embedding rather
/// than the label, keeps its trace. Start from `new` to erase that too.
///
/// ```
/// use mote_core::probe::Lda;
/// type Probe = Lda<64, 10, { Lda::packed_len(64) }>;
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Lda<const D: usize, const L: usize, const T: usize> {
    means: Centres<D, L>,
    /// Lower factor of `S + ridge I`, packed; undefined (zeros) while `dof` is 0.
    factor: [f32; T],
    /// Trace of `S`.
    trace: f32,
    /// Embeddings learned for labels that had one already.
    dof: u32,
    shrinkage: f32,
    normalisation: Normalisation,
}

impl Lda<0, 0, 0> {
    /// Values in the packed triangle of `d` rows: the `T` that belongs to `D = d`.
    pub const fn packed_len(d: usize) -> usize {
        cholesky::packed_len(d)
    }
}

impl<const D: usize, const L: usize, const T: usize> Lda<D, L, T> {
    /// The shrinkage that serves most embeddings.
    pub const SHRINKAGE: f32 = 1.0;

    /// No labels. `shrinkage` weighs the prior in embeddings per dimension; it is moved into
    /// `0.01..=100`, and NaN is taken as [`Lda::SHRINKAGE`].
    pub const fn new(normalisation: Normalisation, shrinkage: f32) -> Self {
        const { assert!(T == cholesky::packed_len(D), "T must be Lda::packed_len(D)") };
        let shrinkage = if shrinkage.is_nan() {
            Self::SHRINKAGE
        } else {
            shrinkage.clamp(0.01, 100.0)
        };
        Self {
            means: Centres::new(),
            factor: [0.0; T],
            trace: 0.0,
            dof: 0,
            shrinkage,
            normalisation,
        }
    }

    /// The prior's weight in embeddings.
    fn prior(&self) -> f32 {
        let (by_size, least) = (self.shrinkage * D as f32, MIN_SHRINKAGE * self.dof as f32);
        if by_size > least { by_size } else { least }
    }

    /// What is added to the diagonal of `S`.
    fn ridge(&self) -> f32 {
        let variance = self.trace / (self.dof as f32 * D as f32);
        self.prior()
            * if variance > MIN_VARIANCE {
                variance
            } else {
                MIN_VARIANCE
            }
    }

    /// Squared Mahalanobis distance of `x` to `mean`; Euclidean while nothing is known of `S`.
    fn distance(&self, x: &[f32; D], mean: &[f32; D]) -> f32 {
        let mut difference = *x;
        difference.iter_mut().zip(mean).for_each(|(x, m)| *x -= m);
        if self.dof == 0 {
            return sum::dot(&difference, &difference);
        }
        cholesky::solve(&self.factor, &mut difference);
        (self.dof as f32 + self.prior()) * sum::dot(&difference, &difference)
    }

    fn distances(&self, embedding: &[f32; D]) -> Result<Distances<L>, ProbeError> {
        let x = self.normalisation.apply(embedding)?;
        Ok(self.means.distances(|mean, _| self.distance(&x, mean)))
    }

    /// Adds the scatter of one embedding of a label with `before >= 1` embeddings, `difference` from
    /// its mean.
    fn scatter(&mut self, difference: &[f32; D], before: u32) {
        let old_ridge = if self.dof == 0 {
            self.factor = [0.0; T];
            0.0
        } else {
            cholesky::unfactor(&mut self.factor, D);
            self.ridge()
        };
        let weight = before as f32 / (before as f32 + 1.0);
        self.dof = self.dof.saturating_add(1);
        self.trace += weight * sum::dot(difference, difference);
        let ridge = self.ridge();
        cholesky::add(&mut self.factor, difference, weight, ridge - old_ridge);
        cholesky::factor(&mut self.factor, D, ridge);
    }
}

impl<const D: usize, const L: usize, const T: usize> Learner<D, L> for Lda<D, L, T> {
    fn labels(&self) -> &Labels<L> {
        &self.means.labels
    }

    fn add_label(&mut self, name: &str) -> Result<Label, ProbeError> {
        self.means.labels.add(name)
    }

    fn rename(&mut self, label: Label, name: &str) -> Result<(), ProbeError> {
        self.means.labels.rename(label, name)
    }

    fn forget(&mut self, label: Label) -> Result<(), ProbeError> {
        self.means.forget(label)
    }

    fn learn(&mut self, embedding: &[f32; D], label: Label) -> Result<(), ProbeError> {
        self.means.labels.check(label)?;
        let x = self.normalisation.apply(embedding)?;
        let before = self.means.labels.learned(label);
        let Some(&mean) = self.means.get(label) else {
            return Ok(());
        };
        let mut difference = x;
        difference.iter_mut().zip(&mean).for_each(|(x, m)| *x -= m);
        if before > 0 {
            if self.dof > 0 {
                self.means.observe(label, self.distance(&x, &mean), before);
            }
            self.scatter(&difference, before);
        }
        let n = self.means.labels.count(label)? as f32;
        if let Some(mean) = self.means.get_mut(label) {
            mean.iter_mut()
                .zip(&difference)
                .for_each(|(m, d)| *m += d / n);
        }
        Ok(())
    }

    fn predict(&self, embedding: &[f32; D]) -> Result<Prediction, ProbeError> {
        self.means.predict(self.distances(embedding)?)
    }

    fn logits(&self, embedding: &[f32; D]) -> Result<[f32; L], ProbeError> {
        self.means.logits(self.distances(embedding)?)
    }
}

impl<const D: usize, const L: usize, const T: usize> State for Lda<D, L, T> {
    fn layout(&self) -> Layout {
        Layout {
            learner: 2,
            normalisation: self.normalisation.code(),
            d: size(D),
            l: size(L),
            r: 0,
        }
    }

    fn save(&self, writer: &mut Writer<'_>) {
        self.means.save(writer);
        writer.f32(self.trace);
        writer.u32(self.dof);
        if self.dof > 0 {
            writer.vector(&self.factor);
        }
    }

    fn load(&mut self, reader: &mut Reader<'_>) -> Result<(), SnapshotError> {
        self.means.load(reader)?;
        self.trace = reader.f32(self.trace)?;
        let dof = u32::from_le_bytes(reader.array()?);
        if dof > 0 {
            reader.vector(&mut self.factor)?;
        } else if reader.writes() {
            self.factor = [0.0; T];
        }
        if reader.writes() {
            self.dof = dof;
        }
        Ok(())
    }
}
