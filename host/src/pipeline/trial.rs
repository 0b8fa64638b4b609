//! One fold with one seed: the encoder and its image, its controls, all of them judged.

use super::encoders::Trained;
use super::found::Found;
use super::generator::Generator;
use super::job::Line;
use super::journal::Journal;
use super::judge::{Candidates, judge};
use super::monitor::Pace;
use super::{
    Console, Experiment, Monitor, PipelineError, Shown, pretrain, random_init, supervise, teacher,
};
use crate::eval::{Embeddings, EvaluateConfig, Evaluation, TrainingPoint};
use crate::export::weights::Origin;
use crate::export::{self, About, Method};
use crate::run::{Cancel, Progress, RunConfig};
use crate::train::trained::TrainedEncoder;
use crate::train::world::World;
use mote_core::image::ModelImage;
use mote_core::spec::Spec;
use std::sync::Arc;

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
    /// The processes that do the same trainings together.
    pub world: Arc<dyn World>,
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
    /// What the decoder made of held-out windows, where the objective hid parts of them; the decoder itself is gone.
    pub inpainted: Option<Shown>,
    /// The encoder of the other modality, where the objective pairs two; it has no points of its own.
    pub partner: Option<Box<Learned>>,
    /// How often held-out windows of either modality find their partners in the other.
    pub found: Option<Found>,
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

impl Trial<'_> {
    /// Pretrains without labels, and exports to int8.
    ///
    /// # Errors
    /// If the configuration does not suit the data, training diverges, or it is interrupted.
    pub fn learn(&mut self) -> Result<Learned, PipelineError> {
        let (experiment, config) = (self.experiment, self.config);
        let (trained, points) = self.pretrain()?;
        let Trained {
            encoder,
            generator,
            inpainted,
            partner,
            found,
        } = trained;
        let mut learned = learned(experiment, config, encoder, points)?;
        (learned.inpainted, learned.found) = (inpainted, found);
        if let Some(network) = generator {
            let generator = Generator::new(network, experiment, &learned.origin.about)?;
            let sentence = generator.held_out(experiment)?;
            self.console.text(&sentence);
            learned.generator = Some(generator);
        }
        if let (Some(partner), Some(other)) = (partner, experiment.other.as_deref()) {
            let partner = self::learned(other, config, partner, Vec::new())?;
            learned.partner = Some(Box::new(partner));
        }
        Ok(learned)
    }

    /// Makes the controls that need training or an initialisation.
    ///
    /// # Errors
    /// As [`Trial::learn`].
    pub fn controls(&mut self) -> Result<Controls, PipelineError> {
        Ok(Controls {
            random_init: random_init(self.experiment, self.config)?,
            supervised: self.supervise()?,
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
            encoder: &learned.encoder,
            learned: &learned.embeddings,
            image: &image,
            random_init: &controls.random_init,
            supervised: controls.supervised.as_ref(),
        };
        let settings = EvaluateConfig::default();
        let evaluation = judge(
            self.experiment,
            &candidates,
            &self.experiment.views(self.config)?,
            &self.config.encoder,
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

    /// Measures the encoder of the other modality beside controls of its own, but the supervised one, and names what it
    /// takes; nothing where there is no other.
    ///
    /// # Errors
    /// As [`Trial::judge`], and if an initialisation fails.
    pub fn judge_partner(
        &mut self,
        learned: &Learned,
    ) -> Result<Option<(String, Evaluation)>, PipelineError> {
        let other = self.experiment.other.as_deref();
        let (Some(partner), Some(other)) = (&learned.partner, other) else {
            return Ok(None);
        };
        let config = self.config.partner(other.dataset.kind);
        let config = config.map_err(PipelineError::Config)?;
        let controls = Controls {
            random_init: random_init(other, &config)?,
            supervised: None,
        };
        let mut second = Trial {
            experiment: other,
            config: &config,
            console: &mut *self.console,
            journal: None,
            cancel: self.cancel,
            world: self.world.clone(),
        };
        let evaluation = second.judge(partner, &controls)?;
        let [_, modality] = self.experiment.modalities().unwrap_or_default();
        Ok(Some((modality, evaluation)))
    }

    /// Does the part of a process that is not the first in the trainings of [`Trial::learn`] and [`Trial::controls`].
    ///
    /// # Errors
    /// As [`Trial::learn`].
    pub fn assist(&mut self) -> Result<(), PipelineError> {
        self.pretrain()?;
        self.supervise()?;
        Ok(())
    }

    /// The training without labels, behind its teacher's where it has one.
    fn pretrain(&mut self) -> Result<(Trained, Vec<TrainingPoint>), PipelineError> {
        let (experiment, config, cancel) = (self.experiment, self.config, self.cancel);
        let twin = match teacher(config)? {
            None => None,
            Some(wide) => {
                let text = "First the teacher, a wider twin; then what learns from it.";
                self.console.text(text);
                let train =
                    |monitor: &mut Monitor<'_>| pretrain(experiment, &wide, None, monitor, cancel);
                Some(self.train("teacher", train)?.0.encoder)
            }
        };
        self.train("pretrain", |monitor| {
            pretrain(experiment, config, twin.as_ref(), monitor, cancel)
        })
    }

    /// The same encoder trained with all labels, where there are labels.
    fn supervise(&mut self) -> Result<Option<TrainedEncoder>, PipelineError> {
        let (experiment, config, cancel) = (self.experiment, self.config, self.cancel);
        if !experiment.has_labels() {
            return Ok(None);
        }
        let (trained, _) = self.train("supervise", |monitor| {
            supervise(experiment, config, monitor, cancel)
        })?;
        Ok(Some(trained.encoder))
    }

    /// One training, followed on the console and in the metrics.
    fn train(
        &mut self,
        name: &'static str,
        train: impl FnOnce(&mut Monitor<'_>) -> Result<Trained, PipelineError>,
    ) -> Result<(Trained, Vec<TrainingPoint>), PipelineError> {
        let total = self.experiment.steps(self.config);
        let progress = Progress::new(self.console.progress(), name, total);
        let journal = self.journal.as_deref_mut();
        let mut monitor =
            Monitor::new(self.experiment, name, total, progress, journal, &self.world);
        let trained = train(&mut monitor);
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

/// A whitened encoder over the windows of `experiment`, with its embeddings and its image.
fn learned(
    experiment: &Experiment,
    config: &RunConfig,
    encoder: TrainedEncoder,
    points: Vec<TrainingPoint>,
) -> Result<Learned, PipelineError> {
    let origin = origin(experiment, config, &encoder.spec)?;
    let training = experiment.training_values();
    let image = export::int8(&encoder, &origin.about, &training, Method::default())?;
    let embeddings = Embeddings::new(
        encoder.embed(&experiment.values),
        encoder.spec.embedding_len()?,
    )?;
    Ok(Learned {
        encoder,
        embeddings,
        origin,
        image,
        generator: None,
        inpainted: None,
        partner: None,
        found: None,
        points,
    })
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
