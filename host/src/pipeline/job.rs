//! One run from recordings to a judged encoder on the disk: what `cargo run -p host` does.

use super::files::{Made, write_report};
use super::{
    Candidates, Experiment, Monitor, PipelineError, judge, pretrain, random_init, supervise,
};
use crate::data::Description;
use crate::eval::{EvaluateConfig, Summary};
use crate::export::weights::{self, Origin};
use crate::export::{self, About, Method};
use crate::report::{Table, Verdict, image_table, tables};
use crate::run::dir::{CONFIG, IMAGE, METRICS, WEIGHTS};
use crate::run::progress::Output;
use crate::run::{Cancel, Metrics, RunConfig, RunDir};
use crate::train::trained::TrainedEncoder;
use mote_core::image::ModelImage;
use serde::Serialize;
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
        } = self;
        dir.write(CONFIG, config.to_toml()?.as_bytes())?;
        let mut metrics = Metrics::create(&dir.file(METRICS))?;

        let data = experiment.describe();
        console.heading("Data");
        data.lines().iter().for_each(|line| console.text(line));
        console.text(&held_out(experiment));

        console.heading("Pretraining without labels");
        let mut training = Training {
            experiment,
            config,
            metrics: &mut metrics,
            cancel,
        };
        let (learned, points) = training.run(console, "pretrain", pretrain)?;
        let origin = origin(experiment, config)?;
        dir.write(WEIGHTS, &weights::to_bytes(&learned, &origin)?)?;

        let bytes = export::int8(
            &learned,
            &origin.about,
            &experiment.training_values(),
            Method::default(),
        )?;
        dir.write(IMAGE, &bytes)?;
        let image = ModelImage::parse(&bytes).map_err(export::ExportError::from)?;

        console.heading("Controls");
        let random = random_init(experiment, config)?;
        let supervised = if experiment.has_labels() {
            Some(training.run(console, "supervise", supervise)?.0)
        } else {
            console.text("No labels, so no supervised control and no accuracies: only label-free measures follow.");
            None
        };

        console.heading("Evaluation on held-out windows");
        let candidates = Candidates {
            learned: &learned,
            image: Some(&image),
            random_init: Some(&random),
            supervised: supervised.as_ref(),
        };
        let settings = EvaluateConfig::default();
        let evaluation = judge(experiment, &candidates, config.encoder.whitening, &settings)?;
        metrics.record(&Line {
            kind: "evaluation",
            value: &evaluation,
        })?;
        let summary = Summary::of(std::slice::from_ref(&evaluation))?;
        let figures = tables(&summary);
        figures
            .iter()
            .for_each(|table| console.text(&table.to_text()));

        console.heading("Model image");
        let layers = image_table(&image);
        console.text(&layers.to_text());
        let verdict = Verdict::of(&summary, LEARNER, &next(dir));
        let all: Vec<Table> = figures.into_iter().chain([layers]).collect();
        let made = Made {
            experiment,
            learned: &learned,
            points: &points,
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

type Train =
    fn(&Experiment, &RunConfig, &mut Monitor<'_>, &Cancel) -> Result<TrainedEncoder, PipelineError>;

/// What both trainings of a job share.
struct Training<'a> {
    experiment: &'a Experiment,
    config: &'a RunConfig,
    metrics: &'a mut Metrics,
    cancel: &'a Cancel,
}

impl Training<'_> {
    fn run(
        &mut self,
        console: &mut dyn Console,
        name: &'static str,
        train: Train,
    ) -> Result<(TrainedEncoder, Vec<crate::eval::TrainingPoint>), PipelineError> {
        let total = self.config.schedule.steps as u64;
        let progress = crate::run::Progress::new(console.progress(), name, total);
        let mut monitor =
            Monitor::new(self.experiment, total, progress, Some((self.metrics, name)));
        let trained = train(self.experiment, self.config, &mut monitor, self.cancel);
        let points = monitor.finish()?;
        let trained = trained?;
        if let Some(last) = points.last() {
            let knn = last.knn.map_or(String::new(), |k| {
                format!(
                    ", k-NN {:.1} % on training subjects held out for this",
                    100.0 * k
                )
            });
            console.text(&format!(
                "{name}: {} steps in {:.1} s ({:.0} windows/s), loss {:.3}{knn}, rank {:.1}",
                last.step,
                last.seconds,
                last.windows_per_second,
                last.loss,
                last.rank.unwrap_or_default()
            ));
        }
        Ok((trained, points))
    }
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
    format!("Held out{who}: {test} windows for testing; {train} for training.{note}")
}

fn origin(experiment: &Experiment, config: &RunConfig) -> Result<Origin, PipelineError> {
    let Experiment {
        dataset,
        windows,
        normaliser,
        ..
    } = experiment;
    Ok(Origin {
        about: About {
            name: dataset.name.clone(),
            rate_hz: dataset.rate_hz as f32,
            channels: dataset.channels.clone(),
            window_len: windows.length as u32,
            hop_len: windows.hop as u32,
            mean: normaliser.mean.clone(),
            deviation: normaliser.deviation.clone(),
        },
        recipe: config.to_toml()?,
        seed: config.seed,
        data_hash: dataset.sha256(),
    })
}

fn next(dir: &RunDir) -> Vec<String> {
    let image = dir.file(IMAGE);
    vec![
        format!("cargo run -p host -- inspect {}", image.display()),
        "cargo run -p host -- evaluate --folds 5 --seeds 3".into(),
        "cargo run -p host -- pretrain --data my-recordings/".into(),
    ]
}
