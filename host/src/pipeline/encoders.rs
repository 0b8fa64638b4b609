//! The encoder in question and its controls: pretrained, supervised, untrained. All have the same layers,
//! see the same views for the same number of steps, and are whitened the same way.

use super::batches::Batches;
use super::found::Found;
use super::terms::{NEXT_SYMBOL, Terms, terms};
use super::{Experiment, Monitor, PipelineError, Shown, whiten};
use crate::data::{Dataset, Kind};
use crate::objective::cross_entropy::CrossEntropy;
use crate::objective::task::{Labels, Pairs, Task};
use crate::objective::{ObjectiveConfig, UNLABELLED};
use crate::run::Cancel;
use crate::run::config::{Optimizer, RunConfig};
use crate::train::pretrain::{Head, Outcome, Pretraining, Recipe, TrainError, Views};
use crate::train::trained::TrainedEncoder;
use crate::train::{Mode, Network, Rule, Schedule, projector};
use mote_core::preset::Preset;
use mote_core::shape::Shape;
use mote_core::spec::{Op, Spec};

/// Batches through which an untrained encoder's batch norm measures its running statistics.
const SETTLING_STEPS: u64 = 30;

/// The layers that `config` asks for, over windows of `experiment`.
///
/// # Errors
/// If the preset or the spec does not suit the windows.
pub fn spec(experiment: &Experiment, config: &RunConfig) -> Result<Spec, PipelineError> {
    if let Some(spec) = &config.encoder.spec {
        let (expected, found) = (experiment.window_len(), spec.input.len());
        if expected != found {
            return Err(PipelineError::Input { expected, found });
        }
        spec.shapes()?;
        let symbols = experiment.dataset.vocabulary.len();
        let table = spec.layers.iter().find_map(|layer| match layer.op {
            Op::Embedding { vocabulary, .. } => Some(usize::from(vocabulary)),
            _ => None,
        });
        if table.unwrap_or(0) != symbols {
            return Err(PipelineError::Config(format!(
                "encoder.spec: expected {}, found {}",
                match symbols {
                    0 => "no embedding, since the data are numbers".into(),
                    n => format!(
                        "an embedding of {n} symbols, the blank among them, as the data have"
                    ),
                },
                table.map_or("none".into(), |n| format!("one of {n}"))
            )));
        }
        return Ok(spec.clone());
    }
    preset(&experiment.dataset, experiment.windows.length, config)
}

/// The layers of the configured preset over windows of `length` samples of `dataset`.
///
/// # Errors
/// If the preset does not suit the windows.
pub fn preset(dataset: &Dataset, length: usize, config: &RunConfig) -> Result<Spec, PipelineError> {
    let input = dataset.window_shape(length).ok_or_else(|| {
        PipelineError::Config(format!(
            "window: expected at most {} samples and channels, found {length} and {}",
            u16::MAX,
            dataset.width()
        ))
    })?;
    let preset = Preset::from_name(&config.encoder.preset).unwrap_or(Preset::Conv1d);
    // To kernels of two sides log-mel frames are rows of one picture.
    let input = match preset {
        Preset::Dscnn | Preset::Resnet8 if dataset.front.is_some() => {
            Shape::new(input.w, input.c, 1)
        }
        _ => input,
    };
    let width = config.encoder.width;
    if dataset.kind != Kind::Symbols {
        return Ok(preset.spec(input, width, None)?);
    }
    if preset != Preset::Tcn {
        return Err(PipelineError::Config(format!(
            "encoder.preset: symbols need tcn, which looks them up first, found {}",
            preset.name()
        )));
    }
    let vocabulary = dataset.vocabulary.len() as u16;
    Ok(mote_core::preset::tcn(
        input,
        Some(vocabulary),
        width,
        None,
    )?)
}

/// What came out of a training.
pub struct Trained {
    /// The encoder, whitened.
    pub encoder: TrainedEncoder,
    /// The encoder's places with the head that says what comes next at each, where that was the objective.
    pub generator: Option<TrainedEncoder>,
    /// What the decoder made of held-out windows, where the objective hides parts of them.
    pub inpainted: Option<Shown>,
    /// The encoder of the other modality, whitened, where the objective pairs two.
    pub partner: Option<TrainedEncoder>,
    /// How often held-out windows find their partners, where there are such.
    pub found: Option<Found>,
}

/// `spec` without the average over all places at its end, for objectives that ask at every place.
fn places(mut spec: Spec) -> Result<Spec, PipelineError> {
    let last = spec.layers.pop().map(|layer| layer.op);
    let length = spec.input.w;
    if last != Some(Op::GlobalAvgPool) || spec.output().map(|shape| shape.w).ok() != Some(length) {
        return Err(PipelineError::Config(
            "encoder.spec: an objective that asks at every place needs an encoder that keeps all places and ends in \
             global_avg_pool, as tcn does"
                .into(),
        ));
    }
    Ok(spec)
}

/// The configuration of the wider twin that `config` wants to learn from, if it does.
///
/// # Errors
/// If the encoder has layers of its own, whose width nobody can change, or would become too wide.
pub fn teacher(config: &RunConfig) -> Result<Option<RunConfig>, PipelineError> {
    let distillation = match config.objective.distillation() {
        Some(distillation) if distillation.teacher.is_none() => distillation,
        _ => return Ok(None),
    };
    if config.encoder.spec.is_some() {
        return Err(PipelineError::Config(
            "encoder.spec: expected a preset, which can be made wider, to distil from a wider twin, found layers of \
             your own; name a file of embeddings as objective.teacher, or a preset"
                .into(),
        ));
    }
    let mut twin = config.clone();
    twin.objective = (*distillation.objective).clone();
    twin.encoder.width *= distillation.teacher_width;
    twin.check().map_err(|message| {
        PipelineError::Config(format!(
            "the teacher, a twin of {} times the width: {message}",
            distillation.teacher_width
        ))
    })?;
    Ok(Some(twin))
}

/// Trains an encoder without labels and whitens it; `twin` is its teacher, where [`teacher`] wants one.
///
/// # Errors
/// If the configuration does not suit the data, training diverges, or `cancel` is raised.
pub fn pretrain(
    experiment: &Experiment,
    config: &RunConfig,
    twin: Option<&TrainedEncoder>,
    monitor: &mut Monitor<'_>,
    cancel: &Cancel,
) -> Result<Trained, PipelineError> {
    let mut spec = spec(experiment, config)?;
    let kind = experiment.dataset.kind;
    config
        .objective
        .suits(kind)
        .map_err(PipelineError::Config)?;
    experiment.goes_on_for(&config.objective)?;
    if config.objective.at_places() {
        spec = places(spec)?;
    }
    let network = Network::new(&spec, config.seed)?;
    let Terms { heads, tasks } = terms(&network, experiment, config, twin)?;
    let batches = batches(experiment, config, tasks)?;
    train(
        network, heads, &batches, experiment, config, monitor, cancel,
    )
}

/// Control: the same encoder trained with every training label and the same views.
///
/// # Errors
/// As [`pretrain`].
pub fn supervise(
    experiment: &Experiment,
    config: &RunConfig,
    monitor: &mut Monitor<'_>,
    cancel: &Cancel,
) -> Result<Trained, PipelineError> {
    let network = Network::new(&spec(experiment, config)?, config.seed)?;
    let widths = [
        network.output_len() as u16,
        experiment.dataset.labels.len() as u16,
    ];
    let network_head = projector(&widths, false, config.seed ^ 1)?;
    let classifier = Head::new(Some(network_head), Box::<CrossEntropy>::default(), 1.0);
    let recordings = experiment.dataset.recordings.iter();
    let label = |label: Option<usize>| label.map_or(UNLABELLED, |label| label as u32);
    let labels = recordings.map(|r| label(r.label)).collect();
    let batches = batches(experiment, config, vec![Box::new(Labels { labels })])?;
    train(
        network,
        vec![classifier],
        &batches,
        experiment,
        config,
        monitor,
        cancel,
    )
}

/// Control: the same encoder before training, its batch norm settled on the same views.
///
/// # Errors
/// If the configuration does not suit the data.
pub fn random_init(
    experiment: &Experiment,
    config: &RunConfig,
) -> Result<TrainedEncoder, PipelineError> {
    let mut network = Network::new(&spec(experiment, config)?, config.seed)?;
    let batches = batches(experiment, config, vec![Box::<Pairs>::default()])?;
    let mut batch = Default::default();
    for step in 0..SETTLING_STEPS {
        batches.fill(config.seed, 0, step, &mut batch);
        network.forward(&batch.inputs, Mode::Train);
    }
    whiten(network.trained(), experiment, &config.encoder)
}

fn batches<'a>(
    experiment: &'a Experiment,
    config: &RunConfig,
    tasks: Vec<Box<dyn Task + 'a>>,
) -> Result<Batches<'a>, PipelineError> {
    let source = experiment.view_source(config)?;
    let schedule = &config.schedule;
    Ok(Batches::new(
        source,
        tasks,
        schedule.batch,
        experiment.steps(config),
    ))
}

fn train(
    network: Network,
    heads: Vec<Head>,
    batches: &Batches<'_>,
    experiment: &Experiment,
    config: &RunConfig,
    monitor: &mut Monitor<'_>,
    cancel: &Cancel,
) -> Result<Trained, PipelineError> {
    let schedule = &config.schedule;
    let total = experiment.steps(config);
    let recipe = Recipe {
        rule: match schedule.optimizer {
            Optimizer::Adamw => Rule::ADAM_W,
            Optimizer::Sgd => Rule::Sgd { momentum: 0.9 },
        },
        weight_decay: schedule.weight_decay,
        schedule: Schedule {
            peak: schedule.learning_rate,
            floor: 0.0,
            warmup: (f64::from(schedule.warm_up) * total as f64).round() as u64,
            total,
        },
        epochs: 1,
        seed: config.seed,
        clip: None,
        accumulate: schedule.accumulate,
    };
    let mut training = Pretraining::new(network, heads, recipe);
    let at_places = config.objective.at_places();
    monitor.begin(&mut training, batches.epoch_steps(), at_places)?;
    let outcome = training.run(batches, cancel.flag(), |training, progress| {
        monitor.step(training, progress);
    });
    let outcome = match outcome {
        Err(error @ TrainError::NotFinite { .. }) => {
            let advice = monitor.last_good();
            return Err(PipelineError::Diverged { error, advice });
        }
        outcome => outcome?,
    };
    monitor.save(&training)?;
    if outcome == Outcome::Cancelled {
        return Err(PipelineError::Interrupted {
            done: training.done,
            total,
            advice: monitor.advice(),
        });
    }
    let inpainted = inpainted(&mut training, experiment, config);
    let found = Found::held_out(&mut training, experiment);
    let trained = training.encoder.trained();
    let mut heads = training.heads.iter();
    let generator = heads
        .find(|head| head.objective.name() == NEXT_SYMBOL)
        .and_then(|head| trained.clone().with_head(&head.network.as_ref()?.trained()));
    let trained = if config.objective.at_places() {
        trained.pooled()
    } else {
        trained
    };
    let mut partners = training
        .heads
        .iter()
        .filter_map(|head| head.partner.as_ref());
    let partner = partners.next().map(|partner| partner.encoder.trained());
    let partner = match (partner, experiment.other.as_deref()) {
        (Some(partner), Some(other)) => {
            let own = config.partner(other.dataset.kind);
            let own = own.map_err(PipelineError::Config)?;
            Some(whiten(partner, other, &own.encoder)?)
        }
        _ => None,
    };
    Ok(Trained {
        inpainted,
        partner,
        found,
        encoder: whiten(trained, experiment, &config.encoder)?,
        generator,
    })
}

/// Held-out windows with what the decoder of `masked` puts where something was hidden, if that is trained.
fn inpainted(
    training: &mut Pretraining,
    experiment: &Experiment,
    config: &RunConfig,
) -> Option<Shown> {
    let mut terms = config.objective.terms().into_iter().enumerate();
    let (at, masked) = terms.find_map(|(at, (_, term))| match term {
        ObjectiveConfig::Masked(masked) => Some((at, masked)),
        _ => None,
    })?;
    // Each term has one head, in their order; the supervised control has none of them.
    let head = training.heads.get_mut(at)?;
    let decoder = head
        .network
        .as_mut()
        .filter(|n| n.output_len() == experiment.window_len())?;
    let encoder = &mut training.encoder;
    Some(Shown::inpainted(
        experiment,
        masked,
        config.seed,
        encoder,
        decoder,
    ))
}
