//! Every learner under test, small.

use mote_core::probe::{Lda, Learner, Normalisation, Prototypes, Softmax, SoftmaxOptions};

/// Values in an embedding.
pub const D: usize = 8;
/// Labels.
pub const L: usize = 4;

/// Streaming LDA of that size.
pub type MyLda = Lda<D, L, { Lda::packed_len(D) }>;

/// Every learner under test.
pub fn learners() -> Vec<(&'static str, Box<dyn Learner<D, L>>)> {
    vec![
        (
            "prototypes",
            Box::new(Prototypes::<D, L>::new(Normalisation::None)),
        ),
        (
            "prototypes l2",
            Box::new(Prototypes::<D, L>::new(Normalisation::L2)),
        ),
        ("cosine", Box::new(Prototypes::<D, L>::cosine())),
        (
            "lda",
            Box::new(MyLda::new(Normalisation::None, MyLda::SHRINKAGE)),
        ),
        (
            "lda l2",
            Box::new(MyLda::new(Normalisation::L2, MyLda::SHRINKAGE)),
        ),
        (
            "softmax",
            Box::new(Softmax::<D, L, 24>::new(SoftmaxOptions::DEFAULT)),
        ),
        (
            "softmax without replay",
            Box::new(Softmax::<D, L, 0>::new(SoftmaxOptions::DEFAULT)),
        ),
    ]
}
