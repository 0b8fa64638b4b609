//! Batch norm as a pair of constants a channel: readers apply them, see [`Signal`].
//!
//! Ioffe and Szegedy, *Batch Normalization*, 2015. Normalises by the biased variance of the batch and keeps a
//! running mean and unbiased variance, as PyTorch does.

use crate::train::signal::Signal;
use crate::train::simd::padded;

/// Added to the variance before the square root.
pub(crate) const EPSILON: f32 = 1e-5;
/// Weight of a batch in the running statistics.
pub(crate) const MOMENTUM: f64 = 0.1;

/// What the forward pass leaves for the backward pass, one value a channel.
#[derive(Default)]
pub(crate) struct BatchNorm {
    mean: Vec<f64>,
    /// `1 / sqrt(variance + epsilon)`.
    inverse: Vec<f64>,
    count: f64,
}

impl BatchNorm {
    /// From the sums and sums of squares of `count` raw values a channel: sets the signal's constants and moves
    /// the running statistics.
    pub(crate) fn forward(
        &mut self,
        sums: &[f64],
        count: usize,
        [gamma, beta]: [&[f32]; 2],
        [running_mean, running_variance]: [&mut [f32]; 2],
        signal: &mut Signal,
    ) {
        let channels = gamma.len();
        let width = padded(channels);
        self.count = count as f64;
        self.mean.resize(channels, 0.0);
        self.inverse.resize(channels, 0.0);
        for c in 0..channels {
            let mean = sums[c] / self.count;
            let variance = (sums[width + c] / self.count - mean * mean).max(0.0);
            let unbiased = variance * self.count / (self.count - 1.0).max(1.0);
            running_mean[c] =
                ((1.0 - MOMENTUM) * f64::from(running_mean[c]) + MOMENTUM * mean) as f32;
            running_variance[c] =
                ((1.0 - MOMENTUM) * f64::from(running_variance[c]) + MOMENTUM * unbiased) as f32;
            self.mean[c] = mean;
            self.inverse[c] = 1.0 / (variance + f64::from(EPSILON)).sqrt();
            let scale = f64::from(gamma[c]) * self.inverse[c];
            signal.scale[c] = scale as f32;
            signal.shift[c] = (f64::from(beta[c]) - mean * scale) as f32;
        }
    }

    /// With the running statistics, for evaluation.
    pub(crate) fn evaluate(
        [gamma, beta]: [&[f32]; 2],
        [mean, variance]: [&[f32]; 2],
        signal: &mut Signal,
    ) {
        for c in 0..gamma.len() {
            let scale = f64::from(gamma[c]) / (f64::from(variance[c]) + f64::from(EPSILON)).sqrt();
            signal.scale[c] = scale as f32;
            signal.shift[c] = (f64::from(beta[c]) - f64::from(mean[c]) * scale) as f32;
        }
    }

    /// From the signal's settled sums: the gradients of gamma and beta, and the coefficients of the upstream
    /// gradient `gamma * inverse * (g - mean(g) - normalized * mean(g * normalized))`.
    pub(crate) fn backward(
        &self,
        gamma: &[f32],
        [gamma_gradient, beta_gradient]: [&mut [f32]; 2],
        signal: &mut Signal,
    ) {
        let channels = gamma.len();
        let width = padded(channels);
        for coefficients in &mut signal.coefficients {
            coefficients.resize(width, 0.0);
        }
        for c in 0..channels {
            let (mean, inverse) = (self.mean[c], self.inverse[c]);
            let sum = signal.sums[c];
            let product = (signal.sums[width + c] - mean * sum) * inverse;
            gamma_gradient[c] = product as f32;
            beta_gradient[c] = sum as f32;
            let scale = f64::from(gamma[c]) * inverse;
            let slope = -scale * inverse * product / self.count;
            signal.coefficients[0][c] = scale as f32;
            signal.coefficients[1][c] = slope as f32;
            signal.coefficients[2][c] = (-scale * sum / self.count - slope * mean) as f32;
        }
    }
}
