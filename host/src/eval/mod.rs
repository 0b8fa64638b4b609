//! Is the embedding worth something? Every figure beside its controls, nothing chosen on test windows.
//!
//! Data flow: [`Facts`] about all windows make a [`Split`]; each encoder embeds all windows into a
//! [`FeatureSet`]; [`evaluate`] measures all sets on the same split and the same draws of labels into an
//! [`Evaluation`]; one or many of those become a [`Summary`] for the report.

mod cluster;
mod confusion;
mod controls;
mod curve;
mod embeddings;
mod error;
mod evaluate;
mod few_label;
mod hand_features;
mod knn;
mod lbfgs;
mod learner;
mod linear;
mod logistic;
mod ngrams;
mod product;
mod random;
mod rank;
mod sound_features;
mod split;
mod summary;
mod thumbnail;
mod whiten;

pub use confusion::{Confusion, Score};
pub use controls::Role;
pub use curve::{Curve, CurvePoint, TrainingPoint, mean_and_deviation};
pub use embeddings::Embeddings;
pub use error::EvalError;
pub use evaluate::{EvaluateConfig, Evaluation, FeatureSet, SetEvaluation, evaluate};
pub use few_label::{Draw, FewLabel};
pub use hand_features::HandFeatures;
pub use knn::Knn;
pub use learner::{LabelLearner, Learner};
pub use linear::{INVERSE_L2, Linear, Penalty, choose_penalty, linear_evaluation};
pub use logistic::{Logistic, Problem};
pub use ngrams::NGrams;
pub use rank::{Spread, alignment, rank_me, uniformity};
pub use sound_features::SoundFeatures;
pub use split::{Facts, Pool, Split, Test, Train};
pub use summary::{CurveSummary, Estimate, SetSummary, Summary};
pub use thumbnail::Thumbnails;
pub use whiten::{Affine, Preparation, Prepare, Whitening};

/// Index below `count` with the largest value; the first of equals, 0 if there is none.
fn largest(count: usize, value: impl Fn(usize) -> f32) -> usize {
    (1..count).fold(0, |best, i| if value(i) > value(best) { i } else { best })
}
