//! The linear probe: softmax regression, one step of gradient descent at a time.

use super::{
    Label, Labels, Learner, Normalisation, Prediction, ProbeError,
    nearness::Nearness,
    random::Random,
    replay::{Example, Replay},
    sum,
};
use crate::snapshot::{Layout, Reader, SnapshotError, State, Writer, size};

/// How a [`Softmax`] probe learns. [`Softmax::new`] moves values out of range into it; NaN becomes
/// the lower end.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct SoftmaxOptions {
    /// Scaling of embeddings; the default rate is meant for `L2`.
    pub normalisation: Normalisation,
    /// Learning rate, in `1e-6..=10`. For embeddings not of length 1, divide by their mean squared
    /// length.
    pub rate: f32,
    /// Share of the last update kept in the next, in `0..=0.99`.
    pub momentum: f32,
    /// Pull of the weights (not the biases) towards 0, in `0..=0.1`.
    pub weight_decay: f32,
    /// Logit that a new label's weights give its first embedding, before the first step; in
    /// `0..=100`. With 0 weights start at 0.
    pub imprint: f32,
    /// Examples drawn from the reservoir for each step, beside the new one.
    pub replayed: u16,
    /// Seed of the reservoir's choices.
    pub seed: u32,
}

impl SoftmaxOptions {
    /// What serves most embeddings of length 1.
    pub const DEFAULT: Self = Self {
        normalisation: Normalisation::L2,
        rate: 0.5,
        momentum: 0.9,
        weight_decay: 1e-4,
        imprint: 4.0,
        replayed: 8,
        seed: 1,
    };

    const fn into_range(mut self) -> Self {
        self.rate = into_range(self.rate, 1e-6, 10.0);
        self.momentum = into_range(self.momentum, 0.0, 0.99);
        self.weight_decay = into_range(self.weight_decay, 0.0, 0.1);
        self.imprint = into_range(self.imprint, 0.0, 100.0);
        self
    }
}

impl Default for SoftmaxOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}

const fn into_range(x: f32, low: f32, high: f32) -> f32 {
    if x.is_nan() { low } else { x.clamp(low, high) }
}

/// One weight vector and bias a label, and their momentum.
#[derive(Clone, PartialEq, Debug)]
struct Row<const D: usize> {
    pub weights: [f32; D],
    pub bias: f32,
    pub weight_velocity: [f32; D],
    pub bias_velocity: f32,
}

impl<const D: usize> Row<D> {
    const ZERO: Self = Self {
        weights: [0.0; D],
        bias: 0.0,
        weight_velocity: [0.0; D],
        bias_velocity: 0.0,
    };
}

/// Softmax regression by stochastic gradient descent with momentum, weight decay and replay.
///
/// Each `learn` is one step on the mean cross-entropy of the new embedding and up to
/// [`SoftmaxOptions::replayed`] examples drawn from a class-balanced reservoir of `R` embeddings in
/// int8. The step is PyTorch's `SGD`: `v = momentum * v + gradient + weight_decay * w; w -= rate * v`.
/// The weights of a new label start as its first embedding (imprinting; Qi, Brown and Lowe, *Low-Shot
/// Learning with Imprinted Weights*, 2018), so that one embedding a label is enough to begin with.
/// [`Softmax::rehearse`] makes further steps on the reservoir alone, for instance while idle.
///
/// An embedding is unknown when even the nearest example in the reservoir is unusually far; with
/// `R = 0` nothing is.
///
/// Forgetting a label clears its weights and examples; the weights of other labels, which were
/// learned against it, adapt by replay.
///
/// RAM: `L (8 D + 48) + R (D + 3 rounded up to even) + 30` bytes, rounded up to 4; `R <= 65535`.
#[derive(Clone, PartialEq, Debug)]
pub struct Softmax<const D: usize, const L: usize, const R: usize> {
    labels: Labels<L>,
    rows: [Row<D>; L],
    replay: Replay<D, R>,
    random: Random,
    nearness: Nearness<L>,
    options: SoftmaxOptions,
}

impl<const D: usize, const L: usize, const R: usize> Softmax<D, L, R> {
    /// No labels.
    pub const fn new(options: SoftmaxOptions) -> Self {
        Self {
            labels: Labels::new(),
            rows: [Row::ZERO; L],
            replay: Replay::new(),
            random: Random::new(options.seed),
            nearness: Nearness::new(),
            options: options.into_range(),
        }
    }

    /// The options in use.
    pub const fn options(&self) -> &SoftmaxOptions {
        &self.options
    }

    /// Embeddings in the reservoir, `0..=R`.
    pub fn replay_len(&self) -> usize {
        self.replay.examples.len()
    }

    /// Makes `steps` steps, each on [`SoftmaxOptions::replayed`] + 1 examples of the reservoir.
    /// Does nothing while the reservoir is empty.
    pub fn rehearse(&mut self, steps: u32) {
        for _ in 0..steps {
            let Some(first) = self.replay.draw(&mut self.random) else {
                return;
            };
            let (x, label) = (first.embedding(), first.label);
            self.step(&x, label);
        }
    }

    /// Sets the weights of `label` so that `x` has the logit [`SoftmaxOptions::imprint`].
    fn imprint(&mut self, x: &[f32; D], label: Label) {
        let square = sum::dot(x, x);
        if square >= f32::MIN_POSITIVE
            && let Some(row) = self.rows.get_mut(label.index())
        {
            let factor = self.options.imprint / square;
            row.weights = x.map(|x| x * factor);
        }
    }

    /// One step on `x` and examples of the reservoir.
    fn step(&mut self, x: &[f32; D], label: Label) {
        let SoftmaxOptions {
            rate,
            momentum,
            weight_decay,
            replayed,
            ..
        } = self.options;
        for row in &mut self.rows {
            row.weight_velocity.iter_mut().for_each(|v| *v *= momentum);
            row.bias_velocity *= momentum;
        }
        let replayed = if self.replay.examples.is_empty() {
            0
        } else {
            replayed
        };
        let share = 1.0 / (f32::from(replayed) + 1.0);
        self.add_gradient(x, label, share);
        for _ in 0..replayed {
            if let Some(example) = self.replay.draw(&mut self.random) {
                let (x, label) = (example.embedding(), example.label);
                self.add_gradient(&x, label, share);
            }
        }
        for (label, _) in self.labels.known() {
            let Some(row) = self.rows.get_mut(label.index()) else {
                continue;
            };
            for (w, v) in row.weights.iter_mut().zip(&mut row.weight_velocity) {
                *v += weight_decay * *w;
                *w -= rate * *v;
            }
            row.bias -= rate * row.bias_velocity;
        }
    }

    /// Adds `share` of the gradient of the cross-entropy at `x` to the velocities.
    fn add_gradient(&mut self, x: &[f32; D], target: Label, share: f32) {
        let mut probabilities = self.scores(x);
        softmax(&mut probabilities);
        for ((label, row), p) in (0..=u8::MAX)
            .map(Label)
            .zip(&mut self.rows)
            .zip(probabilities)
        {
            let error = if label == target { p - 1.0 } else { p };
            let factor = share * error;
            row.weight_velocity
                .iter_mut()
                .zip(x)
                .for_each(|(v, x)| *v += factor * x);
            row.bias_velocity += factor;
        }
    }

    /// `w x + b` of each label learned, negative infinity for others; `x` is normalised.
    fn scores(&self, x: &[f32; D]) -> [f32; L] {
        let mut scores = [f32::NEG_INFINITY; L];
        for (label, _) in self.labels.known() {
            if let (Some(row), Some(score)) =
                (self.rows.get(label.index()), scores.get_mut(label.index()))
            {
                *score = sum::dot(&row.weights, x) + row.bias;
            }
        }
        scores
    }

    /// Squared distance to the nearest example, of `label` or of any.
    fn nearest(&self, x: &[f32; D], label: Option<Label>) -> Option<f32> {
        let mut nearest = None;
        for example in &self.replay.examples {
            if label.is_none_or(|label| label == example.label) {
                let distance = sum::squared_distance(x, &example.embedding());
                if nearest.is_none_or(|n| distance < n) {
                    nearest = Some(distance);
                }
            }
        }
        nearest
    }
}

/// Turns logits into probabilities in place; negative infinity becomes 0.
fn softmax<const L: usize>(logits: &mut [f32; L]) {
    let top = logits
        .iter()
        .fold(f32::NEG_INFINITY, |max, &x| if x > max { x } else { max });
    if top == f32::NEG_INFINITY {
        *logits = [0.0; L];
        return;
    }
    let mut sum = 0.0f32;
    for x in logits.iter_mut() {
        *x = libm::expf(*x - top);
        sum += *x;
    }
    logits.iter_mut().for_each(|x| *x /= sum);
}

impl<const D: usize, const L: usize, const R: usize> Learner<D, L> for Softmax<D, L, R> {
    fn labels(&self) -> &Labels<L> {
        &self.labels
    }

    fn add_label(&mut self, name: &str) -> Result<Label, ProbeError> {
        self.labels.add(name)
    }

    fn rename(&mut self, label: Label, name: &str) -> Result<(), ProbeError> {
        self.labels.rename(label, name)
    }

    fn forget(&mut self, label: Label) -> Result<(), ProbeError> {
        self.labels.forget(label)?;
        self.nearness.forget(label);
        self.replay.forget(label);
        if let Some(row) = self.rows.get_mut(label.index()) {
            *row = Row::ZERO;
        }
        Ok(())
    }

    fn learn(&mut self, embedding: &[f32; D], label: Label) -> Result<(), ProbeError> {
        self.labels.check(label)?;
        let x = self.options.normalisation.apply(embedding)?;
        if let Some(distance) = self.nearest(&x, Some(label)) {
            self.nearness.observe(label, distance);
        }
        let seen = self.labels.count(label)?;
        if seen == 1 {
            self.imprint(&x, label);
        }
        self.step(&x, label);
        self.replay
            .offer::<L>(Example::new(&x, label), seen, &mut self.random);
        Ok(())
    }

    fn predict(&self, embedding: &[f32; D]) -> Result<Prediction, ProbeError> {
        let x = self.options.normalisation.apply(embedding)?;
        let novelty = self
            .nearest(&x, None)
            .map_or(0.0, |d| self.nearness.usual().novelty(d));
        Prediction::from_logits(&self.scores(&x), novelty)
    }

    fn logits(&self, embedding: &[f32; D]) -> Result<[f32; L], ProbeError> {
        let x = self.options.normalisation.apply(embedding)?;
        if self.labels.total_learned() == 0 {
            return Err(ProbeError::NothingLearned);
        }
        Ok(self.scores(&x))
    }
}

impl<const D: usize, const L: usize, const R: usize> State for Softmax<D, L, R> {
    fn layout(&self) -> Layout {
        Layout {
            learner: 3,
            normalisation: self.options.normalisation.code(),
            d: size(D),
            l: size(L),
            r: size(R),
        }
    }

    fn save(&self, writer: &mut Writer<'_>) {
        for (label, row) in Labels::<L>::places().zip(&self.rows) {
            if self.labels.save(label, writer) > 0 {
                self.nearness.save(label, writer);
                writer.vector(&row.weights);
                writer.vector(&row.weight_velocity);
                writer.f32(row.bias);
                writer.f32(row.bias_velocity);
            }
        }
        self.random.save(writer);
        self.replay.save(writer);
    }

    fn load(&mut self, reader: &mut Reader<'_>) -> Result<(), SnapshotError> {
        for (label, row) in Labels::<L>::places().zip(&mut self.rows) {
            if self.labels.load(label, reader)? > 0 {
                self.nearness.load(label, reader)?;
                reader.vector(&mut row.weights)?;
                reader.vector(&mut row.weight_velocity)?;
                row.bias = reader.f32(row.bias)?;
                row.bias_velocity = reader.f32(row.bias_velocity)?;
            } else if reader.writes() {
                self.nearness.forget(label);
                *row = Row::ZERO;
            }
        }
        self.random.load(reader)?;
        self.replay.load(L, reader)
    }
}
