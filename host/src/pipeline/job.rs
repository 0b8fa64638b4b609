//! One run from recordings to a judged encoder on the disk: what `cargo run -p host` does.

use super::files::{Made, write_report};
use super::journal::Journal;
use super::{Experiment, PipelineError, Trial};
use crate::data::Description;
use crate::eval::Summary;
use crate::export::weights;
use crate::report::{Table, Verdict, image_table, left_out, partner_tables, tables};
use crate::run::config::CheckpointConfig;
use crate::run::dir::{
    CONFIG, GENERATOR_IMAGE, GENERATOR_WEIGHTS, IMAGE, PARTNER_IMAGE, PARTNER_WEIGHTS, WEIGHTS,
};
use crate::run::progress::Output;
use crate::run::{Cancel, RunConfig, RunDir};
use crate::train::world::World;
use serde::Serialize;
use std::sync::Arc;
use std::time::Instant;

/// The on-device learner whose curve is the verdict's: order-free, and ahead from five labels on.
pub const LEARNER: &str = "lda";

/// Where a job says what it does.
pub trait Console {
    /// Heading of the next step.
    fn heading(&mut self, text: &str);
    /// Lines of text.
    fn text(&mut self, text: &str);
    /// Where the next progress goes.
    fn progress(&mut self) -> Output;
}

/// What a job needs.
pub struct Job<'a> {
    /// Everything that determines the result.
    pub config: &'a RunConfig,
    /// The fold to train and judge on.
    pub experiment: &'a Experiment,
    /// The run's folder.
    pub dir: &'a RunDir,
    /// Raised to stop after the current step.
    pub cancel: &'a Cancel,
    /// When the trainings are saved; this run's own, whatever `config` says.
    pub checkpoint: CheckpointConfig,
    /// Whether to go on from the folder's checkpoints.
    pub resume: bool,
    /// The processes that train together, of which this is the first.
    pub world: Arc<dyn World>,
}

/// What a job found, for `--json`.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct JobReport {
    /// The run's folder.
    pub run: String,
    /// The seed of all random draws.
    pub seed: u64,
    /// What was found in the data.
    pub data: Description,
    /// All figures, with their controls.
    pub summary: Summary,
    /// Bytes of the model image.
    pub flash: usize,
    /// Bytes of scratch that the image needs.
    pub scratch: usize,
    /// Multiply-accumulates of one window.
    pub macs: u64,
    /// Seconds the job took.
    pub seconds: f32,
}

impl Job<'_> {
    /// Runs the job.
    ///
    /// # Errors
    /// The first thing that goes wrong; files written before stay valid.
    pub fn run(self, console: &mut dyn Console) -> Result<JobReport, PipelineError> {
        let begun = Instant::now();
        let Self {
            config,
            dir,
            experiment,
            cancel,
            checkpoint,
            resume,
            world,
        } = self;
        if !resume {
            dir.write(CONFIG, config.to_toml()?.as_bytes())?;
        }
        let mut journal = Journal::new(dir, experiment, config, checkpoint, resume)?;

        let data = experiment.describe();
        console.heading("Data");
        data.lines().iter().for_each(|line| console.text(line));
        let joined = experiment.other.as_ref();
        if let Some(other) = joined.filter(|_| experiment.pairing.is_some()) {
            let lines = other.describe().lines();
            lines.iter().for_each(|line| console.text(line));
        }
        console.text(&held_out(experiment));

        console.heading("Pretraining without labels");
        let mut trial = Trial {
            experiment,
            config,
            console,
            journal: Some(&mut journal),
            cancel,
            world,
        };
        let learned = trial.learn()?;
        dir.write(
            WEIGHTS,
            &weights::to_bytes(&learned.encoder, &learned.origin)?,
        )?;
        dir.write(IMAGE, &learned.image)?;
        if let Some(generator) = &learned.generator {
            let bytes = weights::to_bytes(&generator.network, &learned.origin)?;
            dir.write(GENERATOR_WEIGHTS, &bytes)?;
            dir.write(GENERATOR_IMAGE, &generator.image)?;
        }

        if let Some(partner) = &learned.partner {
            let bytes = weights::to_bytes(&partner.encoder, &partner.origin)?;
            dir.write(PARTNER_WEIGHTS, &bytes)?;
            dir.write(PARTNER_IMAGE, &partner.image)?;
        }

        trial.console.heading("Controls");
        if !experiment.has_labels() {
            trial.console.text(
                "No labels, so no supervised control and no accuracies: only label-free measures follow.",
            );
        }
        let controls = trial.controls()?;

        trial.console.heading("Evaluation on held-out windows");
        let evaluation = trial.judge(&learned, &controls)?;
        let summary = Summary::of(std::slice::from_ref(&evaluation))?;
        let mut figures = tables(&summary);
        if let Some((modality, evaluation)) = trial.judge_partner(&learned)? {
            figures.extend(partner_tables(&Summary::of(&[evaluation])?, &modality));
        }
        if let (Some(found), Some(names)) = (&learned.found, experiment.modalities()) {
            figures.push(found.table(&names));
        }
        figures
            .iter()
            .for_each(|table| console.text(&table.to_text()));

        console.heading("Model image");
        let image = learned.model()?;
        let layers = image_table(&image);
        console.text(&layers.to_text());
        if let Some(note) = left_out(&image, &learned.encoder.spec)? {
            console.text(&note);
        }
        let verdict = Verdict::of(&summary, LEARNER, &next(dir, config));
        let all: Vec<Table> = figures.into_iter().chain([layers]).collect();
        let made = Made {
            experiment,
            learned: &learned,
            summary: &summary,
            tables: &all,
            verdict: &verdict,
            config,
        };
        write_report(dir, &made)?;
        dir.finish()?;

        console.heading("Verdict");
        console.text(&verdict.to_text());
        let seconds = begun.elapsed().as_secs_f32();
        console.text(&format!(
            "Everything is in {} (open report.html); seed {}, {seconds:.0} s.",
            dir.path().display(),
            config.seed
        ));
        Ok(JobReport {
            run: dir.path().display().to_string(),
            seed: config.seed,
            data,
            summary,
            flash: image.len(),
            scratch: image.scratch_len(),
            macs: image.layers().map(|layer| layer.macs()).sum(),
            seconds,
        })
    }
}

/// A line of the metrics that says what it holds.
#[derive(Serialize)]
pub(super) struct Line<'a, T> {
    pub kind: &'a str,
    #[serde(flatten)]
    pub value: T,
}

fn held_out(experiment: &Experiment) -> String {
    let facts = experiment.split.facts();
    let train = experiment.split.pool_rows().len();
    let test = facts.rows() - train;
    let subjects = experiment.split.test_subjects();
    let who = if experiment.dataset.subjects.is_empty() {
        String::new()
    } else {
        format!(" (subjects {})", subjects.join(", "))
    };
    let note = experiment
        .note
        .map_or(String::new(), |note| format!("\n{note}"));
    let modalities = experiment.modalities();
    let other = modalities.map_or(String::new(), |[one, other]| {
        format!("\nTwo encoders: one takes {one}, the other {other}.")
    });
    format!("Held out{who}: {test} windows for testing; {train} for training.{note}{other}")
}

fn next(dir: &RunDir, config: &RunConfig) -> Vec<String> {
    let image = dir.file(IMAGE);
    let mut next = vec![format!("cargo run -p host -- inspect {}", image.display())];
    if config.data.path.is_some() {
        // The run's own settings, so that the same recordings are read in the same way.
        next.push(format!(
            "cargo run -p host -- evaluate --config {} --folds 5 --seeds 3",
            dir.file(CONFIG).display()
        ));
    } else {
        next.push("cargo run -p host -- evaluate --folds 5 --seeds 3".into());
        next.push("cargo run -p host -- pretrain --data my-recordings/".into());
    }
    next
}
