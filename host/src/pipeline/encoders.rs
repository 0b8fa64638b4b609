//! The encoder in question and its controls: pretrained, supervised, untrained. All have the same layers,
//! see the same views for the same number of steps, and are whitened the same way.

use super::batches::Batches;
use super::terms::{Terms, terms};
use super::{Experiment, Monitor, PipelineError, whiten};
use crate::objective::UNLABELLED;
use crate::objective::cross_entropy::CrossEntropy;
use crate::objective::task::{Labels, Pairs, Task};
use crate::run::Cancel;
use crate::run::config::{Optimizer, RunConfig};
use crate::train::pretrain::{Head, Outcome, Pretraining, Recipe, TrainError, Views};
use crate::train::trained::TrainedEncoder;
use crate::train::{Mode, Network, Rule, Schedule, projector};
use crate::view::ViewSource;
use mote_core::preset::Preset;
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
    let (dataset, length) = (&experiment.dataset, experiment.windows.length);
    let input = dataset.window_shape(length).ok_or_else(|| {
        PipelineError::Config(format!(
            "window: expected at most {} samples and channels, found {length} and {}",
            u16::MAX,
            dataset.width()
        ))
    })?;
    let preset = Preset::from_name(&config.encoder.preset).unwrap_or(Preset::Conv1d);
    Ok(preset.spec(input, config.encoder.width, None)?)
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
    let Terms { heads, tasks } = terms(&network, experiment, config)?;
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
) -> Result<TrainedEncoder, PipelineError> {
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
    whiten(network.trained(), experiment, config.encoder.whitening)
}

fn batches<'a>(
    experiment: &'a Experiment,
    config: &RunConfig,
    tasks: Vec<Box<dyn Task>>,
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
    let schedule = &config.schedule;
    Ok(Batches::new(
        source,
        tasks,
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
        accumulate: schedule.accumulate,
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
