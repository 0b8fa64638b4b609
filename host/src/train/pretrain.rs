//! The loop: views in, loss down. Pretraining and the supervised control differ in heads and data alone.

use super::accumulate::cut;
use super::network::{Mode, Network};
use super::optimizer::{Optimizer, Rule};
use super::partner::Partner;
use super::schedule::Schedule;
use super::teacher::Teacher;
use super::world::{World, alone};
use crate::objective::{Batch, Objective, ObjectiveError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Where batches come from.
pub trait Views: Sync {
    /// Steps in one epoch.
    fn steps(&self) -> u64;

    /// Fills `batch` (which holds a former one) for one step; the same arguments give the same batch, always.
    fn fill(&self, seed: u64, epoch: u64, step: u64, batch: &mut Batch);
}

/// An objective on the embedding, through a head of its own.
pub struct Head {
    /// The projector; `None` puts the objective on the embedding itself.
    pub network: Option<Network>,
    /// What the head's output should minimise.
    pub objective: Box<dyn Objective>,
    /// Factor of its loss.
    pub weight: f32,
    /// The part of the batch that it works on; see [`Batch::part`].
    pub part: usize,
    /// Where the objective compares with a slowly moving copy of encoder and head.
    pub teacher: Option<Teacher>,
    /// A second encoder whose outputs stand behind the first one's rows, where the objective compares two modalities.
    pub partner: Option<Partner>,
}

impl Head {
    /// A head on the batch itself, without a teacher.
    pub fn new(network: Option<Network>, objective: Box<dyn Objective>, weight: f32) -> Self {
        Self {
            network,
            objective,
            weight,
            part: 0,
            teacher: None,
            partner: None,
        }
    }

    /// Encoders beside the one that ships, which take its part of the batch too.
    fn encoders(&mut self) -> impl Iterator<Item = &mut Network> {
        let teacher = self.teacher.as_mut().map(Teacher::encoder_mut);
        teacher
            .into_iter()
            .chain(self.partner.as_mut().map(|partner| &mut partner.encoder))
    }
}

/// What a run is made of, apart from networks and data.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Recipe {
    /// How gradients move parameters.
    pub rule: Rule,
    /// Decay of weights.
    pub weight_decay: f32,
    /// The learning rate at each step.
    pub schedule: Schedule,
    /// Times that all windows are seen.
    pub epochs: u64,
    /// Decides every view.
    pub seed: u64,
    /// Longest gradient, over all networks; `None` lets any pass.
    pub clip: Option<f32>,
    /// Parts in which the encoder takes a batch, to spare memory; 1 takes it whole. See
    /// [`Network::forward_in_parts`].
    pub accumulate: usize,
}

/// A run: networks, optimizers, and how far it is.
pub struct Pretraining {
    /// The network that ships.
    pub encoder: Network,
    /// The objectives; their weighted losses add up.
    pub heads: Vec<Head>,
    /// What was asked for.
    pub recipe: Recipe,
    /// The encoder's optimizer, then one for each head, then one for each network of partners.
    pub optimizers: Vec<Optimizer>,
    /// Steps done, over all epochs.
    pub done: u64,
    world: Arc<dyn World>,
}

/// What a callback learns of one step.
#[derive(Clone, PartialEq, Debug)]
pub struct Progress {
    /// From 0.
    pub epoch: u64,
    /// Within the epoch, from 0.
    pub step: u64,
    /// Steps in an epoch.
    pub steps: u64,
    /// Weighted sum over heads.
    pub loss: f64,
    /// Loss of each head, before its weight.
    pub losses: Vec<f64>,
    /// Learning rate.
    pub rate: f32,
    /// Length of the gradient over all networks, before clipping.
    pub gradient_norm: f64,
    /// How often each head found the right answer, 0 to 1, where its objective asks a question.
    pub accuracies: Vec<Option<f64>>,
    /// How unsure the first head was that asks for symbols; see [`Objective::perplexity`].
    pub perplexity: Option<f64>,
    /// Rows of the batch.
    pub rows: usize,
    /// Seconds since the step before, waiting for views included.
    pub seconds: f64,
}

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// All epochs are done.
    Finished,
    /// The flag was raised; the last step is complete and [`Pretraining::run`] would go on from it.
    Cancelled,
}

/// Why a run stopped early.
#[derive(thiserror::Error, Clone, PartialEq, Debug)]
pub enum TrainError {
    /// The data does not suit an objective.
    #[error(transparent)]
    Objective(#[from] ObjectiveError),
    /// The data does not suit the encoder.
    #[error(
        "the data gave {found} values for {rows} rows, but the encoder takes {expected} values a row"
    )]
    Input {
        /// Values in the batch.
        found: usize,
        /// Rows of the batch.
        rows: usize,
        /// Values of one input.
        expected: usize,
    },
    /// The batch cannot be shared.
    #[error(
        "{rows} rows at once are cut into {chunks} chunks, which {processes} processes cannot share evenly; start as \
         many as divide {chunks}, or change schedule.batch"
    )]
    Uneven {
        /// Rows of the batch, or of a part of it.
        rows: usize,
        /// Its chunks.
        chunks: usize,
        /// Processes that train together.
        processes: usize,
    },
    /// A number is infinite or not a number.
    #[error(
        "step {step}: {place} is not finite; lower the learning rate or look for such values in the data"
    )]
    NotFinite {
        /// Step, counted over the whole run.
        step: u64,
        /// What was first found to be so, such as `the output of layer 3 (conv2d) of the encoder`.
        place: String,
    },
}

impl Pretraining {
    /// A run that has not begun.
    pub fn new(encoder: Network, heads: Vec<Head>, recipe: Recipe) -> Self {
        let optimizer = Optimizer::new(recipe.rule, recipe.weight_decay);
        let partners = heads.iter().filter_map(|head| head.partner.as_ref());
        let further: usize = partners.map(|partner| partner.networks().count()).sum();
        let optimizers = vec![optimizer; 1 + heads.len() + further];
        Self {
            encoder,
            heads,
            recipe,
            optimizers,
            done: 0,
            world: alone(),
        }
    }

    /// Shares the work of every step with the other processes of `world`: each computes a part of the batch's
    /// embeddings and gradients, and all see the losses of the whole. All must train the same on the same data.
    pub fn share(&mut self, world: &Arc<dyn World>) {
        self.world = world.clone();
        self.encoder.share(world);
        for head in &mut self.heads {
            head.encoders().for_each(|encoder| encoder.share(world));
        }
    }

    /// Runs from where it stands to the end, or until `cancel` is raised, and tells `watch` of every step (after it;
    /// `watch` may look at the networks). The next step's views are made while this one is computed.
    ///
    /// # Errors
    /// If the data does not suit, or a number ceases to be finite.
    pub fn run(
        &mut self,
        views: &dyn Views,
        cancel: &AtomicBool,
        mut watch: impl FnMut(&Self, &Progress),
    ) -> Result<Outcome, TrainError> {
        let (steps, seed) = (views.steps().max(1), self.recipe.seed);
        let total = self.recipe.epochs * steps;
        let (mut batch, mut next) = (Batch::default(), Batch::default());
        let mut before = Instant::now();
        let fill = |at: u64, batch: &mut Batch| {
            if at < total {
                views.fill(seed, at / steps, at % steps, batch);
            }
        };
        fill(self.done, &mut batch);
        while self.done < total {
            if self.world.any(cancel.load(Ordering::Relaxed)) {
                return Ok(Outcome::Cancelled);
            }
            let at = self.done;
            let (step, ()) = rayon::join(|| self.step(&batch), || fill(at + 1, &mut next));
            let Step {
                losses,
                loss,
                rate,
                gradient_norm,
            } = step?;
            let seconds = before.elapsed().as_secs_f64();
            before = Instant::now();
            let rows = batch.all_rows();
            let accuracies = self.heads.iter().map(|head| head.objective.accuracy());
            let accuracies = accuracies.collect();
            let mut perplexities = self.heads.iter().map(|head| head.objective.perplexity());
            let perplexity = perplexities.find_map(|perplexity| perplexity);
            let progress = Progress {
                epoch: at / steps,
                step: at % steps,
                steps,
                loss,
                losses,
                rate,
                gradient_norm,
                accuracies,
                perplexity,
                rows,
                seconds,
            };
            watch(self, &progress);
            std::mem::swap(&mut batch, &mut next);
        }
        Ok(Outcome::Finished)
    }

    /// Forward, losses, backward and update for one batch.
    ///
    /// # Errors
    /// As [`Self::run`]; parameters are unchanged then.
    pub fn step(&mut self, batch: &Batch) -> Result<Step, TrainError> {
        let (rows, expected) = (batch.all_rows(), self.encoder.input_len());
        let inputs = batch.all_inputs();
        if rows * expected != inputs.len() || rows == 0 {
            return Err(TrainError::Input {
                found: inputs.len(),
                rows,
                expected,
            });
        }
        let parts = self.recipe.accumulate;
        let processes = self.world.size();
        let parted = |head: &mut Head| {
            let rows = batch.part(head.part)?.0.rows();
            head.encoders().next().map(|_| rows)
        };
        let further = self.heads.iter_mut().filter_map(parted);
        let batches = std::iter::once(rows).chain(further);
        for rows in batches.flat_map(|rows| cut(rows, parts).map(|part| part.len())) {
            if let Some(chunks) = Network::uneven(rows, processes) {
                return Err(TrainError::Uneven {
                    rows,
                    chunks,
                    processes,
                });
            }
        }
        let embedding = self.encoder.forward_in_parts(&inputs, parts);
        let dim = embedding.len() / rows;
        let mut gradient = vec![0.0; embedding.len()];
        let (mut losses, mut loss) = (Vec::new(), 0.0);
        let mut slope = Vec::new();
        for head in &mut self.heads {
            let name = head.objective.name();
            let (part, first) = batch.part(head.part).ok_or(ObjectiveError::Part {
                objective: name,
                part: head.part,
                parts: batch.further.len() + 1,
            })?;
            let span = first * dim..(first + part.rows()) * dim;
            let embedding = &embedding[span.clone()];
            if let Some(teacher) = &mut head.teacher {
                head.objective
                    .take_keys(&teacher.project(&part.inputs, parts));
            }
            let (output, width) = match &mut head.network {
                Some(network) => {
                    let width = network.output_len();
                    (network.forward(embedding, Mode::Train), width)
                }
                None => (embedding, dim),
            };
            let own = output.len();
            let both;
            let output = match &mut head.partner {
                Some(partner) => {
                    let expected = partner.encoder.input_len();
                    if part.partner.len() != part.rows() * expected {
                        return Err(TrainError::Input {
                            found: part.partner.len(),
                            rows: part.rows(),
                            expected,
                        });
                    }
                    both = [output, &partner.project(&part.partner, parts)].concat();
                    &both
                }
                None => output,
            };
            slope.resize(output.len(), 0.0);
            let value = head.objective.evaluate(output, width, part, &mut slope)?;
            losses.push(value);
            loss += f64::from(head.weight) * value;
            slope.iter_mut().for_each(|slope| *slope *= head.weight);
            let (own, others) = slope.split_at(own);
            if let Some(partner) = &mut head.partner {
                partner.back(&part.partner, parts, others);
            }
            let back = match &mut head.network {
                Some(network) => {
                    network.backward(own);
                    network.input_gradient()
                }
                None => own,
            };
            gradient[span]
                .iter_mut()
                .zip(back)
                .for_each(|(sum, part)| *sum += part);
        }
        self.encoder.backward_in_parts(&inputs, parts, &gradient);
        let gradient_norm = self
            .networks()
            .map(|network| square(network.gradients()))
            .sum::<f64>()
            .sqrt();
        if !loss.is_finite() || !gradient_norm.is_finite() {
            return Err(TrainError::NotFinite {
                step: self.done,
                place: self.not_finite(&inputs),
            });
        }
        let scale = self.recipe.clip.map_or(1.0, |clip| {
            (f64::from(clip) / gradient_norm.max(1e-12)).min(1.0) as f32
        });
        let rate = self.recipe.schedule.rate(self.done);
        let (mut heads, mut partners) = (Vec::new(), Vec::new());
        for head in &mut self.heads {
            heads.push(head.network.as_mut());
            let networks = head.partner.iter_mut().flat_map(Partner::networks_mut);
            partners.extend(networks.map(Some));
        }
        for (network, optimizer) in std::iter::once(Some(&mut self.encoder))
            .chain(heads)
            .chain(partners)
            .zip(&mut self.optimizers)
        {
            if let Some(network) = network {
                optimizer.step(network, rate, scale);
            }
        }
        for head in &mut self.heads {
            if let Some(teacher) = &mut head.teacher {
                teacher.follow(&self.encoder, head.network.as_ref());
            }
        }
        self.done += 1;
        Ok(Step {
            losses,
            loss,
            rate,
            gradient_norm,
        })
    }

    /// The encoder, then the heads' networks, then those of partners.
    pub(super) fn networks(&self) -> impl Iterator<Item = &Network> {
        let partners = self.heads.iter().filter_map(|head| head.partner.as_ref());
        std::iter::once(&self.encoder)
            .chain(self.heads.iter().filter_map(|head| head.network.as_ref()))
            .chain(partners.flat_map(Partner::networks))
    }

    /// Where the trouble began.
    fn not_finite(&mut self, inputs: &[f32]) -> String {
        if inputs.iter().any(|x| !x.is_finite()) {
            return "a value of the data".into();
        }
        let (len, parts) = (self.encoder.input_len(), self.recipe.accumulate);
        for rows in cut(inputs.len() / len, parts) {
            if parts > 1 {
                let input = &inputs[rows.start * len..rows.end * len];
                self.encoder.forward(input, Mode::Train);
            }
            if let Some(place) = self.encoder.not_finite_output() {
                return format!("{place} of the encoder");
            }
        }
        let networks = self.heads.iter().filter_map(|head| {
            let name = head.objective.name();
            Some((name, head.network.as_ref()?))
        });
        for (objective, network) in networks {
            let place = network.not_finite_output();
            if let Some(place) = place.or_else(|| network.not_finite_gradient()) {
                return format!("{place} of the head of {objective}");
            }
        }
        let partners = self.heads.iter().filter_map(|head| head.partner.as_ref());
        for network in partners.flat_map(Partner::networks) {
            let place = network.not_finite_output();
            if let Some(place) = place.or_else(|| network.not_finite_gradient()) {
                return format!("{place} of the second encoder or its head");
            }
        }
        self.encoder
            .not_finite_gradient()
            .map_or("the loss".into(), |place| format!("{place} of the encoder"))
    }
}

/// What [`Pretraining::step`] tells; see [`Progress`].
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// Loss of each head, before its weight.
    pub losses: Vec<f64>,
    /// Weighted sum over heads.
    pub loss: f64,
    /// Learning rate.
    pub rate: f32,
    /// Length of the gradient over all networks, before clipping.
    pub gradient_norm: f64,
}

fn square(values: &[f32]) -> f64 {
    values.iter().map(|x| f64::from(*x) * f64::from(*x)).sum()
}
