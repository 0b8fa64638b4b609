//! NT-Xent, the contrastive loss of SimCLR, with any number of positives.
//!
//! Chen et al., *A Simple Framework for Contrastive Learning of Visual Representations*, 2020, equation 1; with
//! more than one positive the mean over positives lies outside the logarithm, Khosla et al., *Supervised
//! Contrastive Learning*, 2020, equation 2. With `u_i = z_i / |z_i|` and temperature `t`:
//!
//! `loss = mean over i of [ log sum over a in A(i) of exp(u_i u_a / t) - mean over p in P(i) of u_i u_p / t ]`
//!
//! `P(i)` are the other rows of row `i`'s group; `A(i)` all other rows but those of its family that are not
//! of its group. Rows without a positive have no loss, but stand against the others.
//! With `q_ia` the softmax over `A(i)` and `p_ia = [a in P(i)] / |P(i)|`, the gradient with respect to `u_i` is
//! `1 / (n t) * sum over a of (q_ia + q_ai - p_ia - p_ai) u_a`.

use super::{Batch, Objective, ObjectiveError, need};
use crate::train::kernel;
use crate::train::kernel::{Ahead, Convolve, ExpRow, Level, Run, Start, padded};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The settings.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NtXentConfig {
    /// Temperature, 0.025 to 100.
    pub temperature: f32,
    /// Whether other windows of the same recording are left out of the negatives: they often show the same
    /// movement.
    pub exclude_same_recording: bool,
}

impl Default for NtXentConfig {
    fn default() -> Self {
        Self {
            temperature: 0.5,
            exclude_same_recording: true,
        }
    }
}

/// Columns of the similarity matrix that one product computes; their packed rows stay in the first-level cache.
const BLOCK: usize = 64;
/// The first column of block `index` of `count`, and its columns, padded.
fn block(index: usize, count: usize) -> (usize, usize) {
    (index * BLOCK, padded(count - index * BLOCK).min(BLOCK))
}

/// Most chunks of rows.
const CHUNKS: usize = 16;

/// The objective and its working memory: one matrix of `B x B`.
pub struct NtXent {
    temperature: f32,
    /// Whether rows of one family stand against each other all the same.
    all_negatives: bool,
    level: Level,
    /// Rows of unit length, `B x padded(P)`.
    unit: Vec<f32>,
    /// Those in blocks of columns: for each block `P x BLOCK`; the last is narrower.
    columns: Vec<f32>,
    /// `1 / |z|` of each row.
    inverse: Vec<f32>,
    /// `exp((u_i u_a - 1) / t)` within `A(i)`, else 0.
    weights: Vec<f32>,
    /// Loss, and `1 / sum of weights`, of each row; zeros without a positive.
    rows: Vec<[f64; 2]>,
}

impl NtXent {
    /// With temperature `t`, usually 0.1 to 0.5.
    ///
    /// # Errors
    /// Outside `0.025..=100`: below, `exp(-2 / t)` leaves the range of `f32`.
    pub fn new(temperature: f32) -> Result<Self, ObjectiveError> {
        if !(0.025..=100.0).contains(&temperature) {
            return Err(ObjectiveError::Temperature(temperature));
        }
        let none = Vec::new;
        let level = Level::detect();
        Ok(Self {
            temperature,
            all_negatives: false,
            level,
            unit: none(),
            columns: none(),
            inverse: none(),
            weights: none(),
            rows: Vec::new(),
        })
    }

    /// From settings.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn from_config(config: NtXentConfig) -> Result<Self, ObjectiveError> {
        Ok(Self {
            all_negatives: !config.exclude_same_recording,
            ..Self::new(config.temperature)?
        })
    }

    /// Forces the vector instructions to use.
    pub fn set_level(&mut self, level: Level) {
        self.level = level;
    }

    /// Rows of unit length, and again in blocks of columns.
    fn normalize(&mut self, z: &[f32], width: usize) {
        let (count, stride) = (z.len() / width, padded(width));
        self.unit.clear();
        self.unit.resize(count * stride, 0.0);
        self.columns.clear();
        self.columns.resize(padded(count) * width, 0.0);
        self.inverse.clear();
        for (row, (from, to)) in z
            .chunks_exact(width)
            .zip(self.unit.chunks_exact_mut(stride))
            .enumerate()
        {
            let square: f64 = from.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
            let inverse = (1.0 / square.sqrt().max(1e-8)) as f32;
            self.inverse.push(inverse);
            let (first, columns) = block(row / BLOCK, count);
            let packed = &mut self.columns[first * width + row % BLOCK..];
            for (k, (to, x)) in to.iter_mut().zip(from).enumerate() {
                *to = x * inverse;
                packed[k * columns] = *to;
            }
        }
    }
}

impl Objective for NtXent {
    fn name(&self) -> &'static str {
        "nt_xent"
    }

    fn against_collapse(&self) -> &'static str {
        "raise objective.temperature, or schedule.batch for more negatives, or lower schedule.learning_rate"
    }

    fn evaluate(
        &mut self,
        z: &[f32],
        width: usize,
        batch: &Batch,
        gradient: &mut [f32],
    ) -> Result<f64, ObjectiveError> {
        let count = z.len() / width;
        need("nt_xent", "groups", count, batch.groups.len())?;
        if !batch.families.is_empty() {
            need("nt_xent", "families", count, batch.families.len())?;
        }
        let groups = Members::new(&batch.groups);
        let families = !batch.families.is_empty() && !self.all_negatives;
        let families = families.then(|| Members::new(&batch.families));
        self.normalize(z, width);
        let (stride, factor, level) = (padded(width), 1.0 / self.temperature, self.level);
        self.weights.resize(count * count, 0.0);
        self.rows.resize(count, [0.0; 2]);
        let per = count.div_ceil(CHUNKS).max(1);
        let (unit, columns) = (&self.unit, &self.columns);
        let similarities = Run::split([Run {
            input: 0,
            row: 0,
            len: width,
        }]);
        let chunks = self
            .weights
            .par_chunks_mut(per * count.max(1))
            .zip(self.rows.par_chunks_mut(per))
            .enumerate();
        chunks.for_each(|(chunk, (weights, rows))| {
            for index in 0..count.div_ceil(BLOCK) {
                let (first, _) = block(index, count);
                level.run(Convolve {
                    input: &unit[chunk * per * stride..],
                    input_pixel: stride,
                    input_row: 0,
                    output: &mut weights[first..],
                    output_pixel: count,
                    output_row: 0,
                    rows: 1,
                    pixels: rows.len(),
                    channels: BLOCK.min(count - first),
                    weights: &columns[first * width..],
                    runs: &similarities,
                    start: Start::Zero,
                    ahead: Ahead::default(),
                });
            }
            for (at, (weights, row)) in weights.chunks_exact_mut(count).zip(rows).enumerate() {
                let i = chunk * per + at;
                let positives = groups.of(i).iter().filter(|&&p| p as usize != i);
                let similarity: f64 = positives.map(|&p| f64::from(weights[p as usize])).sum();
                let positives = groups.of(i).len() - 1;
                level.run(ExpRow {
                    values: weights,
                    factor,
                });
                weights[i] = 0.0;
                for &a in families.iter().flat_map(|families| families.of(i)) {
                    if batch.groups[a as usize] != batch.groups[i] {
                        weights[a as usize] = 0.0;
                    }
                }
                let sum = kernel::sum(weights);
                *row = if positives == 0 {
                    [0.0; 2]
                } else {
                    let loss =
                        libm::log(sum) + f64::from(factor) * (1.0 - similarity / positives as f64);
                    [loss, 1.0 / sum]
                };
            }
        });
        let counted = self.rows.iter().filter(|row| row[1] > 0.0).count().max(1) as f64;
        let loss = self.rows.iter().map(|row| row[0]).sum::<f64>() / counted;

        // Back: the matrix becomes q_ia + q_ai - p_ia - p_ai, then one product, then through the normalisation.
        let inverses: Vec<f32> = self.rows.iter().map(|row| row[1] as f32).collect();
        let share = (1.0 / (counted * f64::from(self.temperature))) as f32;
        let products = Run::split([Run {
            input: 0,
            row: 0,
            len: count,
        }]);
        let inverse_norms = &self.inverse;
        let chunks = self
            .weights
            .par_chunks_mut(per * count.max(1))
            .zip(gradient.par_chunks_mut(per * width))
            .enumerate();
        chunks.for_each(|(chunk, (weights, gradient))| {
            for (at, weights) in weights.chunks_exact_mut(count).enumerate() {
                let i = chunk * per + at;
                weights
                    .iter_mut()
                    .zip(&inverses)
                    .for_each(|(weight, inverse)| *weight *= inverses[i] + inverse);
                let group = groups.of(i);
                if group.len() > 1 {
                    let positive = 2.0 / (group.len() - 1) as f32;
                    for &p in group.iter().filter(|&&p| p as usize != i) {
                        weights[p as usize] -= positive;
                    }
                }
            }
            level.run(Convolve {
                input: weights,
                input_pixel: count,
                input_row: 0,
                output: gradient,
                output_pixel: width,
                output_row: 0,
                rows: 1,
                pixels: weights.len() / count,
                channels: width,
                weights: unit,
                runs: &products,
                start: Start::Zero,
                ahead: Ahead::default(),
            });
            for (at, gradient) in gradient.chunks_exact_mut(width).enumerate() {
                let i = chunk * per + at;
                let unit = &unit[i * stride..][..width];
                let along: f32 = gradient.iter().zip(unit).map(|(g, u)| g * u).sum();
                let scale = share * inverse_norms[i];
                gradient
                    .iter_mut()
                    .zip(unit)
                    .for_each(|(g, u)| *g = scale * (*g - along * u));
            }
        });
        Ok(loss)
    }
}

/// The rows of each group.
struct Members {
    /// Rows sorted by group.
    order: Vec<u32>,
    /// For each row where its group lies in `order`.
    span: Vec<[u32; 2]>,
}

impl Members {
    fn new(groups: &[u32]) -> Self {
        let mut order: Vec<u32> = (0..groups.len() as u32).collect();
        order.sort_by_key(|&row| groups[row as usize]);
        let mut span = vec![[0; 2]; groups.len()];
        let mut start = 0;
        for members in order.chunk_by(|a, b| groups[*a as usize] == groups[*b as usize]) {
            let end = start + members.len() as u32;
            members
                .iter()
                .for_each(|&row| span[row as usize] = [start, end]);
            start = end;
        }
        Self { order, span }
    }

    /// All rows of `row`'s group, itself among them.
    fn of(&self, row: usize) -> &[u32] {
        let [start, end] = self.span[row];
        &self.order[start as usize..end as usize]
    }
}
