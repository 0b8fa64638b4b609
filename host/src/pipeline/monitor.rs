//! Watches an encoder while it learns: loss, throughput, and now and then k-NN accuracy and rank.

use super::Experiment;
use super::job::Line;
use crate::eval::{Embeddings, EvalError, Facts, Knn, Split, Spread, TrainingPoint};
use crate::run::{Metrics, Progress, RunError};
use crate::train::Network;
use crate::train::pretrain;
use std::time::Instant;

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

/// Follows one training.
pub struct Monitor<'a> {
    progress: Progress,
    metrics: Option<(&'a mut Metrics, &'static str)>,
    windows: Vec<f32>,
    split: Option<Split>,
    begun: Instant,
    total: u64,
    losses: Vec<f64>,
    views: usize,
    last: Option<Health>,
    warned: bool,
    error: Option<RunError>,
    /// One point a check-up.
    pub points: Vec<TrainingPoint>,
}

impl<'a> Monitor<'a> {
    /// Follows a training of `total` steps on `experiment`; points go to `metrics` under the given name.
    pub fn new(
        experiment: &Experiment,
        total: u64,
        progress: Progress,
        metrics: Option<(&'a mut Metrics, &'static str)>,
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
            metrics,
            windows: samples.copied().collect(),
            split: last_subjects(experiment.split.facts(), &rows),
            begun: Instant::now(),
            total,
            losses: Vec::new(),
            views: 0,
            last: None,
            warned: false,
            error: None,
            points: Vec::new(),
        }
    }

    /// Takes note of one step.
    pub fn step(&mut self, encoder: &Network, step: &pretrain::Progress) {
        self.losses.push(step.loss);
        self.views += step.rows;
        let done = step.epoch * step.steps + step.step + 1;
        let every = self.total.div_ceil(CHECKS).max(1);
        if done.is_multiple_of(every) || done == self.total {
            self.check(encoder, step, done);
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
            format!(
                "loss {:.3}{task}  {speed:.0} windows/s{knn}{rank}",
                step.loss
            )
        });
    }

    fn speed(&self) -> f32 {
        self.views as f32 / self.begun.elapsed().as_secs_f32().max(1e-3)
    }

    fn check(&mut self, encoder: &Network, step: &pretrain::Progress, done: u64) {
        let embeddings = encoder.trained().embed(&self.windows);
        let health =
            Embeddings::new(embeddings, encoder.output_len()).and_then(|e| self.examine(&e));
        // A check-up that fails says nothing; what is wrong with the encoder stops the training itself.
        let Ok(health) = health else { return };
        if let Some(warning) = health
            .spread
            .warning()
            .filter(|_| !self.warned && done > self.total / 2)
        {
            self.progress.line(&format!("warning: {warning}"));
            self.warned = true;
        }
        let loss = self.losses.iter().sum::<f64>() / self.losses.len().max(1) as f64;
        self.losses.clear();
        let point = TrainingPoint {
            epoch: step.epoch as u32 + 1,
            step: done,
            loss: loss as f32,
            learning_rate: step.rate,
            windows_per_second: self.speed(),
            seconds: self.begun.elapsed().as_secs_f32(),
            knn: health.knn,
            rank: Some(health.spread.rank),
            accuracy: answer(step),
        };
        if let Some((metrics, name)) = &mut self.metrics {
            self.error = metrics
                .record(&Line {
                    kind: name,
                    value: &point,
                })
                .err()
                .or(self.error.take());
        }
        self.points.push(point);
        self.last = Some(health);
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
    pub fn finish(self) -> Result<Vec<TrainingPoint>, RunError> {
        self.progress.finish();
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.points),
        }
    }
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
