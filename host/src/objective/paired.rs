//! Two modalities: what one sensor saw and what another saw at the same time shall be recognised as a pair.
//!
//! Radford et al., *Learning Transferable Visual Models From Natural Language Supervision*, 2021 (CLIP), after Zhang et
//! al., *Contrastive Learning of Medical Visual Representations from Paired Images and Text*, 2020 (ConVIRT). Two
//! encoders, one for each modality, each with a projector of its own. With unit projections `u_i` and `v_i` of window
//! `i` and temperature `t`:
//!
//! `s_ij = u_i v_j / t`
//! `loss = mean over i of [ (log sum over j of exp(s_ij) - s_ii) / 2 + (log sum over j of exp(s_ji) - s_ii) / 2 ]`
//!
//! Other windows of the same recording may be left out of both sums. With `p` the softmax of the rows of `s` and `q`
//! that of its columns, the gradient with respect to `s_ij` is `(p_ij + q_ij - 2 [i = j]) / (2 n)`.

use super::matrix::{add_times, softmax_rows, through_unit_rows, times_transposed, to_unit_rows};
use super::task::{StepWindows, Task};
use super::{Batch, Objective, ObjectiveError, need};
use crate::view::ViewSource;
use serde::{Deserialize, Serialize};

/// The settings.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Paired {
    /// Temperature, 0.01 to 100.
    pub temperature: f32,
    /// Whether other windows of the same recording are left out of the negatives.
    pub exclude_same_recording: bool,
    /// Channels of the second encoder; the first has the others. Without any, the last triad, such as a gyroscope's.
    pub channels: Vec<String>,
}

impl Default for Paired {
    fn default() -> Self {
        Self {
            temperature: 0.2,
            exclude_same_recording: true,
            channels: Vec::new(),
        }
    }
}

/// The loss. The first half of the rows are the first encoder's, the rest the second's, of the same windows.
#[derive(Clone, PartialEq, Debug)]
pub struct Clip {
    temperature: f32,
    exclude: bool,
    accuracy: Option<f64>,
}

impl Clip {
    /// With the settings of `config`.
    pub fn new(config: &Paired) -> Self {
        Self {
            temperature: config.temperature,
            exclude: config.exclude_same_recording,
            accuracy: None,
        }
    }
}

/// `n x n` values with rows and columns exchanged.
fn transposed(matrix: &[f32], n: usize) -> Vec<f32> {
    let column = |at: usize| matrix[at..].iter().step_by(n).copied();
    (0..n).flat_map(column).collect()
}

impl Objective for Clip {
    fn name(&self) -> &'static str {
        "paired"
    }

    fn against_collapse(&self) -> &'static str {
        "raise objective.temperature, or schedule.batch for more negatives, or lower schedule.learning_rate"
    }

    fn evaluate(
        &mut self,
        output: &[f32],
        width: usize,
        batch: &Batch,
        gradient: &mut [f32],
    ) -> Result<f64, ObjectiveError> {
        let n = batch.rows();
        let expected = 2 * n.max(2) * width;
        need("paired", "values of both encoders", expected, output.len())?;
        if !batch.families.is_empty() {
            need("paired", "families", n, batch.families.len())?;
        }
        let (mut first, mut second) = (output[..n * width].to_vec(), output[n * width..].to_vec());
        let [a, b] = [&mut first, &mut second].map(|rows| to_unit_rows(rows, width));
        let mut rows = vec![0.0; n * n];
        times_transposed(&first, &second, width, &mut rows);
        for (at, score) in rows.iter_mut().enumerate() {
            let (i, j) = (at / n, at % n);
            let alike = self.exclude
                && i != j
                && batch
                    .families
                    .get(i)
                    .is_some_and(|f| *f == batch.families[j]);
            *score = if alike {
                f32::NEG_INFINITY
            } else {
                *score / self.temperature
            };
        }
        let mut columns = transposed(&rows, n);
        let (loss, right) = softmax_rows(&mut rows, n, |row| row);
        let (other_loss, other_right) = softmax_rows(&mut columns, n, |row| row);
        let share = 0.5 / (n as f32 * self.temperature);
        let mut columns = transposed(&columns, n);
        for (at, (slope, other)) in columns.iter_mut().zip(&rows).enumerate() {
            let own = if at / n == at % n { 2.0 } else { 0.0 };
            *slope = share * (*slope + other - own);
        }
        gradient.fill(0.0);
        let (to_first, to_second) = gradient.split_at_mut(n * width);
        add_times(&columns, &second, width, to_first);
        add_times(&transposed(&columns, n), &first, width, to_second);
        through_unit_rows(to_first, &first, &a, width);
        through_unit_rows(to_second, &second, &b, width);
        self.accuracy = Some((right + other_right) as f64 / (2 * n) as f64);
        Ok((loss + other_loss) / (2 * n) as f64)
    }

    fn accuracy(&self) -> Option<f64> {
        self.accuracy
    }
}

/// Makes the rows: one view of each window for either encoder, each altered in its own way, so that nothing but what
/// the window shows tells them as a pair.
pub struct PairedTask<'a> {
    /// Windows of the second modality: the same ones.
    pub other: ViewSource<'a>,
}

impl Task for PairedTask<'_> {
    fn fill(&mut self, windows: &mut StepWindows<'_, '_>, batch: &mut Batch) {
        let anchors = windows.anchors().to_vec();
        let (epoch, number) = (windows.epoch, windows.batch);
        let count = anchors.len();
        let len = windows.source.view_len();
        batch.inputs.resize(count * len, 0.0);
        windows
            .source
            .views_at(&anchors, epoch, number, 0, &mut batch.inputs);
        batch.partner.resize(count * self.other.view_len(), 0.0);
        self.other
            .views_at(&anchors, epoch, number, 1, &mut batch.partner);
        batch.groups.extend(0..count as u32);
        batch.families.extend(windows.recordings());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::random::SplitMix;

    fn batch(n: u32) -> Batch {
        Batch {
            groups: (0..n).collect(),
            families: (0..n).map(|row| row / 2).collect(),
            ..Batch::default()
        }
    }

    fn loss(z: &[f32], width: usize) -> (f64, Vec<f32>, Option<f64>) {
        let mut clip = Clip::new(&Paired::default());
        let mut gradient = vec![9.0; z.len()];
        let batch = batch((z.len() / width / 2) as u32);
        let loss = clip.evaluate(z, width, &batch, &mut gradient).unwrap();
        (loss, gradient, clip.accuracy())
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        let mut random = SplitMix::new(2, 0);
        let z: Vec<f32> = (0..12 * 5).map(|_| random.normal()).collect();
        let gradient = loss(&z, 5).1;
        for at in 0..z.len() {
            let moved = |by: f32| {
                let mut z = z.clone();
                z[at] += by;
                loss(&z, 5).0
            };
            let slope = (moved(1e-3) - moved(-1e-3)) / 2e-3;
            let found = f64::from(gradient[at]);
            assert!((slope - found).abs() < 2e-3, "{at}: {slope} {found}");
        }
    }

    #[test]
    fn pairs_that_agree_are_found_and_one_recording_is_no_negative_of_itself() {
        let (n, width) = (4, 4);
        let eye: Vec<f32> = (0..n * width)
            .map(|at| f32::from(at / width == at % width))
            .collect();
        let (good, _, right) = loss(&[eye.clone(), eye.clone()].concat(), width);
        assert!(good < 0.02 && right == Some(1.0), "{good}");
        // Exchanged with a window of another recording, all are wrong; within a recording, nobody is asked.
        let mut turned = eye.clone();
        turned.rotate_left(2 * width);
        let (bad, _, right) = loss(&[eye.clone(), turned].concat(), width);
        assert!(bad > 4.0 && right == Some(0.0), "{bad}");
        let all: Vec<f32> = vec![1.0; 2 * n * width];
        let (even, _, _) = loss(&all, width);
        assert!((even - 3f64.ln()).abs() < 1e-6, "{even}");
    }

    #[test]
    fn a_missing_half_is_named() {
        let mut clip = Clip::new(&Paired::default());
        let error = clip.evaluate(&[1.0; 12], 3, &batch(4), &mut [0.0; 12]);
        let message = error.unwrap_err().to_string();
        assert!(
            message.contains("paired needs 24 values of both"),
            "{message}"
        );
    }
}
