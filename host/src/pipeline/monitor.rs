//! Watches an encoder while it learns: loss, throughput, and now and then k-NN accuracy and rank.

use super::job::Line;
use super::journal::{self, Journal};
use super::{Experiment, PipelineError};
use crate::eval::{Embeddings, EvalError, Facts, Knn, Split, Spread, TrainingPoint};
use crate::run::tensorboard::Scalar;
use crate::run::{Progress, RunError};
use crate::train::pretrain::{self, Pretraining};
use crate::train::world::World;
use crate::train::{LayerHealth, Network};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Training windows looked at in a check-up; more are thinned out evenly.
const MOST_WINDOWS: usize = 1024;
/// Check-ups in a run.
const CHECKS: u64 = 12;
/// Neighbours that vote.
const NEIGHBOURS: usize = 10;

/// A check-up of the encoder on unaltered training windows.
#[derive(Clone, PartialEq, Debug)]
pub struct Health {
    /// Accuracy of k-NN on the last training subjects, held out for this; where there are labels.
    pub knn: Option<f32>,
    /// Rank and spread.
    pub spread: Spread,
}

/// What a monitor remembers of the steps so far; part of a checkpoint.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Memory {
    /// Losses since the last check-up.
    losses: Vec<f64>,
    /// Views seen, and seconds taken until the checkpoint.
    views: usize,
    seconds: f64,
    /// Whether a collapse, and dead channels, were warned of.
    warned: [bool; 2],
    /// One point a check-up.
    points: Vec<TrainingPoint>,
}

/// How fast a training was; one line of `timing.jsonl`.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Pace {
    /// Steps done.
    pub step: u64,
    /// Windows trained in a second.
    pub windows_per_second: f32,
    /// Seconds since training began.
    pub seconds: f32,
}

/// The layers of the encoder at a check-up; one line of `metrics.jsonl`.
#[derive(Serialize)]
struct Layers {
    task: &'static str,
    step: u64,
    layers: Vec<LayerHealth>,
}

/// Follows one training, and saves it now and then.
pub struct Monitor<'a> {
    progress: Progress,
    journal: Option<&'a mut Journal>,
    world: Arc<dyn World>,
    task: &'static str,
    windows: Vec<f32>,
    split: Option<Split>,
    begun: Instant,
    total: u64,
    epoch_steps: u64,
    at_places: bool,
    /// What to change where embeddings collapse.
    remedy: &'static str,
    memory: Memory,
    last: Option<Health>,
    /// When each point was taken, in seconds since 1970; those before a resume count as taken then.
    taken: Vec<f64>,
    saved: Instant,
    checkpoint: Option<(PathBuf, u64)>,
    error: Option<RunError>,
}

impl<'a> Monitor<'a> {
    /// Follows the training called `task`, of `total` steps, on `experiment`, which the processes of `world` do together;
    /// what is to last goes to `journal`.
    pub fn new(
        experiment: &Experiment,
        task: &'static str,
        total: u64,
        progress: Progress,
        journal: Option<&'a mut Journal>,
        world: &Arc<dyn World>,
    ) -> Self {
        let pool = experiment.split.pool_rows();
        let stride = pool.len().div_ceil(MOST_WINDOWS).max(1);
        let rows: Vec<usize> = pool.iter().copied().step_by(stride).collect();
        let len = experiment.window_len();
        let samples = rows
            .iter()
            .flat_map(|&r| &experiment.values[r * len..(r + 1) * len]);
        Self {
            progress,
            journal,
            world: world.clone(),
            task,
            windows: samples.copied().collect(),
            split: last_subjects(experiment.split.facts(), &rows),
            begun: Instant::now(),
            total,
            epoch_steps: 1,
            at_places: false,
            remedy: "",
            memory: Memory::default(),
            last: None,
            taken: Vec::new(),
            saved: Instant::now(),
            checkpoint: None,
            error: None,
        }
    }

    /// Call before the first step: shares `training`, whose epochs have `epoch_steps` steps, and sets it to the newest
    /// checkpoint where a run goes on. `at_places` says that its encoder does not average its places yet.
    ///
    /// # Errors
    /// If no checkpoint is whole, or it does not fit.
    pub fn begin(
        &mut self,
        training: &mut Pretraining,
        epoch_steps: u64,
        at_places: bool,
    ) -> Result<(), PipelineError> {
        self.epoch_steps = epoch_steps.max(1);
        self.at_places = at_places;
        let first = training.heads.first();
        self.remedy = first.map_or("", |head| head.objective.against_collapse());
        training.share(&self.world);
        let journal = self.journal.as_deref();
        if let Some((path, saved)) = journal::latest(journal, self.task, &*self.world)? {
            training.restore(saved.training)?;
            self.memory = saved.monitor;
            self.taken = vec![now(); self.memory.points.len()];
            self.checkpoint = Some((path, training.done));
            let text = format!("{}: goes on after step {}", self.task, training.done);
            self.progress.line(&text);
        }
        (self.begun, self.saved) = (Instant::now(), Instant::now());
        Ok(())
    }

    /// Takes note of one step, and saves the training if it is time.
    pub fn step(&mut self, training: &Pretraining, step: &pretrain::Progress) {
        self.memory.losses.push(step.loss);
        self.memory.views += step.rows;
        let done = training.done;
        let every = self.total.div_ceil(CHECKS).max(1);
        if done.is_multiple_of(every) || done == self.total {
            self.check(&training.encoder, step, done);
        }
        if done < self.total
            && self.is_time_to_save(done)
            && let Err(error) = self.save(training)
        {
            // Hours of training are worth more than a checkpoint.
            self.progress
                .line(&format!("warning: no checkpoint could be written: {error}"));
            self.saved = Instant::now();
        }
        let (speed, last) = (self.speed(), self.last.as_ref());
        self.progress.update(done, || {
            let knn = last
                .and_then(|h| h.knn)
                .map_or(String::new(), |k| format!("  k-NN {:.1} %", 100.0 * k));
            let rank = last.map_or(String::new(), |h| {
                format!("  rank {:.1}/{}", h.spread.rank, h.spread.dim)
            });
            let task =
                answer(step).map_or(String::new(), |a| format!("  right {:.0} %", 100.0 * a));
            let unsure = step
                .perplexity
                .map_or(String::new(), |p| format!("  perplexity {p:.2}"));
            format!(
                "loss {:.3}{task}{unsure}  {speed:.0} windows/s{knn}{rank}",
                step.loss
            )
        });
    }

    fn is_time_to_save(&self, done: u64) -> bool {
        let Some(journal) = &self.journal else {
            return false;
        };
        let cadence = journal.cadence;
        let epochs = cadence.epochs > 0 && done.is_multiple_of(cadence.epochs * self.epoch_steps);
        let minutes =
            cadence.minutes > 0.0 && self.saved.elapsed().as_secs_f32() >= 60.0 * cadence.minutes;
        epochs || minutes
    }

    /// Saves where `training` stands, if there is a journal and it was not saved there before.
    ///
    /// # Errors
    /// If the checkpoint cannot be written.
    pub fn save(&mut self, training: &Pretraining) -> Result<(), RunError> {
        let seconds = self.seconds();
        if let Some(journal) = &mut self.journal
            && self.checkpoint.as_ref().map(|(_, step)| *step) != Some(training.done)
        {
            let memory = Memory {
                seconds,
                ..self.memory.clone()
            };
            let path = journal.save(self.task, training, memory)?;
            self.checkpoint = Some((path, training.done));
            self.saved = Instant::now();
        }
        Ok(())
    }

    /// How to go on after an interruption.
    pub fn advice(&self) -> String {
        self.journal.as_ref().map_or_else(
            || "nothing was saved; the same command gives the same results again".into(),
            |journal| journal.advice(),
        )
    }

    /// Where to go back to after a number that is none.
    pub fn last_good(&self) -> String {
        match &self.checkpoint {
            Some((path, step)) => format!(
                "The last good checkpoint is of step {step}: {}",
                path.display()
            ),
            None => "There is no checkpoint from before".into(),
        }
    }

    fn seconds(&self) -> f64 {
        self.memory.seconds + self.begun.elapsed().as_secs_f64()
    }

    fn speed(&self) -> f32 {
        self.memory.views as f32 / self.seconds().max(1e-3) as f32
    }

    fn check(&mut self, encoder: &Network, step: &pretrain::Progress, done: u64) {
        let mut trained = encoder.trained();
        if self.at_places {
            trained = trained.pooled();
        }
        let dim = trained.spec.embedding_len().unwrap_or(0);
        let embeddings = trained.embed(&self.windows);
        let health = Embeddings::new(embeddings, dim).and_then(|e| self.examine(&e));
        // A check-up that fails says nothing; what is wrong with the encoder stops the training itself.
        let Ok(health) = health else { return };
        let late = done > self.total / 2;
        if let Some(warning) = health
            .spread
            .warning()
            .filter(|_| !self.memory.warned[0] && late)
        {
            let remedy = self.remedy;
            self.progress.line(&format!(
                "warning: {warning}. In the configuration: {remedy}"
            ));
            self.memory.warned[0] = true;
        }
        let layers = encoder.health();
        if let Some(worst) = layers
            .iter()
            .find(|layer| 2 * layer.dead > layer.channels && !self.memory.warned[1] && late)
        {
            self.progress.line(&format!(
                "warning: {} of {} channels of layer {} ({}) are 0 for all windows and learn nothing more; try a lower \
                 schedule.learning_rate or a longer schedule.warm_up",
                worst.dead, worst.channels, worst.layer, worst.name
            ));
            self.memory.warned[1] = true;
        }
        let losses = std::mem::take(&mut self.memory.losses);
        let loss = losses.iter().sum::<f64>() / losses.len().max(1) as f64;
        let point = TrainingPoint {
            epoch: step.epoch as u32 + 1,
            step: done,
            loss: loss as f32,
            learning_rate: step.rate,
            gradient_norm: step.gradient_norm as f32,
            knn: health.knn,
            rank: Some(health.spread.rank),
            accuracy: answer(step),
            perplexity: step.perplexity.map(|perplexity| perplexity as f32),
        };
        self.memory.points.push(point);
        self.taken.push(now());
        self.last = Some(health);
        let pace = self.pace();
        if let Err(error) = self.record(&point, pace, layers) {
            self.error.get_or_insert(error);
        }
    }

    fn record(
        &mut self,
        point: &TrainingPoint,
        pace: Pace,
        layers: Vec<LayerHealth>,
    ) -> Result<(), RunError> {
        let Some(journal) = &mut self.journal else {
            return Ok(());
        };
        let (kind, task) = (self.task, self.task);
        journal.metrics.record(&Line { kind, value: point })?;
        let layers = Layers {
            task,
            step: pace.step,
            layers,
        };
        journal.metrics.record(&Line {
            kind: "layers",
            value: &layers,
        })?;
        journal.timing.record(&Line { kind, value: pace })?;
        let points = self.memory.points.iter().zip(&self.taken);
        let scalars: Vec<_> = points
            .flat_map(|(point, time)| curves(point, *time))
            .collect();
        journal.curves(task, &scalars)
    }

    fn pace(&self) -> Pace {
        Pace {
            step: self.memory.points.last().map_or(0, |point| point.step),
            windows_per_second: self.speed(),
            seconds: self.seconds() as f32,
        }
    }

    fn examine(&self, embeddings: &Embeddings) -> Result<Health, EvalError> {
        let knn = match &self.split {
            Some(split) => {
                let (train, test) = (split.train(embeddings)?, split.test(embeddings)?);
                let knn = Knn {
                    neighbours: NEIGHBOURS.min(train.labels.len()),
                    ..Knn::default()
                };
                Some(knn.score(&train, &test)?.accuracy)
            }
            None => None,
        };
        Ok(Health {
            knn,
            spread: Spread::of(embeddings)?,
        })
    }

    /// Ends the display.
    ///
    /// # Errors
    /// If a point could not be written.
    pub fn finish(self) -> Result<(Vec<TrainingPoint>, Pace), RunError> {
        let pace = self.pace();
        self.progress.finish();
        match self.error {
            Some(error) => Err(error),
            None => Ok((self.memory.points, pace)),
        }
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

/// The numbers of one point, each for a curve of its own.
fn curves(point: &TrainingPoint, time: f64) -> impl Iterator<Item = Scalar> {
    let step = point.step;
    let values = [
        ("loss", Some(point.loss)),
        ("learning_rate", Some(point.learning_rate)),
        ("gradient_norm", Some(point.gradient_norm)),
        ("knn_accuracy", point.knn),
        ("rank", point.rank),
        ("task_accuracy", point.accuracy),
        ("perplexity", point.perplexity),
    ];
    values.into_iter().filter_map(move |(tag, value)| {
        Some(Scalar {
            time,
            step,
            tag,
            value: value?,
        })
    })
}

/// How often the first objective that asks a question had the right answer.
fn answer(step: &pretrain::Progress) -> Option<f32> {
    let first = step.accuracies.iter().copied().flatten().next();
    first.map(|accuracy| accuracy as f32)
}

/// Holds the last fifth of the training subjects, or a fifth of the recordings where none are named, out of the
/// training windows `rows`, if labels allow it.
fn last_subjects(facts: &Facts, rows: &[usize]) -> Option<Split> {
    let facts = Facts {
        label_names: facts.label_names.clone(),
        labels: rows.iter().map(|&r| facts.labels[r]).collect(),
        subjects: rows.iter().map(|&r| facts.subjects[r].clone()).collect(),
        recordings: rows.iter().map(|&r| facts.recordings[r]).collect(),
    };
    let names = facts.subject_names();
    let held_out = names.len().div_ceil(5);
    let split = if names.len() < 2 {
        // Nobody is named: every fifth recording.
        let mut recordings = facts.recordings.clone();
        recordings.dedup();
        let held_out: Vec<usize> = recordings.into_iter().step_by(5).collect();
        Split::by_recording(facts, &held_out).ok()?
    } else {
        Split::by_subject(facts, &names[names.len() - held_out..]).ok()?
    };
    let (train, test) = split.labelled();
    (train > 0 && test > 0).then_some(split)
}

#[cfg(test)]
mod tests;
