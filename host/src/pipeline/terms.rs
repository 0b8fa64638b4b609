//! From the configured objective to heads behind the encoder and tasks that fill their rows.

use super::experiment::measure;
use super::{Experiment, PipelineError, preset};
use crate::eval::Preparation;
use crate::objective::cpc::{Cpc, CpcTask};
use crate::objective::cross_entropy::{CrossEntropy, Places};
use crate::objective::distillation::{DistillationTask, Regression, Tell};
use crate::objective::gaussian::{Gaussian, NextValueTask};
use crate::objective::masked::MaskedTask;
use crate::objective::masked_symbols::MaskedSymbolsTask;
use crate::objective::moco::Moco;
use crate::objective::mse::Mse;
use crate::objective::next_symbol::NextSymbolTask;
use crate::objective::nt_xent::NtXent;
use crate::objective::order::OrderTask;
use crate::objective::paired::{Clip, Paired, PairedTask};
use crate::objective::rotation::{RotationTask, TURNS};
use crate::objective::smooth_l1::SmoothL1;
use crate::objective::task::{Describe, Pairs, Task};
use crate::objective::{Objective, ObjectiveConfig};
use crate::run::RunConfig;
use crate::train::pretrain::Head;
use crate::train::trained::TrainedEncoder;
use crate::train::{Mode, Network, Partner, Teacher, dense, head};
use crate::view::Anchor;
use mote_core::shape::Shape;
use mote_core::spec::{Activation, Kernel, Op, Padding, Spec};

/// The name of the head that can generate.
pub(super) const NEXT_SYMBOL: &str = "next_symbol";

/// Sets the draws of a second encoder apart from those of the first.
const SECOND: u64 = 0x5ec0_0000;

/// What a training needs beside its encoder.
pub(super) struct Terms<'a> {
    /// One for each objective.
    pub heads: Vec<Head>,
    /// One for each part of a batch.
    pub tasks: Vec<Box<dyn Task + 'a>>,
}

/// Heads and tasks for what `config` aims at; `twin` is the wider encoder to distil, where one was trained.
///
/// # Errors
/// If a head would be too wide, or the encoder does not suit its objective.
pub(super) fn terms<'a>(
    encoder: &Network,
    experiment: &'a Experiment,
    config: &RunConfig,
    twin: Option<&TrainedEncoder>,
) -> Result<Terms<'a>, PipelineError> {
    let mut build = Build {
        twin,
        encoder,
        experiment,
        config,
        pairs: None,
        describe: None,
        heads: Vec::new(),
        tasks: Vec::new(),
    };
    let auxiliary = config.auxiliary.hand_features;
    let hand_features = ObjectiveConfig::HandFeatures(Default::default());
    if auxiliary > 0.0 && hand_features.suits(experiment.dataset.kind).is_err() {
        return Err(PipelineError::Config(format!(
            "auxiliary.hand_features: expected 0 for {}, of which there are none to learn, found {auxiliary}",
            experiment.dataset.kind.name()
        )));
    }
    let auxiliary = (auxiliary > 0.0).then_some((auxiliary, &hand_features));
    for (weight, objective) in config.objective.terms().into_iter().chain(auxiliary) {
        build.term(weight, objective)?;
    }
    let Build {
        heads,
        mut tasks,
        pairs,
        describe,
        ..
    } = build;
    if let Some(at) = pairs {
        tasks[at] = Box::new(Pairs { describe });
    }
    Ok(Terms { heads, tasks })
}

struct Build<'a, 'e> {
    twin: Option<&'e TrainedEncoder>,
    encoder: &'e Network,
    experiment: &'a Experiment,
    config: &'e RunConfig,
    /// The part that holds view pairs, shared by all objectives over pairs.
    pairs: Option<usize>,
    /// What is regressed from them.
    describe: Option<Describe>,
    heads: Vec<Head>,
    tasks: Vec<Box<dyn Task + 'a>>,
}

impl<'a> Build<'a, '_> {
    fn term(&mut self, weight: f32, objective: &ObjectiveConfig) -> Result<(), PipelineError> {
        let seed = self.config.seed;
        let length = self.experiment.windows.length;
        let channels = self.experiment.dataset.width();
        let values = self.encoder.input_len();
        match objective {
            ObjectiveConfig::NtXent(config) => {
                let objective = NtXent::from_config(*config)?;
                self.over_pairs(weight, Box::new(objective), None)
            }
            ObjectiveConfig::Moco(config) => {
                let objective = Moco::new(*config, seed);
                self.over_pairs(weight, Box::new(objective), Some(config.momentum))
            }
            ObjectiveConfig::BarlowTwins(config) => {
                self.over_pairs(weight, Box::new(*config), None)
            }
            ObjectiveConfig::Vicreg(config) => self.over_pairs(weight, Box::new(*config), None),
            ObjectiveConfig::Cpc(config) => {
                let task = CpcTask {
                    ahead: (config.ahead * length as f32).round() as usize,
                    length,
                };
                let widths = [2 * usize::from(config.width)];
                self.with_task(weight, Box::<Cpc>::default(), &widths, Box::new(task))
            }
            ObjectiveConfig::NextValue(config) => {
                let horizon = config.horizon;
                let task = NextValueTask { horizon, length };
                let widths = [2 * horizon * channels];
                self.with_task(weight, Box::new(Gaussian), &widths, Box::new(task))
            }
            ObjectiveConfig::Masked(masked) => {
                let task = MaskedTask {
                    masked: *masked,
                    shape: self.experiment.patched(self.encoder.spec().input),
                    seed,
                };
                let widths = [usize::from(masked.decoder), values];
                self.with_task(weight, Box::new(Mse), &widths, Box::new(task))
            }
            ObjectiveConfig::NextSymbol(_) => {
                causal(self.encoder.spec())?;
                let symbols = self.experiment.dataset.vocabulary.len();
                let layers = [(place(symbols, 0, false), Activation::None)];
                let objective = Box::new(Places::new(NEXT_SYMBOL, symbols));
                self.at_places(weight, objective, &layers, Box::new(NextSymbolTask))
            }
            ObjectiveConfig::MaskedSymbols(masked) => {
                let symbols = self.experiment.dataset.vocabulary.len();
                let layers = [
                    (
                        place(masked.decoder.into(), masked.ahead, true),
                        Activation::Relu,
                    ),
                    (place(symbols, 0, false), Activation::None),
                ];
                let task = MaskedSymbolsTask {
                    masked: *masked,
                    vocabulary: symbols,
                    seed,
                };
                let objective = Box::new(Places::new("masked_symbols", symbols));
                self.at_places(weight, objective, &layers, Box::new(task))
            }
            ObjectiveConfig::Order(order) => {
                let task = OrderTask {
                    order: *order,
                    channels,
                    seed,
                };
                let widths = [order.classes()];
                let objective = Box::<CrossEntropy>::default();
                self.with_task(weight, objective, &widths, Box::new(task))
            }
            ObjectiveConfig::Rotation(_) => {
                let [height, width] = self.experiment.dataset.picture.unwrap_or_default();
                if height != width || height == 0 {
                    return Err(PipelineError::Config(format!(
                        "objective: rotation turns square pictures, found {height} x {width} pixels; cut or scale them \
                         to a square, or choose another objective"
                    )));
                }
                let task = RotationTask {
                    side: usize::from(height),
                    channels,
                };
                let objective = Box::<CrossEntropy>::default();
                self.with_task(weight, objective, &[TURNS], Box::new(task))
            }
            ObjectiveConfig::HandFeatures(_) => {
                let (describe, count) = hand_features(self.experiment)?;
                self.describe = Some(describe);
                let network = self.head(&[count])?;
                let part = self.part_of_pairs();
                self.push(Head {
                    part,
                    ..Head::new(Some(network), Box::new(SmoothL1), weight)
                });
                Ok(())
            }
            ObjectiveConfig::Distillation(config) => {
                let (tell, dim) = self.teacher()?;
                let hidden = usize::from(config.hidden);
                let widths: Vec<usize> = [hidden, dim].into_iter().filter(|w| *w > 0).collect();
                let task = DistillationTask { tell };
                self.with_task(weight, Box::new(Regression), &widths, Box::new(task))
            }
            ObjectiveConfig::Paired(config) => self.paired(weight, config),
            // Terms are never sums themselves; see `ObjectiveConfig::terms`.
            ObjectiveConfig::Combined(_) => Ok(()),
        }
    }

    /// What the teacher says of views, and how many values that is.
    fn teacher(&self) -> Result<(Tell, usize), PipelineError> {
        if let Some(rows) = self.experiment.teacher.clone() {
            let dim = rows.dim;
            let tell: Tell = Box::new(move |anchors, _| {
                let row = |anchor: &Anchor| rows.row(anchor.recording, anchor.start);
                anchors.iter().flat_map(row).copied().collect()
            });
            return Ok((tell, dim));
        }
        let twin = self.twin.ok_or_else(|| {
            PipelineError::Config("objective: distillation needs a teacher, found none".into())
        })?;
        let mut network = Network::load(twin)?;
        let dim = network.output_len();
        let tell: Tell = Box::new(move |_, views| network.forward(views, Mode::Eval).to_vec());
        Ok((tell, dim))
    }

    /// Two encoders, each behind a projector of its own.
    fn paired(&mut self, weight: f32, config: &Paired) -> Result<(), PipelineError> {
        let other = self.experiment.other.as_deref().ok_or_else(|| {
            PipelineError::Config("objective: paired needs a second modality, found one".into())
        })?;
        let partner = self.config.partner(other.dataset.kind);
        let partner = partner.map_err(PipelineError::Config)?;
        if self.config.encoder.spec.is_some() {
            return Err(PipelineError::Config(
                "encoder.spec: expected a preset, which suits either of two encoders, found layers of your own".into(),
            ));
        }
        let spec = preset(&other.dataset, other.windows.length, &partner)?;
        let encoder = Network::new(&spec, self.seed() ^ SECOND)?;
        let mut widths = self.projector();
        let outputs = [self.encoder.spec().output()?, spec.output()?];
        if widths.is_empty() && outputs[0] != outputs[1] {
            widths.push(usize::from(outputs[0].c.min(outputs[1].c)));
        }
        let (mut own, mut others) = (None, None);
        if !widths.is_empty() {
            own = Some(self.head(&widths)?);
            others = Some(self.head_behind(outputs[1], &widths, self.seed() ^ SECOND)?);
        }
        self.tasks.push(Box::new(PairedTask {
            other: other.view_source(&partner)?,
            pairing: self.experiment.pairing.as_ref(),
            seed: self.config.seed,
        }));
        self.push(Head {
            part: self.tasks.len() - 1,
            partner: Some(Partner {
                encoder,
                head: others,
            }),
            ..Head::new(own, Box::new(Clip::new(config)), weight)
        });
        Ok(())
    }

    /// Widths of the configured projector.
    fn projector(&self) -> Vec<usize> {
        let widths = self.config.encoder.projector.iter();
        widths.copied().map(usize::from).collect()
    }

    /// An objective over view pairs, behind the configured projector.
    fn over_pairs(
        &mut self,
        weight: f32,
        objective: Box<dyn Objective>,
        momentum: Option<f32>,
    ) -> Result<(), PipelineError> {
        let widths = self.projector();
        let network = if widths.is_empty() && !self.config.objective.at_places() {
            None
        } else {
            Some(self.head(&widths)?)
        };
        let teacher = momentum
            .map(|momentum| Teacher::new(self.encoder, network.as_ref(), momentum))
            .transpose()?;
        let part = self.part_of_pairs();
        self.push(Head {
            part,
            teacher,
            ..Head::new(network, objective, weight)
        });
        Ok(())
    }

    /// An objective with rows of its own, behind dense layers of `widths`.
    fn with_task(
        &mut self,
        weight: f32,
        objective: Box<dyn Objective>,
        widths: &[usize],
        task: Box<dyn Task + 'a>,
    ) -> Result<(), PipelineError> {
        let network = self.head(widths)?;
        self.tasks.push(task);
        self.push(Head {
            part: self.tasks.len() - 1,
            ..Head::new(Some(network), objective, weight)
        });
        Ok(())
    }

    /// An objective with rows of its own that asks at every place, behind `layers`.
    fn at_places(
        &mut self,
        weight: f32,
        objective: Box<dyn Objective>,
        layers: &[(Op, Activation)],
        task: Box<dyn Task + 'a>,
    ) -> Result<(), PipelineError> {
        let input = self.encoder.spec().output()?;
        let network = head(input, layers, self.seed())?;
        self.tasks.push(task);
        self.push(Head {
            part: self.tasks.len() - 1,
            ..Head::new(Some(network), objective, weight)
        });
        Ok(())
    }

    /// Each head has its own draw of weights.
    fn seed(&self) -> u64 {
        self.config.seed ^ (self.heads.len() as u64 + 1)
    }

    fn push(&mut self, head: Head) {
        self.heads.push(head);
    }

    fn part_of_pairs(&mut self) -> usize {
        *self.pairs.get_or_insert_with(|| {
            self.tasks.push(Box::<Pairs>::default());
            self.tasks.len() - 1
        })
    }

    /// Dense layers behind the embedding.
    fn head(&self, widths: &[usize]) -> Result<Network, PipelineError> {
        self.head_behind(self.encoder.spec().output()?, widths, self.seed())
    }

    /// Dense layers behind an embedding of shape `input`.
    fn head_behind(
        &self,
        input: Shape,
        widths: &[usize],
        seed: u64,
    ) -> Result<Network, PipelineError> {
        let mut all = Vec::new();
        for &width in widths {
            all.push(u16::try_from(width).map_err(|_| {
                PipelineError::Config(format!(
                    "objective: expected a head of at most {} values, found {width}; choose a shorter window \
                     or horizon",
                    u16::MAX
                ))
            })?);
        }
        let mut layers = dense(&all, false);
        if self.config.objective.at_places() {
            // Another term asks at every place, so the embedding is still to be averaged.
            layers.insert(0, (Op::GlobalAvgPool, Activation::None));
        }
        Ok(head(input, &layers, seed)?)
    }
}

/// A convolution to `channels` that reads a place and `ahead` places after it.
fn place(channels: usize, ahead: u8, batch_norm: bool) -> Op {
    Op::Conv2d {
        channels: channels as u16,
        kernel: Kernel::sequence(1 + ahead, 1, Padding::Explicit([0, 0, 0, ahead])),
        batch_norm,
    }
}

/// Checks that no place sees its future.
fn causal(spec: &Spec) -> Result<(), PipelineError> {
    let sees = |kernel: Kernel| kernel.size[1] > 1 && kernel.padding != Padding::Causal;
    let mut layers = spec.layers.iter();
    match layers.position(|layer| layer.op.kernel().is_some_and(sees)) {
        None => Ok(()),
        Some(layer) => Err(PipelineError::Config(format!(
            "encoder.spec: next_symbol needs a causal encoder, as tcn is, but layer {layer} sees its future: give it \
             causal padding"
        ))),
    }
}

/// Computes hand features, scaled over the training windows, and their number.
fn hand_features(experiment: &Experiment) -> Result<(Describe, usize), PipelineError> {
    let measure = measure(&experiment.dataset, experiment.windows.length);
    let training = experiment.split.pool(&experiment.hand_features)?;
    let scale = Preparation::STANDARDISE.fit(&training)?;
    let count = scale.map.dim;
    let describe = move |windows: &[f32]| {
        // Nothing is regressed where a value is not finite; training stops at such a value itself.
        Some(scale.apply(&measure(windows).ok()?).ok()?.values)
    };
    Ok((Box::new(describe), count))
}
