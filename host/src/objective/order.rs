//! The order of segments and the arrow of time: in which order were the pieces of this window recorded, and was it
//! played backwards?
//!
//! Noroozi and Favaro, *Unsupervised Learning of Visual Representations by Solving Jigsaw Puzzles*, 2016; on motion
//! Saeed et al., *Multi-task Self-Supervised Learning for Human Activity Detection*, 2019; backwards or forwards, Wei
//! et al., *Learning and Using the Arrow of Time*, 2018.
//!
//! A view is cut into equal segments, which change places in one of all orders, and may be reversed; a linear
//! classifier on the embedding names what was done. The loss is
//! [`CrossEntropy`](super::cross_entropy::CrossEntropy).

use super::Batch;
use super::task::{StepWindows, Task};
use crate::view::stream;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Most segments: 5 of them have 120 orders.
pub const MAX_SEGMENTS: usize = 5;
/// What the streams of this task are for.
const PURPOSE: u64 = 16;

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Order {
    /// Segments that change places, 1 (none do) to 5.
    pub segments: usize,
    /// Whether half of the windows are played backwards.
    pub arrow: bool,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            segments: 3,
            arrow: true,
        }
    }
}

impl Order {
    /// Possible answers.
    pub fn classes(&self) -> usize {
        (1..=self.segments).product::<usize>() * (1 + usize::from(self.arrow))
    }

    /// Alters a view of samples of `channels` values as class `class` says. A remainder that fills no segment stays
    /// at the end.
    pub fn apply(&self, view: &mut [f32], channels: usize, class: usize) {
        let segment = view.len() / channels.max(1) / self.segments.max(1) * channels;
        let (orders, backwards) = (self.classes() / (1 + usize::from(self.arrow)), class);
        let before = view.to_vec();
        let mut left: Vec<usize> = (0..self.segments).collect();
        // The digits of the class in the factorial number system name the order.
        let mut digits = class % orders;
        for place in 0..self.segments {
            let from = left.remove(digits % left.len());
            digits /= left.len() + 1;
            view[place * segment..(place + 1) * segment]
                .copy_from_slice(&before[from * segment..(from + 1) * segment]);
        }
        if backwards >= orders {
            let forwards = view.to_vec();
            let samples = forwards.chunks_exact(channels).rev();
            for (to, from) in view.chunks_exact_mut(channels).zip(samples) {
                to.copy_from_slice(from);
            }
        }
    }
}

/// Makes the rows.
pub struct OrderTask {
    /// What is asked.
    pub order: Order,
    /// Values in a sample.
    pub channels: usize,
    /// Names the draws.
    pub seed: u64,
}

impl Task for OrderTask {
    fn fill(&mut self, windows: &mut StepWindows<'_, '_>, batch: &mut Batch) {
        windows.pairs(&mut batch.inputs);
        let rows = 2 * windows.count();
        let classes = self.order.classes() as u32;
        let mut rng = stream([self.seed, windows.epoch, windows.batch as u64, PURPOSE]);
        let views = batch
            .inputs
            .chunks_exact_mut(windows.source.view_len().max(1));
        for view in views {
            let class = rng.random_range(0..classes);
            self.order.apply(view, self.channels, class as usize);
            batch.labels.push(class);
        }
        batch.groups.extend(0..rows as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_class_is_another_order_of_the_same_samples() {
        for segments in 1..=4 {
            for arrow in [false, true] {
                let order = Order { segments, arrow };
                let view: Vec<f32> = (0..26).map(|i| i as f32).collect();
                let mut seen = BTreeSet::new();
                for class in 0..order.classes() {
                    let mut altered = view.clone();
                    order.apply(&mut altered, 2, class);
                    assert!(altered.chunks(2).all(|sample| sample[1] == sample[0] + 1.0));
                    seen.insert(altered.iter().map(|v| *v as u32).collect::<Vec<_>>());
                    let mut sorted = altered;
                    sorted.sort_by(f32::total_cmp);
                    assert_eq!(sorted, view);
                }
                assert_eq!(seen.len(), order.classes(), "{order:?}");
            }
        }
    }

    #[test]
    fn the_first_class_is_the_view_itself_and_the_arrow_alone_reverses() {
        let mut view = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        Order::default().apply(&mut view, 1, 0);
        assert_eq!(view, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let arrow = Order {
            segments: 1,
            arrow: true,
        };
        assert_eq!(arrow.classes(), 2);
        arrow.apply(&mut view, 2, 1);
        assert_eq!(view, [5.0, 6.0, 3.0, 4.0, 1.0, 2.0]);
    }
}
