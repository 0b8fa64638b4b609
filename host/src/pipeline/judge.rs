//! The encoder in question beside its controls, on the same windows and the same draws of labels.

use super::{Experiment, PipelineError};
use crate::eval::{
    Embeddings, EvaluateConfig, Evaluation, FeatureSet, HandFeatures, Preparation, Role, Whitening,
    evaluate,
};
use crate::export::embed;
use crate::train::trained::TrainedEncoder;
use mote_core::image::ModelImage;

/// Encoders to judge on one experiment; all are whitened already.
#[derive(Clone, Copy)]
pub struct Candidates<'a> {
    /// The encoder in question.
    pub learned: &'a TrainedEncoder,
    /// Its int8 image.
    pub image: Option<&'a ModelImage<'a>>,
    /// The untrained encoder.
    pub random_init: Option<&'a TrainedEncoder>,
    /// The encoder trained with all labels; only where there are labels.
    pub supervised: Option<&'a TrainedEncoder>,
}

/// What an image's learner does to an embedding: compare directions.
const DIRECTIONS: Preparation = Preparation {
    same_length_first: false,
    map: Whitening::None,
    same_length_last: true,
};

/// Measures the candidates and hand features. Hand features come twice, standardised, and whitened within
/// recordings as the encoder is, so that the control has every advantage that needs no learning.
///
/// # Errors
/// If an embedding is not finite or has another dimension than the learners hold.
pub fn judge(
    experiment: &Experiment,
    candidates: &Candidates<'_>,
    shrinkage: f32,
    config: &EvaluateConfig,
) -> Result<Evaluation, PipelineError> {
    let mut sets = Vec::new();
    let set =
        |name: &str, role: Role, encoder: &TrainedEncoder| -> Result<FeatureSet, PipelineError> {
            let embeddings = Embeddings::new(
                encoder.embed(&experiment.values),
                encoder.spec.embedding_len()?,
            )?;
            Ok(FeatureSet::new(name, role, embeddings).prepared(DIRECTIONS))
        };
    sets.push(set("mote", Role::Learned, candidates.learned)?);
    if let Some(image) = candidates.image {
        let embeddings = Embeddings::new(embed(image, &experiment.values)?, image.embedding_len())?;
        let role = Role::Quantized("mote".into());
        sets.push(FeatureSet::new("mote int8", role, embeddings).prepared(DIRECTIONS));
    }
    let hand = HandFeatures {
        samples: experiment.windows.length,
        channels: experiment.dataset.width(),
    }
    .compute(&experiment.values)?;
    sets.push(FeatureSet::new(
        "hand features",
        Role::HandFeatures,
        hand.clone(),
    ));
    let whitened = Preparation {
        map: Whitening::WithinRecording { shrinkage },
        ..DIRECTIONS
    };
    sets.push(FeatureSet::new("hand whitened", Role::HandFeatures, hand).prepared(whitened));
    if let Some(encoder) = candidates.random_init {
        sets.push(set("random init", Role::RandomInit, encoder)?);
    }
    if let Some(encoder) = candidates.supervised {
        sets.push(set("supervised", Role::Supervised, encoder)?);
    }
    Ok(evaluate(&experiment.split, &sets, config)?)
}
