//! The encoder in question beside its controls, on the same windows and the same draws of labels.

use super::{Experiment, PipelineError};
use crate::eval::{
    Embeddings, EvaluateConfig, Evaluation, FeatureSet, Preparation, Role, Whitening, evaluate,
};
use crate::export::embed;
use crate::run::Progress;
use crate::run::progress::Output;
use crate::train::trained::TrainedEncoder;
use mote_core::image::ModelImage;
use std::sync::Mutex;

/// What is judged on one experiment; all encoders are whitened already.
#[derive(Clone, Copy)]
pub struct Candidates<'a> {
    /// Embeddings of every window under the encoder in question.
    pub learned: &'a Embeddings,
    /// Its int8 image.
    pub image: &'a ModelImage<'a>,
    /// The untrained encoder.
    pub random_init: &'a TrainedEncoder,
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
    output: Output,
) -> Result<Evaluation, PipelineError> {
    let directions =
        |name: &str, role, embeddings| FeatureSet::new(name, role, embeddings).prepared(DIRECTIONS);
    let embedded = |encoder: &TrainedEncoder| -> Result<Embeddings, PipelineError> {
        let dim = encoder.spec.embedding_len()?;
        Ok(Embeddings::new(encoder.embed(&experiment.values), dim)?)
    };
    let image = candidates.image;
    let quantized = Embeddings::new(embed(image, &experiment.values)?, image.embedding_len())?;
    let hand = &experiment.hand_features;
    let mut sets = vec![
        directions("mote", Role::Learned, candidates.learned.clone()),
        directions("mote int8", Role::Quantized("mote".into()), quantized),
        FeatureSet::new("hand features", Role::HandFeatures, hand.clone()),
    ];
    if shrinkage > 0.0 {
        let map = Whitening::WithinRecording { shrinkage };
        let whitened = Preparation { map, ..DIRECTIONS };
        let set = FeatureSet::new("hand whitened", Role::HandFeatures, hand.clone());
        sets.push(set.prepared(whitened));
    }
    let random_init = embedded(candidates.random_init)?;
    sets.push(directions("random init", Role::RandomInit, random_init));
    if let Some(encoder) = candidates.supervised {
        sets.push(directions(
            "supervised",
            Role::Supervised,
            embedded(encoder)?,
        ));
    }
    let total = (sets.len() * config.parts()) as u64;
    let progress = Mutex::new((0, Progress::new(output, "evaluate", total)));
    let evaluation = evaluate(&experiment.split, &sets, config, &|| {
        // A lock poisoned by a writer that panicked costs a line of progress at most.
        if let Ok(mut guard) = progress.lock() {
            let (done, progress) = &mut *guard;
            *done += 1;
            progress.update(*done, String::new);
        }
    });
    if let Ok((_, progress)) = progress.into_inner() {
        progress.finish();
    }
    Ok(evaluation?)
}
