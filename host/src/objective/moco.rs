//! MoCo: tell a window's key from those of earlier steps, made by a slowly moving copy of the encoder.
//!
//! He et al., *Momentum Contrast for Unsupervised Visual Representation Learning*, 2020, equation 1, with the
//! projector and the stronger views of Chen et al., *Improved Baselines with Momentum Contrastive Learning*, 2020.
//! With unit query `q_i` of row `i`, unit key `k_i` that the momentum encoder makes of the other view of the same
//! window, unit keys `n_j` in the queue and temperature `t`:
//!
//! `loss = mean over i of [ log( exp(q_i k_i / t) + sum over j of exp(q_i n_j / t) ) - q_i k_i / t ]`
//!
//! Each view is query once and key once. With `p` the softmax over key and queue, the gradient with respect to
//! `q_i` is `1 / (rows t) * ( (p_k - 1) k_i + sum over j of p_j n_j )`; keys have none.
//!
//! The momentum encoder normalises by the statistics of its own batch, as the paper's does; on one machine there
//! is nothing to shuffle them between.

use super::matrix::{add_times, softmax_rows, through_unit_rows, times_transposed, to_unit_rows};
use super::{Batch, Memory, Objective, ObjectiveError, need};
use crate::train::random::SplitMix;
use serde::{Deserialize, Serialize};

/// The settings, as in MoCo v2 but for sizes.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MocoConfig {
    /// Temperature, 0.01 to 100.
    pub temperature: f32,
    /// Keys in the queue, 1 to 65536; the oldest leave first.
    pub queue: usize,
    /// How much of the momentum encoder each step keeps, 0 to 1.
    pub momentum: f32,
    /// Whether keys of the same recording are left out of the negatives: they often show the same movement.
    pub exclude_same_recording: bool,
}

impl Default for MocoConfig {
    fn default() -> Self {
        Self {
            temperature: 0.2,
            queue: 2048,
            momentum: 0.99,
            exclude_same_recording: true,
        }
    }
}

/// The family of the random keys that fill the queue at first.
const NOBODY: u32 = u32::MAX;

/// The objective and its queue.
pub struct Moco {
    config: MocoConfig,
    /// Decides the keys before the first step.
    seed: u64,
    /// Unit keys, `queue x P`; a ring.
    queue: Vec<f32>,
    /// The family of each key in the queue.
    families: Vec<u32>,
    /// Where the next key goes.
    next: usize,
    /// Unit keys of this step's rows.
    keys: Vec<f32>,
    accuracy: Option<f64>,
}

impl Moco {
    /// An empty queue, which the first step fills with random keys from `seed`.
    pub fn new(config: MocoConfig, seed: u64) -> Self {
        Self {
            config,
            seed,
            queue: Vec::new(),
            families: Vec::new(),
            next: 0,
            keys: Vec::new(),
            accuracy: None,
        }
    }

    fn start(&mut self, width: usize) {
        let length = self.config.queue;
        if self.queue.len() != length * width {
            let mut random = SplitMix::new(self.seed, 1);
            self.queue = (0..length * width).map(|_| random.normal()).collect();
            to_unit_rows(&mut self.queue, width);
            self.families = vec![NOBODY; length];
            self.next = 0;
        }
    }

    /// Puts this step's keys in the place of the oldest.
    fn enqueue(&mut self, width: usize, batch: &Batch) {
        for (row, key) in self.keys.chunks_exact(width).enumerate() {
            self.queue[self.next * width..][..width].copy_from_slice(key);
            self.families[self.next] = batch.families.get(row).copied().unwrap_or(NOBODY);
            self.next = (self.next + 1) % self.config.queue;
        }
    }
}

impl Objective for Moco {
    fn name(&self) -> &'static str {
        "moco"
    }

    fn take_keys(&mut self, keys: &[f32]) {
        self.keys.clear();
        self.keys.extend_from_slice(keys);
    }

    fn memory(&self) -> Memory {
        let mut numbers = self.families.clone();
        numbers.push(self.next as u32);
        Memory {
            values: self.queue.clone(),
            numbers,
        }
    }

    fn remember(&mut self, mut memory: Memory) {
        let length = self.config.queue;
        let next = memory.numbers.pop().map_or(length, |next| next as usize);
        if memory.numbers.len() == length && next < length {
            self.queue = memory.values;
            self.families = memory.numbers;
            self.next = next;
        }
    }

    fn accuracy(&self) -> Option<f64> {
        self.accuracy
    }

    fn against_collapse(&self) -> &'static str {
        "raise objective.queue for more negatives, or objective.temperature, or lower schedule.learning_rate"
    }

    fn evaluate(
        &mut self,
        output: &[f32],
        width: usize,
        batch: &Batch,
        gradient: &mut [f32],
    ) -> Result<f64, ObjectiveError> {
        let rows = output.len() / width;
        need("moco", "rows (an even number)", rows / 2 * 2, batch.rows())?;
        need("moco", "values of keys", output.len(), self.keys.len())?;
        if !batch.families.is_empty() {
            need("moco", "families", rows, batch.families.len())?;
        }
        self.start(width);
        to_unit_rows(&mut self.keys, width);
        let mut unit = output.to_vec();
        let inverse = to_unit_rows(&mut unit, width);
        // The key of a row is that of the other view, half the rows away.
        let positive = |row: usize| &self.keys[(row + rows / 2) % rows * width..][..width];
        let (length, factor) = (self.config.queue, 1.0 / self.config.temperature);
        let mut similarities = vec![0.0; rows * length];
        times_transposed(&unit, &self.queue, width, &mut similarities);
        let mut logits = Vec::with_capacity(rows * (length + 1));
        for (row, similarities) in similarities.chunks_exact(length).enumerate() {
            let own = &unit[row * width..][..width];
            let dot: f32 = own.iter().zip(positive(row)).map(|(q, k)| q * k).sum();
            logits.push(factor * dot);
            let family = batch
                .families
                .get(row)
                .filter(|_| self.config.exclude_same_recording);
            logits.extend(similarities.iter().zip(&self.families).map(|(s, other)| {
                if family == Some(other) {
                    f32::NEG_INFINITY
                } else {
                    factor * s
                }
            }));
        }
        let (loss, right) = softmax_rows(&mut logits, length + 1, |_| 0);
        let share = factor / rows as f32;
        gradient.fill(0.0);
        for (row, shares) in logits.chunks_exact(length + 1).enumerate() {
            let pull = share * (shares[0] - 1.0);
            let gradient = &mut gradient[row * width..][..width];
            for (g, k) in gradient.iter_mut().zip(positive(row)) {
                *g = pull * k;
            }
            for (to, from) in similarities[row * length..][..length]
                .iter_mut()
                .zip(&shares[1..])
            {
                *to = share * from;
            }
        }
        add_times(&similarities, &self.queue, width, gradient);
        through_unit_rows(gradient, &unit, &inverse, width);
        self.accuracy = Some(right as f64 / rows as f64);
        self.enqueue(width, batch);
        Ok(loss / rows as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(len: usize, stream: u64) -> Vec<f32> {
        let mut random = SplitMix::new(3, stream);
        (0..len).map(|_| random.normal()).collect()
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        let (rows, width) = (6, 5);
        let (z, keys) = (random(rows * width, 0), random(rows * width, 1));
        let batch = Batch {
            groups: vec![0, 1, 2, 0, 1, 2],
            ..Batch::default()
        };
        let loss = |z: &[f32]| {
            let config = MocoConfig {
                queue: 20,
                ..MocoConfig::default()
            };
            let mut moco = Moco::new(config, 8);
            moco.take_keys(&keys);
            let mut gradient = vec![0.0; z.len()];
            (
                moco.evaluate(z, width, &batch, &mut gradient).unwrap(),
                gradient,
            )
        };
        let gradient = loss(&z).1;
        for at in 0..z.len() {
            let moved = |by: f32| {
                let mut z = z.clone();
                z[at] += by;
                loss(&z).0
            };
            let slope = (moved(1e-3) - moved(-1e-3)) / 2e-3;
            assert!(
                (slope - f64::from(gradient[at])).abs() < 2e-3,
                "{at}: {slope} {}",
                gradient[at]
            );
        }
    }

    #[test]
    fn the_oldest_keys_leave_and_a_recording_is_no_negative_of_itself() {
        let (rows, width) = (4, 3);
        let batch = Batch {
            groups: vec![0, 1, 0, 1],
            families: vec![7, 7, 7, 7],
            ..Batch::default()
        };
        let config = MocoConfig {
            queue: 6,
            ..MocoConfig::default()
        };
        let mut moco = Moco::new(config, 1);
        let z = random(rows * width, 0);
        let mut gradient = vec![0.0; z.len()];
        let mut step = |moco: &mut Moco| {
            moco.take_keys(&z);
            moco.evaluate(&z, width, &batch, &mut gradient).unwrap()
        };
        step(&mut moco);
        assert_eq!(moco.families, [7, 7, 7, 7, NOBODY, NOBODY]);
        step(&mut moco);
        assert_eq!((moco.families.clone(), moco.next), (vec![7; 6], 2));
        // Nothing is left to tell the key from.
        assert_eq!(step(&mut moco), 0.0);
        assert_eq!(moco.accuracy(), Some(1.0));
        moco.take_keys(&[]);
        assert!(moco.evaluate(&z, width, &batch, &mut gradient).is_err());
    }
}
