//! The learning rate over a run: linear warm-up, then half a cosine down.
//!
//! Loshchilov and Hutter, *SGDR*, 2017; warm-up as in Goyal et al., *Accurate, Large Minibatch SGD*, 2017.

use serde::{Deserialize, Serialize};

/// Rates for steps `0..total`.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Schedule {
    /// The highest rate.
    pub peak: f32,
    /// The last rate.
    pub floor: f32,
    /// Steps on the way up; the first has rate `peak / warmup`.
    pub warmup: u64,
    /// All steps of the run.
    pub total: u64,
}

impl Schedule {
    /// The same rate at every step.
    pub fn constant(rate: f32) -> Self {
        Self {
            peak: rate,
            floor: rate,
            warmup: 0,
            total: 1,
        }
    }

    /// The rate of step `step`, counted from 0; after the last step the last rate.
    pub fn rate(&self, step: u64) -> f32 {
        if step < self.warmup {
            return (f64::from(self.peak) * (step + 1) as f64 / self.warmup as f64) as f32;
        }
        let length = self.total.saturating_sub(self.warmup).max(1);
        let done = ((step - self.warmup) as f64 / length as f64).min(1.0);
        let height = 0.5 + 0.5 * libm::cos(std::f64::consts::PI * done);
        (f64::from(self.floor) + (f64::from(self.peak) - f64::from(self.floor)) * height) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::Schedule;

    #[test]
    fn warms_up_then_falls_to_the_floor() {
        let schedule = Schedule {
            peak: 1.0,
            floor: 0.1,
            warmup: 4,
            total: 12,
        };
        let rates: Vec<f32> = [0, 3, 4, 8, 12, 99]
            .map(|step| schedule.rate(step))
            .to_vec();
        assert_eq!(rates, [0.25, 1.0, 1.0, 0.55, 0.1, 0.1]);
        assert_eq!(Schedule::constant(0.3).rate(7), 0.3);
    }
}
