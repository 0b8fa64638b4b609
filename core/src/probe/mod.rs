//! Learns labels on the device, from a handful of embeddings.
//!
//! A *learner* maps an embedding of `D` values to one of at most `L` labels and improves with every
//! labelled embedding. Labels come and go at run time, each with a name. Three learners share the
//! [`Learner`] trait:
//!
//! | | state for D = 64, L = 10 | one [`Learner::learn`] | choose it when |
//! |---|---|---|---|
//! | [`Prototypes`] | 2,964 bytes | `O(D)` | RAM is short, or there are one to five labels a class |
//! | [`Lda`] | 11,296 bytes | `O(D^3 / 3)` | there are more labels; `D <= 128` |
//! | [`Softmax`] | 5,632 bytes and 68 an example replayed | `O(L D)` for each example of the step | classes are not round clouds |
//!
//! All state lies in the value: its `size_of` is the RAM it needs, there is no heap, and the same
//! calls give the same bits on every platform: `f32` with operations in written order, `libm` for
//! `exp` and `sqrt`, never a fused multiply-add.
//!
//! A learner assumes that the embedding space is roughly isotropic; the host arranges that by folding
//! a whitening map into the encoder's last dense layer.
//!
//! ```
//! use mote_core::probe::{Learner, Normalisation, Prototypes};
//!
//! let mut probe = Prototypes::<2, 4>::new(Normalisation::None);
//! let wave = probe.add_label("wave")?;
//! let clap = probe.add_label("clap")?;
//! probe.learn(&[1.0, 0.1], wave)?;
//! probe.learn(&[0.0, 0.9], clap)?;
//! let answer = probe.predict(&[0.9, 0.0])?;
//! assert_eq!(probe.labels().name(answer.label), Some("wave"));
//! # Ok::<(), mote_core::probe::ProbeError>(())
//! ```

mod centres;
mod cholesky;
mod error;
mod label;
mod lda;
mod nearness;
mod normalise;
mod prediction;
mod prototypes;
mod random;
mod replay;
mod softmax;
mod sum;

pub use error::ProbeError;
pub use label::{Label, Labels, NAME_LEN};
pub use lda::Lda;
pub use normalise::{MAX_MAGNITUDE, Normalisation};
pub use prediction::Prediction;
pub use prototypes::Prototypes;
pub use softmax::{Softmax, SoftmaxOptions};

use crate::quant::Quant;

/// Learns to tell labels apart from embeddings of `D` values; holds at most `L` labels.
pub trait Learner<const D: usize, const L: usize> {
    /// The labels, their names and how often each was learned.
    fn labels(&self) -> &Labels<L>;

    /// Makes a label with no example yet.
    ///
    /// # Errors
    /// The name is empty, longer than [`NAME_LEN`] bytes or taken, or `L` labels exist.
    fn add_label(&mut self, name: &str) -> Result<Label, ProbeError>;

    /// Gives a label another name; what was learned stays.
    ///
    /// # Errors
    /// There is no such label, or the name is empty, too long or taken by another label.
    fn rename(&mut self, label: Label, name: &str) -> Result<(), ProbeError>;

    /// Removes a label with everything learned about it; its place may be given to a new label.
    ///
    /// What other labels share with it is described at each learner.
    ///
    /// # Errors
    /// There is no such label.
    fn forget(&mut self, label: Label) -> Result<(), ProbeError>;

    /// Learns one embedding.
    ///
    /// # Errors
    /// There is no such label, or a value is not finite or beyond [`MAX_MAGNITUDE`]. The state is
    /// then unchanged.
    fn learn(&mut self, embedding: &[f32; D], label: Label) -> Result<(), ProbeError>;

    /// Names the label that fits best. Only labels learned at least once take part.
    ///
    /// # Errors
    /// No label was learned yet, or a value is not finite or beyond [`MAX_MAGNITUDE`].
    fn predict(&self, embedding: &[f32; D]) -> Result<Prediction, ProbeError>;

    /// One logit a label: `softmax` over them gives the confidence. Labels never learned get
    /// negative infinity.
    ///
    /// # Errors
    /// As [`Learner::predict`].
    fn logits(&self, embedding: &[f32; D]) -> Result<[f32; L], ProbeError>;

    /// [`Learner::learn`] from an encoder's int8 output.
    ///
    /// # Errors
    /// As [`Learner::learn`], and when `embedding` has not `D` values.
    fn learn_i8(&mut self, embedding: &[i8], quant: Quant, label: Label) -> Result<(), ProbeError> {
        self.learn(&normalise::dequantize(embedding, quant)?, label)
    }

    /// [`Learner::predict`] from an encoder's int8 output.
    ///
    /// # Errors
    /// As [`Learner::predict`], and when `embedding` has not `D` values.
    fn predict_i8(&self, embedding: &[i8], quant: Quant) -> Result<Prediction, ProbeError> {
        self.predict(&normalise::dequantize(embedding, quant)?)
    }
}
