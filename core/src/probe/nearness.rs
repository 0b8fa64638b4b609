//! What distance is usual: turns squared distances into logits and into "unknown".
//!
//! Before a labelled embedding is learned, its squared distance to what the label has learned so far
//! is observed. The mean `m` and variance `v` of these observations over all labels calibrate both
//! answers, whatever the scale of the embedding:
//!
//! * A squared distance `d` gives the logit `-d m / v`. For isotropic Gaussian classes in `n`
//!   dimensions `m = n s^2` and `v = 2 n s^4`, so that is `-d / (2 s^2)`, the exact log-likelihood;
//!   for real embeddings, whose distances spread more, it is as if they had `2 m^2 / v` dimensions.
//! * The novelty of `d` is `(d - m) / sqrt(v)`.
//!
//! Few observations give a poor variance, so it is drawn towards that of 8 dimensions, `m^2 / 4`, with
//! the weight of 4 observations.

use super::{Label, Prediction};
use crate::snapshot::{Reader, SnapshotError, Writer};

/// Distances beyond this count as this much, so that sums of their squares stay finite.
const MAX_DISTANCE: f32 = 1e15;
/// Weight of the assumed variance, in observations.
const PRIOR_WEIGHT: f32 = 4.0;
/// Assumed `v / m^2`: that of 8 dimensions.
const PRIOR_RATIO: f32 = 0.25;

/// Observations of one label.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Observed {
    count: u32,
    /// Sum of squared distances.
    sum: f32,
    /// Sum of their squares.
    square_sum: f32,
}

impl Observed {
    const NONE: Self = Self {
        count: 0,
        sum: 0.0,
        square_sum: 0.0,
    };
}

/// Observed squared distances, 12 bytes a label so that a label can be forgotten.
#[derive(Clone, PartialEq, Debug)]
pub struct Nearness<const L: usize> {
    labels: [Observed; L],
}

/// What is usual over all labels.
pub struct Usual {
    count: u32,
    mean: f32,
    variance: f32,
}

impl<const L: usize> Nearness<L> {
    pub const fn new() -> Self {
        Self {
            labels: [Observed::NONE; L],
        }
    }

    /// Notes the squared distance of an embedding of `label` to what the label had learned.
    pub fn observe(&mut self, label: Label, distance: f32) {
        if let Some(o) = self.labels.get_mut(label.index()) {
            let distance = if distance < MAX_DISTANCE {
                distance
            } else {
                MAX_DISTANCE
            };
            o.count = o.count.saturating_add(1);
            o.sum += distance;
            o.square_sum += distance * distance;
        }
    }

    pub fn forget(&mut self, label: Label) {
        if let Some(o) = self.labels.get_mut(label.index()) {
            *o = Observed::NONE;
        }
    }

    pub fn save(&self, label: Label, writer: &mut Writer<'_>) {
        let o = self.labels.get(label.index()).unwrap_or(&Observed::NONE);
        writer.u32(o.count);
        writer.f32(o.sum);
        writer.f32(o.square_sum);
    }

    pub fn load(&mut self, label: Label, reader: &mut Reader<'_>) -> Result<(), SnapshotError> {
        let at = reader.impossible();
        let o = self.labels.get_mut(label.index()).ok_or(at)?;
        o.count = reader.u32(o.count)?;
        o.sum = reader.f32(o.sum)?;
        o.square_sum = reader.f32(o.square_sum)?;
        Ok(())
    }

    pub fn usual(&self) -> Usual {
        let (mut count, mut sum, mut square_sum) = (0u32, 0.0f32, 0.0f32);
        for o in &self.labels {
            count = count.saturating_add(o.count);
            sum += o.sum;
            square_sum += o.square_sum;
        }
        if count == 0 {
            return Usual {
                count,
                mean: 0.0,
                variance: 0.0,
            };
        }
        let n = count as f32;
        let mean = sum / n;
        let spread = square_sum - sum * mean;
        let spread = if spread > 0.0 { spread } else { 0.0 };
        let prior = PRIOR_WEIGHT * PRIOR_RATIO * (mean * mean);
        Usual {
            count,
            mean,
            variance: (spread + prior) / (n - 1.0 + PRIOR_WEIGHT),
        }
    }
}

impl Usual {
    /// Turns squared distances into logits in place; infinity (no distance) becomes negative infinity.
    ///
    /// Without observations the nearest distance stands for the mean.
    pub fn logits<const L: usize>(&self, mut distances: [f32; L]) -> [f32; L] {
        let (mut mean, mut variance) = (self.mean, self.variance);
        if variance < f32::MIN_POSITIVE {
            mean = distances
                .iter()
                .fold(f32::INFINITY, |min, &d| if d < min { d } else { min });
            variance = PRIOR_RATIO * (mean * mean);
        }
        let usable = (f32::MIN_POSITIVE..f32::INFINITY).contains(&variance);
        let factor = if usable { mean / variance } else { 1.0 };
        distances.iter_mut().for_each(|d| *d = -(*d * factor));
        distances
    }

    /// How unusual a squared distance is, in standard deviations; 0 while uncalibrated.
    pub fn novelty(&self, distance: f32) -> f32 {
        if self.count < Prediction::CALIBRATED_AFTER || self.variance < f32::MIN_POSITIVE {
            return 0.0;
        }
        (distance - self.mean) / libm::sqrtf(self.variance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn novelty_counts_deviations_of_what_was_observed() {
        let mut nearness = Nearness::<2>::new();
        assert_eq!(nearness.usual().novelty(1e9), 0.0);
        // Alternating 6 and 10: mean 8, variance 4 (prior 16 with the weight of 4 observations).
        for i in 0..200 {
            nearness.observe(Label(i % 2), if i / 2 % 2 == 0 { 6.0 } else { 10.0 });
        }
        let usual = nearness.usual();
        assert!(
            (usual.novelty(14.0) - 3.0).abs() < 0.1,
            "{}",
            usual.novelty(14.0)
        );
        assert!(usual.novelty(8.0).abs() < 1e-3);
        nearness.forget(Label(0));
        nearness.forget(Label(1));
        assert_eq!(nearness, Nearness::new());
    }

    #[test]
    fn logits_do_not_depend_on_the_scale() {
        let with_scale = |scale: f32| {
            let mut nearness = Nearness::<3>::new();
            (1..9).for_each(|i| nearness.observe(Label(0), i as f32 * scale));
            nearness.usual().logits([scale, 2.0 * scale, f32::INFINITY])
        };
        let (one, big) = (with_scale(1.0), with_scale(1024.0));
        assert_eq!(one, big);
        assert!(one[0] > one[1] && one[2] == f32::NEG_INFINITY);
    }

    #[test]
    fn equal_points_give_finite_logits() {
        let usual = Nearness::<2>::new().usual();
        assert_eq!(usual.logits([0.0, 4.0]), [0.0, -4.0]);
        assert!(usual.logits([1e30, f32::INFINITY])[0].is_finite());
    }
}
