//! Rotation: by how many quarter turns was this picture turned?
//!
//! Gidaris, Singh and Komodakis, *Unsupervised Representation Learning by Predicting Image Rotations*, 2018 (RotNet).
//! A linear classifier on the embedding names the turn. With `p_y` its probability of turn `y`:
//!
//! `loss = mean over pictures x of 1/4 sum over y in 0 to 3 of -log p_y(x turned y times)`
//!
//! All four turns of a picture are in one batch, as the authors found best. The loss is
//! [`CrossEntropy`](super::cross_entropy::CrossEntropy), whose gradient with respect to the logits is
//! `(p - [y]) / rows`.

use super::Batch;
use super::task::{StepWindows, Task};
use serde::{Deserialize, Serialize};

/// Possible answers.
pub const TURNS: usize = 4;

/// It has no settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rotation {}

/// Writes `picture`, square with `side` pixels of `channels` values, to `out` after `turns` quarter turns to the left.
pub fn turn(picture: &[f32], side: usize, channels: usize, turns: usize, out: &mut [f32]) {
    let last = side.saturating_sub(1);
    for (at, pixel) in out.chunks_exact_mut(channels.max(1)).enumerate() {
        let (row, column) = (at / side, at % side);
        let (row, column) = match turns % TURNS {
            0 => (row, column),
            1 => (column, last - row),
            2 => (last - row, last - column),
            _ => (last - column, row),
        };
        pixel.copy_from_slice(&picture[(row * side + column) * channels..][..channels]);
    }
}

/// Makes the rows: one view of every other window, in four turns.
pub struct RotationTask {
    /// Pixels of a side.
    pub side: usize,
    /// Values in a pixel.
    pub channels: usize,
}

impl Task for RotationTask {
    fn fill(&mut self, windows: &mut StepWindows<'_, '_>, batch: &mut Batch) {
        let (rows, len) = (2 * windows.count(), windows.source.view_len());
        let anchors = windows.anchors()[..rows.div_ceil(TURNS)].to_vec();
        let mut views = vec![0.0; anchors.len() * len];
        let (epoch, number) = (windows.epoch, windows.batch);
        windows
            .source
            .views_at(&anchors, epoch, number, 0, &mut views);
        batch.inputs.resize(rows * len, 0.0);
        for (row, out) in batch.inputs.chunks_exact_mut(len.max(1)).enumerate() {
            let view = &views[row / TURNS * len..][..len];
            turn(view, self.side, self.channels, row % TURNS, out);
        }
        let turns = (0..rows).map(|row| (row % TURNS) as u32);
        batch.labels.extend(turns);
        batch.groups.extend(0..rows as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Dataset, Kind, Normaliser, Recording, Windows};
    use crate::objective::Objective;
    use crate::objective::cross_entropy::CrossEntropy;
    use crate::view::{Starts, ViewConfig, ViewSource};

    #[test]
    fn four_turns_lead_back_and_pixels_stay_whole() {
        let picture: Vec<f32> = (0..18).map(|v| v as f32).collect();
        let mut turned = picture.clone();
        for turns in 1..=4 {
            let before = turned.clone();
            turn(&before, 3, 2, 1, &mut turned);
            let mut at_once = vec![0.0; 18];
            turn(&picture, 3, 2, turns, &mut at_once);
            assert_eq!(turned, at_once);
            assert!(turned.chunks(2).all(|pixel| pixel[1] == pixel[0] + 1.0));
        }
        assert_eq!(turned, picture);
        turn(&picture, 3, 2, 1, &mut turned);
        // The right column is on top now.
        assert_eq!(turned[..6], [4.0, 5.0, 10.0, 11.0, 16.0, 17.0]);
    }

    #[test]
    fn a_batch_shows_each_picture_in_all_turns() {
        let mut data = Dataset::new("dots", 0.0, vec!["grey".into()]);
        (data.kind, data.picture) = (Kind::Pictures, Some([4, 4]));
        data.recordings = (0..9)
            .map(|r| Recording {
                name: r.to_string(),
                subject: None,
                label: None,
                samples: (0..16).map(|v| (r * 16 + v) as f32).collect(),
            })
            .collect();
        let windows = Windows::cut(&data, 16, 16).unwrap();
        let all: Vec<usize> = (0..9).collect();
        let mut source = ViewSource::new(
            &data,
            &all,
            &windows,
            Normaliser::identity(1),
            &ViewConfig::none(),
            Starts::Grid,
            5,
        )
        .unwrap();
        source.draw(0, 0, 5);
        let mut step = StepWindows {
            source: &mut source,
            epoch: 0,
            batch: 0,
        };
        let mut task = RotationTask {
            side: 4,
            channels: 1,
        };
        let mut batch = Batch::default();
        task.fill(&mut step, &mut batch);
        assert_eq!((batch.rows(), batch.inputs.len()), (10, 160));
        assert_eq!(batch.labels, [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]);
        for (row, found) in batch.inputs.chunks(16).enumerate() {
            let mut expected = vec![0.0; 16];
            let unturned = &batch.inputs[row / 4 * 64..][..16];
            turn(unturned, 4, 1, row % 4, &mut expected);
            assert_eq!(found, expected, "row {row}");
        }
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        let logits: Vec<f32> = (0..8 * TURNS).map(|i| (i * 7 % 11) as f32 / 4.0).collect();
        let batch = Batch {
            groups: (0..8).collect(),
            labels: (0..8).map(|row| row % TURNS as u32).collect(),
            ..Batch::default()
        };
        let loss = |logits: &[f32]| {
            let (mut objective, mut gradient) = (CrossEntropy::default(), vec![0.0; logits.len()]);
            let loss = objective.evaluate(logits, TURNS, &batch, &mut gradient);
            (loss.unwrap(), gradient)
        };
        for (at, slope) in loss(&logits).1.into_iter().enumerate() {
            let moved = |by: f32| {
                let mut logits = logits.clone();
                logits[at] += by;
                loss(&logits).0
            };
            let expected = (moved(1e-2) - moved(-1e-2)) / 2e-2;
            assert!((expected - f64::from(slope)).abs() < 1e-5, "{at}");
        }
    }
}
