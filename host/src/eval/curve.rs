//! Curves and training records: the figures that plots, tables and `metrics.jsonl` share.

use serde::{Deserialize, Serialize};

/// What training reports now and then; one line of `metrics.jsonl`, so nothing in it depends on the clock.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct TrainingPoint {
    /// Epochs done, from 1.
    pub epoch: u32,
    /// Steps done.
    pub step: u64,
    /// Mean loss of the epoch.
    pub loss: f32,
    /// Learning rate of its last step.
    pub learning_rate: f32,
    /// Length of the last step's gradient over all networks, before clipping.
    pub gradient_norm: f32,
    /// k-NN accuracy on held-out training subjects, 0 to 1, where there are labels.
    pub knn: Option<f32>,
    /// RankMe of the training embeddings.
    pub rank: Option<f32>,
    /// How often the objective's own question was answered right in the last step, 0 to 1, where it asks one.
    #[serde(default)]
    pub accuracy: Option<f32>,
    /// Among how many equally likely symbols the objective was as unsure in the last step, where it asks for symbols.
    #[serde(default)]
    pub perplexity: Option<f32>,
}

/// Accuracy over draws of few labels.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Labelled windows of each label.
    pub labels: usize,
    /// Mean accuracy, 0 to 1.
    pub mean: f32,
    /// Deviation of the accuracy from draw to draw; 0 for a single draw.
    pub deviation: f32,
    /// Mean macro F1, 0 to 1.
    pub macro_f1: f32,
    /// Accuracy of each draw, in the order that all sets share.
    pub draws: Vec<f32>,
}

impl CurvePoint {
    /// Summarises the accuracies and macro F1 scores of the draws.
    pub fn new(labels: usize, draws: Vec<f32>, macro_f1: &[f32]) -> Self {
        let (mean, deviation) = mean_and_deviation(&draws);
        Self {
            labels,
            mean,
            deviation,
            macro_f1: mean_and_deviation(macro_f1).0,
            draws,
        }
    }
}

/// The few-label curve of one set of embeddings under one learner.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Curve {
    /// Name of the learner.
    pub learner: String,
    /// From few labels to many.
    pub points: Vec<CurvePoint>,
}

impl Curve {
    /// The point with `labels` windows of each label.
    pub fn at(&self, labels: usize) -> Option<&CurvePoint> {
        self.points.iter().find(|p| p.labels == labels)
    }
}

/// Mean, and deviation with `n - 1` in the denominator (0 for fewer than two values).
pub fn mean_and_deviation(values: &[f32]) -> (f32, f32) {
    let count = values.len() as f64;
    if values.is_empty() {
        return (0.0, 0.0);
    }
    let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
    let squares: f64 = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum();
    let deviation = if count > 1.0 {
        (squares / (count - 1.0)).sqrt()
    } else {
        0.0
    };
    (mean as f32, deviation as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_deviation_by_hand() {
        assert_eq!(mean_and_deviation(&[2.0, 4.0, 6.0]), (4.0, 2.0));
        assert_eq!(mean_and_deviation(&[3.0]), (3.0, 0.0));
        assert_eq!(mean_and_deviation(&[]), (0.0, 0.0));
    }
}
