//! The encoder in question beside its controls, on the same windows and the same draws of labels.

use super::{Experiment, PipelineError};
use crate::eval::{
    Embeddings, EvaluateConfig, Evaluation, FeatureSet, Preparation, Role, Whitening, evaluate,
};
use crate::export::{embed, embed_samples};
use crate::run::progress::Output;
use crate::run::{EncoderConfig, Progress};
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

/// Embeddings as an image's learner sees them.
fn directions(name: &str, role: Role, embeddings: Embeddings) -> FeatureSet {
    FeatureSet::new(name, role, embeddings).prepared(DIRECTIONS)
}

/// Measures the candidates and hand features; `views` are two of each of some training windows.
///
/// # Errors
/// If an embedding is not finite or has another dimension than the learners hold.
pub fn judge(
    experiment: &Experiment,
    candidates: &Candidates<'_>,
    views: &[Vec<f32>; 2],
    encoder: &EncoderConfig,
    config: &EvaluateConfig,
    output: Output,
) -> Result<Evaluation, PipelineError> {
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
    let (learned, rounded) = (Role::Learned, Role::Quantized("mote".into()));
    let mut sets = vec![
        directions("mote", learned, candidates.learned.clone()).viewed(seen(candidates.encoder)?),
        directions("mote int8", rounded, quantized(&experiment.values)?)
            .viewed([quantized(&views[0])?, quantized(&views[1])?]),
    ];
    sets.extend(by_hand(experiment, encoder));
    let untrained = Some(("random init", Role::RandomInit, candidates.random_init));
    let supervised = candidates.supervised;
    let supervised = supervised.map(|encoder| ("supervised", Role::Supervised, encoder));
    for (name, role, encoder) in untrained.into_iter().chain(supervised) {
        let embeddings = embedded(encoder, &experiment.values)?;
        sets.push(directions(name, role, embeddings).viewed(seen(encoder)?));
    }
    measure(experiment, &sets, config, output)
}

/// Measures what any image, called `name`, makes of the windows of `experiment`, beside hand features.
///
/// # Errors
/// If an embedding is not finite or has another dimension than the learners hold, or if the image takes other windows.
pub fn judge_image(
    experiment: &Experiment,
    (name, image): (&str, &ModelImage<'_>),
    encoder: &EncoderConfig,
    config: &EvaluateConfig,
    output: Output,
) -> Result<Evaluation, PipelineError> {
    let embeddings = embed_samples(image, &experiment.samples())?;
    let embeddings = Embeddings::new(embeddings, image.embedding_len())?;
    let mut sets = vec![directions(name, Role::Learned, embeddings)];
    sets.extend(by_hand(experiment, encoder));
    measure(experiment, &sets, config, output)
}

/// Hand features twice: standardised, and whitened as the encoder is, so that the control has every advantage that
/// needs no learning.
fn by_hand(experiment: &Experiment, encoder: &EncoderConfig) -> impl Iterator<Item = FeatureSet> {
    let set = |name| FeatureSet::new(name, Role::HandFeatures, experiment.hand_features.clone());
    let whitened = experiment.whitening(encoder).map(|map| {
        let preparation = Preparation { map, ..DIRECTIONS };
        set("hand whitened").prepared(preparation)
    });
    [set("hand features")].into_iter().chain(whitened)
}

/// All `sets` on the split of `experiment`, with progress.
fn measure(
    experiment: &Experiment,
    sets: &[FeatureSet],
    config: &EvaluateConfig,
    output: Output,
) -> Result<Evaluation, PipelineError> {
    let total = (sets.len() * config.parts()) as u64;
    let progress = Mutex::new((0, Progress::new(output, "evaluate", total)));
    let evaluation = evaluate(&experiment.split, sets, config, &|| {
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
