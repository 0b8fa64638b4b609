//! Distillation: say of a window what a larger teacher says of it.
//!
//! Koohpayegani, Tejankar and Pirsiavash, *CompRess: Self-Supervised Learning by Compressing Representations*, 2020, and
//! Fang et al., *SEED: Self-supervised Distillation for Visual Representation*, 2021, compare similarities to a queue;
//! Navaneet et al., *SimReg: Regression as a Simple Yet Effective Tool for Self-supervised Knowledge Distillation*, 2021,
//! found that plain regression of the teacher's embedding, through a head that is thrown away afterwards, is as good.
//! That is what this file does. With `u_i` the head's output for row `i` and `t_i` the teacher's embedding, both scaled to
//! length 1:
//!
//! `loss = mean over i of |u_i - t_i|^2 = mean over i of (2 - 2 u_i t_i)`
//!
//! The gradient with respect to `u_i` is `-2 t_i / rows`; it goes on through the scaling to length 1.
//!
//! A teacher comes from a file, or is a wider twin that is trained first. The twin sees the very view that the encoder
//! sees (Beyer et al., *Knowledge Distillation: A Good Teacher Is Patient and Consistent*, 2022); what a file says of a
//! window is asked of every view of it.

use super::matrix::{through_unit_rows, to_unit_rows};
use super::task::{StepWindows, Task};
use super::{Batch, Objective, ObjectiveConfig, ObjectiveError, need};
use crate::view::Anchor;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The teacher, and what stands between it and the embedding.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Distillation {
    /// File of the teacher's embeddings, `.npy` or `.safetensors`; without it a wider twin is the teacher.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teacher: Option<PathBuf>,
    /// The twin's channels as a multiple of the encoder's, above 0, at most 16.
    pub teacher_width: f32,
    /// Width of the head's hidden layer, 1 to 4096; 0 for a plain linear head.
    pub hidden: u16,
    /// What the twin is trained with.
    pub objective: Box<ObjectiveConfig>,
}

impl Default for Distillation {
    fn default() -> Self {
        Self {
            teacher: None,
            teacher_width: 4.0,
            hidden: 256,
            objective: Box::default(),
        }
    }
}

/// The loss. Reads [`Batch::targets`], `B x width`: the teacher's embeddings.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Regression;

impl Objective for Regression {
    fn name(&self) -> &'static str {
        "distillation"
    }

    fn evaluate(
        &mut self,
        output: &[f32],
        width: usize,
        batch: &Batch,
        gradient: &mut [f32],
    ) -> Result<f64, ObjectiveError> {
        let (given, expected) = (batch.targets.len(), output.len());
        need(self.name(), "values of the teacher", expected, given)?;
        let (mut unit, mut target) = (output.to_vec(), batch.targets.clone());
        let inverse = to_unit_rows(&mut unit, width);
        to_unit_rows(&mut target, width);
        let rows = (output.len() / width.max(1)).max(1) as f64;
        let mut loss = 0.0;
        for ((gradient, u), t) in gradient.iter_mut().zip(&unit).zip(&target) {
            loss += (f64::from(*u) - f64::from(*t)).powi(2);
            *gradient = (-2.0 / rows) as f32 * t;
        }
        through_unit_rows(gradient, &unit, &inverse, width);
        Ok(loss / rows)
    }
}

/// What the teacher says of each view: the window that it shows, and all views one after the other.
pub type Tell = Box<dyn FnMut(&[Anchor], &[f32]) -> Vec<f32> + Send>;

/// Makes the rows: two views of each window, with what the teacher says of them.
pub struct DistillationTask {
    /// The teacher.
    pub tell: Tell,
}

impl Task for DistillationTask {
    fn fill(&mut self, windows: &mut StepWindows<'_, '_>, batch: &mut Batch) {
        let (count, len) = (windows.count(), windows.source.view_len());
        let (epoch, number) = (windows.epoch, windows.batch);
        let mut anchors = windows.anchors().to_vec();
        batch.inputs.resize(2 * count * len, 0.0);
        for (which, views) in batch.inputs.chunks_mut((count * len).max(1)).enumerate() {
            let source = &mut windows.source;
            source.views_at(&anchors, epoch, number, which, views);
        }
        anchors.extend_from_within(..);
        batch.targets = (self.tell)(&anchors, &batch.inputs);
        let windows = count as u32;
        batch.groups.extend((0..windows).chain(0..windows));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::random::SplitMix;

    fn random(len: usize, stream: u64) -> Vec<f32> {
        let mut random = SplitMix::new(9, stream);
        (0..len).map(|_| random.normal()).collect()
    }

    fn loss(z: &[f32], targets: &[f32], width: usize) -> (f64, Vec<f32>) {
        let batch = Batch {
            groups: vec![0; z.len() / width],
            targets: targets.to_vec(),
            ..Batch::default()
        };
        let mut gradient = vec![9.0; z.len()];
        let loss = Regression.evaluate(z, width, &batch, &mut gradient);
        (loss.unwrap(), gradient)
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        let (width, z, targets) = (5, random(20, 0), random(20, 1));
        let gradient = loss(&z, &targets, width).1;
        for at in 0..z.len() {
            let moved = |by: f32| {
                let mut z = z.clone();
                z[at] += by;
                loss(&z, &targets, width).0
            };
            let slope = (moved(1e-3) - moved(-1e-3)) / 2e-3;
            assert!((slope - f64::from(gradient[at])).abs() < 1e-3, "{at}");
        }
    }

    #[test]
    fn only_directions_count_and_opposite_ones_cost_four() {
        let targets = [3.0, 4.0, 0.0, 2.0];
        let (same, gradient) = loss(&[6.0, 8.0, 0.0, 0.5], &targets, 2);
        assert!(same < 1e-12 && gradient.iter().all(|g| g.abs() < 1e-6));
        let (opposite, _) = loss(&[-3.0, -4.0, 0.0, -1.0], &targets, 2);
        assert!((opposite - 4.0).abs() < 1e-6, "{opposite}");
    }

    #[test]
    fn a_teacher_that_says_too_little_is_named() {
        let message = Regression.evaluate(&[1.0; 4], 2, &Batch::default(), &mut [0.0; 4]);
        let message = message.unwrap_err().to_string();
        assert!(message.contains("distillation needs 4 values"), "{message}");
    }
}
