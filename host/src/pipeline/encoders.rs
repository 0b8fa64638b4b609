//! The encoder in question and its controls: pretrained, supervised, untrained. All have the same layers,
//! see the same views for the same number of steps, and are whitened the same way.

use super::batches::{Batches, Rows, Targets};
use super::{Experiment, Monitor, PipelineError, whiten};
use crate::eval::{HandFeatures, Preparation};
use crate::objective::cross_entropy::CrossEntropy;
use crate::objective::nt_xent::NtXent;
use crate::objective::smooth_l1::SmoothL1;
use crate::run::Cancel;
use crate::run::config::{ObjectiveConfig, Optimizer, RunConfig};
use crate::train::pretrain::{Head, Outcome, Pretraining, Recipe, TrainError, Views};
use crate::train::trained::TrainedEncoder;
use crate::train::{Mode, Network, Rule, Schedule, projector};
use crate::view::ViewSource;
use mote_core::preset::Preset;
use mote_core::shape::Shape;
use mote_core::spec::Spec;

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
        return Ok(spec.clone());
    }
    let size = |what: &str, n: usize| {
        u16::try_from(n).map_err(|_| {
            PipelineError::Config(format!("{what}: expected at most {}, found {n}", u16::MAX))
        })
    };
    let time = size("window.length", experiment.windows.length)?;
    let channels = size("channels of the data", experiment.dataset.width())?;
    let preset = Preset::from_name(&config.encoder.preset).unwrap_or(Preset::Conv1d);
    Ok(preset.spec(Shape::sequence(time, channels), config.encoder.width, None)?)
}

/// Trains an encoder without labels and whitens it.
///
/// # Errors
/// If the configuration does not suit the data, training diverges, or `cancel` is raised.
pub fn pretrain(
    experiment: &Experiment,
    config: &RunConfig,
    monitor: &mut Monitor<'_>,
    cancel: &Cancel,
) -> Result<TrainedEncoder, PipelineError> {
    let network = Network::new(&spec(experiment, config)?, config.seed)?;
    let ObjectiveConfig::NtXent {
        temperature,
        exclude_same_recording,
    } = config.objective;
    let dim = network.output_len() as u16;
    let widths: Vec<u16> = std::iter::once(dim)
        .chain(config.encoder.projector.iter().copied())
        .collect();
    let projector_head = if widths.len() > 1 {
        Some(projector(&widths, false, config.seed ^ 1)?)
    } else {
        None
    };
    let mut heads = vec![Head {
        network: projector_head,
        objective: Box::new(NtXent::new(temperature)?),
        weight: 1.0,
    }];
    let rows = Rows::Pairs {
        exclude_same_recording,
    };
    let mut batches = batches(experiment, config, rows)?;
    if config.auxiliary.hand_features > 0.0 {
        let targets = targets(experiment)?;
        let widths = [dim, targets.scale.map.dim as u16];
        heads.push(Head {
            network: Some(projector(&widths, false, config.seed ^ 2)?),
            objective: Box::new(SmoothL1),
            weight: config.auxiliary.hand_features,
        });
        batches = batches.with_targets(Some(targets));
    }
    train(
        network, heads, &batches, experiment, config, monitor, cancel,
    )
}

/// Hand features, scaled over the training windows.
fn targets(experiment: &Experiment) -> Result<Targets, PipelineError> {
    let features = HandFeatures {
        samples: experiment.windows.length,
        channels: experiment.dataset.width(),
    };
    let training = experiment.split.pool(&experiment.hand_features)?;
    let scale = Preparation::STANDARDISE.fit(&training)?;
    Ok(Targets { features, scale })
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
) -> Result<TrainedEncoder, PipelineError> {
    let network = Network::new(&spec(experiment, config)?, config.seed)?;
    let widths = [
        network.output_len() as u16,
        experiment.dataset.labels.len() as u16,
    ];
    let classifier = Head {
        network: Some(projector(&widths, false, config.seed ^ 1)?),
        objective: Box::new(CrossEntropy),
        weight: 1.0,
    };
    let batches = batches(experiment, config, Rows::Labels)?;
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
    let rows = Rows::Pairs {
        exclude_same_recording: false,
    };
    let batches = batches(experiment, config, rows)?;
    let mut batch = Default::default();
    for step in 0..SETTLING_STEPS {
        batches.fill(config.seed, 0, step, &mut batch);
        network.forward(&batch.inputs, Mode::Train);
    }
    whiten(network.trained(), experiment, config.encoder.whitening)
}

fn batches<'a>(
    experiment: &'a Experiment,
    config: &RunConfig,
    rows: Rows,
) -> Result<Batches<'a>, PipelineError> {
    let source = ViewSource::new(
        &experiment.dataset,
        &experiment.train,
        &experiment.windows,
        experiment.normaliser.clone(),
        &config.views,
        config.window.starts,
        config.seed,
    )?;
    let labels = experiment.dataset.recordings.iter().map(|r| r.label);
    let schedule = &config.schedule;
    Ok(Batches::new(
        source,
        labels,
        rows,
        schedule.batch,
        schedule.steps as u64,
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
) -> Result<TrainedEncoder, PipelineError> {
    let schedule = &config.schedule;
    let total = schedule.steps as u64;
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
    };
    let mut training = Pretraining::new(network, heads, recipe);
    monitor.begin(&mut training, batches.epoch_steps())?;
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
    whiten(
        training.encoder.trained(),
        experiment,
        config.encoder.whitening,
    )
}
