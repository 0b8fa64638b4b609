//! One fold with one seed: the encoder and its image, its controls, all of them judged.

use super::encoders::Trained;
use super::generator::Generator;
use super::job::Line;
use super::journal::Journal;
use super::judge::{Candidates, judge};
use super::monitor::Pace;
use super::{Console, Experiment, Monitor, PipelineError, pretrain, random_init, supervise};
use crate::eval::{Embeddings, EvaluateConfig, Evaluation, TrainingPoint};
use crate::export::weights::Origin;
use crate::export::{self, About, Method};
use crate::run::{Cancel, Progress, RunConfig};
use crate::train::trained::TrainedEncoder;
use mote_core::image::ModelImage;
use mote_core::spec::Spec;

/// What a trial needs. Its stages are [`Trial::learn`], [`Trial::controls`] and [`Trial::judge`].
pub struct Trial<'a> {
    /// The fold to train and judge on.
    pub experiment: &'a Experiment,
    /// Everything that determines the result.
    pub config: &'a RunConfig,
    /// Where the trial says what it does.
    pub console: &'a mut dyn Console,
    /// Where figures are written and the trainings saved, if they are.
    pub journal: Option<&'a mut Journal>,
    /// Raised to stop after the current step.
    pub cancel: &'a Cancel,
}

/// What was learned without labels.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The encoder in f32, whitened.
    pub encoder: TrainedEncoder,
    /// Its embeddings of every window of the experiment.
    pub embeddings: Embeddings,
    /// Where it comes from, for the exported files.
    pub origin: Origin,
    /// Its int8 model image.
    pub image: Vec<u8>,
    /// What says which symbol comes next, where that was the objective.
    pub generator: Option<Generator>,
    /// How the training went.
    pub points: Vec<TrainingPoint>,
}

impl Learned {
    /// The image, parsed.
    ///
    /// # Errors
    /// If the exporter and the parser disagree.
    pub fn model(&self) -> Result<ModelImage<'_>, PipelineError> {
        Ok(ModelImage::parse(&self.image).map_err(export::ExportError::from)?)
    }
}

/// The same encoder without pretraining.
#[derive(Clone, Debug)]
pub struct Controls {
    /// Before any training.
    pub random_init: TrainedEncoder,
    /// Trained with all labels, where there are labels.
    pub supervised: Option<TrainedEncoder>,
}

type Train =
    fn(&Experiment, &RunConfig, &mut Monitor<'_>, &Cancel) -> Result<Trained, PipelineError>;

impl Trial<'_> {
    /// Pretrains without labels, and exports to int8.
    ///
    /// # Errors
    /// If the configuration does not suit the data, training diverges, or it is interrupted.
    pub fn learn(&mut self) -> Result<Learned, PipelineError> {
        let (Trained { encoder, generator }, points) = self.train("pretrain", pretrain)?;
        let origin = origin(self.experiment, self.config, &encoder.spec)?;
        let generator = match generator {
            Some(network) => {
                let generator = Generator::new(network, self.experiment, &origin.about)?;
                let sentence = generator.held_out(self.experiment)?;
                self.console.text(&sentence);
                Some(generator)
            }
            None => None,
        };
        let training = self.experiment.training_values();
        let image = export::int8(&encoder, &origin.about, &training, Method::default())?;
        let embeddings = Embeddings::new(
            encoder.embed(&self.experiment.values),
            encoder.spec.embedding_len()?,
        )?;
        Ok(Learned {
            encoder,
            embeddings,
            origin,
            image,
            generator,
            points,
        })
    }

    /// Makes the controls that need training or an initialisation.
    ///
    /// # Errors
    /// As [`Trial::learn`].
    pub fn controls(&mut self) -> Result<Controls, PipelineError> {
        Ok(Controls {
            random_init: random_init(self.experiment, self.config)?,
            supervised: if self.experiment.has_labels() {
                Some(self.train("supervise", supervise)?.0.encoder)
            } else {
                None
            },
        })
    }

    /// Measures what was learned beside its controls, and notes it in the metrics.
    ///
    /// # Errors
    /// If an embedding is not finite, or the metrics cannot be written.
    pub fn judge(
        &mut self,
        learned: &Learned,
        controls: &Controls,
    ) -> Result<Evaluation, PipelineError> {
        let image = learned.model()?;
        let candidates = Candidates {
            learned: &learned.embeddings,
            image: &image,
            random_init: &controls.random_init,
            supervised: controls.supervised.as_ref(),
        };
        let whitening = self.config.encoder.whitening;
        let settings = EvaluateConfig::default();
        let evaluation = judge(
            self.experiment,
            &candidates,
            whitening,
            &settings,
            self.console.progress(),
        )?;
        if let Some(journal) = &mut self.journal {
            journal.metrics.record(&Line {
                kind: "evaluation",
                value: &evaluation,
            })?;
        }
        Ok(evaluation)
    }

    /// One training, followed on the console and in the metrics.
    fn train(
        &mut self,
        name: &'static str,
        train: Train,
    ) -> Result<(Trained, Vec<TrainingPoint>), PipelineError> {
        let total = self.config.schedule.steps as u64;
        let progress = Progress::new(self.console.progress(), name, total);
        let journal = self.journal.as_deref_mut();
        let mut monitor = Monitor::new(self.experiment, name, total, progress, journal);
        let trained = train(self.experiment, self.config, &mut monitor, self.cancel);
        let finished = monitor.finish();
        let trained = trained?;
        let (points, pace) = finished?;
        if let Some(last) = points.last() {
            self.console
                .text(&format!("{name}: {}", sentence(last, &pace)));
        }
        Ok((trained, points))
    }
}

/// The last check-up of a training in words.
fn sentence(last: &TrainingPoint, pace: &Pace) -> String {
    let knn = last.knn.map_or(String::new(), |k| {
        format!(
            ", k-NN {:.1} % on training windows held out for this",
            100.0 * k
        )
    });
    let task = last.accuracy.map_or(String::new(), |a| {
        format!(" (own question right {:.1} %)", 100.0 * a)
    });
    let unsure = last
        .perplexity
        .map_or(String::new(), |p| format!(", perplexity {p:.2}"));
    format!(
        "{} steps in {:.1} s ({:.0} windows/s), loss {:.3}{task}{unsure}{knn}, rank {:.1}",
        last.step,
        pace.seconds,
        pace.windows_per_second,
        last.loss,
        last.rank.unwrap_or_default()
    )
}

fn origin(
    experiment: &Experiment,
    config: &RunConfig,
    spec: &Spec,
) -> Result<Origin, PipelineError> {
    let Experiment {
        dataset,
        windows,
        normaliser,
        ..
    } = experiment;
    // Where log-mel frames are rows of a picture, their bands have no names, and one mean and deviation.
    let channels = usize::from(spec.input.c);
    let names = match dataset.width() == channels {
        true => &dataset.channels[..],
        false => &[],
    };
    Ok(Origin {
        about: About {
            name: dataset.name.clone(),
            rate_hz: dataset.rate_hz as f32,
            channels: names.to_vec(),
            vocabulary: dataset.vocabulary.clone(),
            window_len: windows.length as u32,
            hop_len: match dataset.front {
                // A word lies anywhere in a stream, so windows overlap there.
                Some(_) => windows.length.div_ceil(4) as u32,
                None => windows.hop as u32,
            },
            front: dataset.front,
            mean: normaliser.mean[..channels].to_vec(),
            deviation: normaliser.deviation[..channels].to_vec(),
        },
        recipe: config.to_toml()?,
        seed: config.seed,
        data_hash: experiment.sha256().to_owned(),
    })
}
