//! Contrastive predictive coding: which of these windows comes next?
//!
//! van den Oord, Li and Vinyals, *Representation Learning with Contrastive Predictive Coding*, 2018, equation 4. The
//! head gives each row a query `q` and a key `k` of `P` values, which makes the paper's bilinear score one of rank
//! `P`. With `q_i` of a window, `k_i` of the window that follows it some way on in the same recording, and
//! `s_ij = q_i k_j / sqrt(P)`:
//!
//! `loss = mean over i of [ log sum over j of exp(s_ij) - s_ii ]`
//!
//! over all `j` but the other windows of the same recording. With `p` the softmax of `s` over `j`, the gradient with
//! respect to `s_ij` is `(p_ij - [i = j]) / n`. The score is what InfoNCE estimates mutual information by; the
//! context is the window itself, whose encoder sees all of its past.

use super::matrix::{add_times, softmax_rows, times_transposed};
use super::task::{StepWindows, Task};
use super::{Batch, Objective, ObjectiveError, need};
use crate::view::Anchor;
use serde::{Deserialize, Serialize};

/// How far ahead, and by how many values windows are compared.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CpcConfig {
    /// Distance between the starts of a window and of the one to find, in window lengths, 0.01 to 1000.
    pub ahead: f32,
    /// Values of query and key, `P`, 1 to 1024.
    pub width: u16,
}

impl Default for CpcConfig {
    fn default() -> Self {
        Self {
            ahead: 1.0,
            width: 64,
        }
    }
}

/// The first half of the rows are windows, the second those that follow; the first half of each output row is its
/// query, the second its key.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Cpc {
    accuracy: Option<f64>,
}

/// Half of each of `rows` rows of `z`: the queries at 0, the keys at `width / 2`.
fn half(z: &[f32], width: usize, first: usize) -> Vec<f32> {
    let rows = z.chunks_exact(width);
    rows.flat_map(|row| &row[first..first + width / 2])
        .copied()
        .collect()
}

impl Objective for Cpc {
    fn name(&self) -> &'static str {
        "cpc"
    }

    fn accuracy(&self) -> Option<f64> {
        self.accuracy
    }

    fn evaluate(
        &mut self,
        output: &[f32],
        width: usize,
        batch: &Batch,
        gradient: &mut [f32],
    ) -> Result<f64, ObjectiveError> {
        let rows = output.len() / width;
        need("cpc", "rows (an even number)", rows / 2 * 2, batch.rows())?;
        need("cpc", "families", rows, batch.families.len())?;
        let (n, p) = (rows / 2, width / 2);
        let (windows, following) = output.split_at(n * width);
        let (queries, keys) = (half(windows, width, 0), half(following, width, p));
        let mut scores = vec![0.0; n * n];
        times_transposed(&queries, &keys, p, &mut scores);
        let factor = (1.0 / (p as f64).sqrt()) as f32;
        for (at, score) in scores.iter_mut().enumerate() {
            let (i, j) = (at / n, at % n);
            *score = if i != j && batch.families[i] == batch.families[j] {
                f32::NEG_INFINITY
            } else {
                *score * factor
            };
        }
        let (loss, right) = softmax_rows(&mut scores, n, |row| row);
        let share = factor / n as f32;
        for (at, score) in scores.iter_mut().enumerate() {
            *score = share * (*score - f32::from(at / n == at % n));
        }
        let transposed: Vec<f32> = (0..n * n).map(|at| scores[at % n * n + at / n]).collect();
        let (mut to_queries, mut to_keys) = (vec![0.0; n * p], vec![0.0; n * p]);
        add_times(&scores, &keys, p, &mut to_queries);
        add_times(&transposed, &queries, p, &mut to_keys);
        gradient.fill(0.0);
        let (windows, following) = gradient.split_at_mut(n * width);
        for (to, from) in windows
            .chunks_exact_mut(width)
            .zip(to_queries.chunks_exact(p))
        {
            to[..p].copy_from_slice(from);
        }
        for (to, from) in following
            .chunks_exact_mut(width)
            .zip(to_keys.chunks_exact(p))
        {
            to[p..].copy_from_slice(from);
        }
        self.accuracy = Some(right as f64 / n as f64);
        Ok(loss / n as f64)
    }
}

/// Makes the rows: a view of each window, then one of the window that follows. Near the end of a recording both move
/// back; a recording too short for both gives the nearest pair that fits.
pub struct CpcTask {
    /// Distance of the two, in samples.
    pub ahead: usize,
    /// Samples in a window.
    pub length: usize,
}

impl Task for CpcTask {
    fn fill(&mut self, windows: &mut StepWindows<'_, '_>, batch: &mut Batch) {
        let pair = |anchor: &Anchor, samples: usize| {
            let last = samples.saturating_sub(self.length);
            let ahead = self.ahead.min(last);
            let start = anchor.start.min(last - ahead);
            [start, start + ahead].map(|start| Anchor { start, ..*anchor })
        };
        let pairs: Vec<[Anchor; 2]> = windows
            .anchors()
            .iter()
            .map(|anchor| pair(anchor, windows.source.samples(anchor.recording)))
            .collect();
        let half = windows.count() * windows.source.view_len();
        batch.inputs.resize(2 * half, 0.0);
        for (which, out) in batch.inputs.chunks_exact_mut(half.max(1)).enumerate() {
            let anchors: Vec<Anchor> = pairs.iter().map(|pair| pair[which]).collect();
            let (epoch, number) = (windows.epoch, windows.batch);
            windows.source.views_at(&anchors, epoch, number, which, out);
        }
        let recordings = windows.recordings();
        let count = recordings.len() as u32;
        batch.groups.extend((0..count).chain(0..count));
        for _ in 0..2 {
            batch.families.extend_from_slice(&recordings);
        }
    }
}
