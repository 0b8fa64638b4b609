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
    /// The encoder in question.
    pub encoder: &'a TrainedEncoder,
    /// Its embeddings of every window.
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
/// `views` are two of each of some training windows.
///
/// # Errors
/// If an embedding is not finite or has another dimension than the learners hold.
pub fn judge(
    experiment: &Experiment,
    candidates: &Candidates<'_>,
    views: &[Vec<f32>; 2],
    shrinkage: f32,
    config: &EvaluateConfig,
    output: Output,
) -> Result<Evaluation, PipelineError> {
    let directions = |name: &str, role, embeddings, views| {
        FeatureSet::new(name, role, embeddings)
            .prepared(DIRECTIONS)
            .viewed(views)
    };
    let embedded = |encoder: &TrainedEncoder, values: &[f32]| {
        let dim = encoder.spec.embedding_len()?;
        Ok::<_, PipelineError>(Embeddings::new(encoder.embed(values), dim)?)
    };
    let seen = |encoder: &TrainedEncoder| {
        let [a, b] = views;
        Ok::<_, PipelineError>([embedded(encoder, a)?, embedded(encoder, b)?])
    };
    let image = candidates.image;
    let quantized = |values: &[f32]| {
        let embeddings = embed(image, values)?;
        Ok::<_, PipelineError>(Embeddings::new(embeddings, image.embedding_len())?)
    };
    let hand = &experiment.hand_features;
    let mut sets = vec![
        directions(
            "mote",
            Role::Learned,
            candidates.learned.clone(),
            seen(candidates.encoder)?,
        ),
        directions(
            "mote int8",
            Role::Quantized("mote".into()),
            quantized(&experiment.values)?,
            [quantized(&views[0])?, quantized(&views[1])?],
        ),
        FeatureSet::new("hand features", Role::HandFeatures, hand.clone()),
    ];
    if shrinkage > 0.0 {
        let map = experiment.whitening(shrinkage);
        let whitened = Preparation { map, ..DIRECTIONS };
        let set = FeatureSet::new("hand whitened", Role::HandFeatures, hand.clone());
        sets.push(set.prepared(whitened));
    }
    let untrained = Some(("random init", Role::RandomInit, candidates.random_init));
    let supervised = candidates.supervised;
    let supervised = supervised.map(|encoder| ("supervised", Role::Supervised, encoder));
    for (name, role, encoder) in untrained.into_iter().chain(supervised) {
        let embeddings = embedded(encoder, &experiment.values)?;
        sets.push(directions(name, role, embeddings, seen(encoder)?));
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
