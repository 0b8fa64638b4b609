//! Limited-memory BFGS with a preconditioner, for smooth convex functions.
//!
//! Nocedal and Wright, *Numerical Optimization*, 2006, algorithms 7.4 and 7.5, with a backtracking
//! line search; a pair of differences that carries no curvature is not stored.

use std::collections::VecDeque;

/// Pairs of differences that are kept.
const MEMORY: usize = 10;
/// Share of the slope that a step must gain.
const ARMIJO: f64 = 1e-4;
/// Rounding of a value summed from f32 terms: near the minimum a step may lose that much of it, because
/// the gradient still points the way when the value no longer does.
const ROUNDING: f64 = 2e-7;

/// When to stop.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Stop {
    /// Largest entry of the gradient at which the minimum counts as found.
    pub gradient: f64,
    /// Most steps.
    pub steps: usize,
}

/// Walks from `x` to a minimum and returns its value.
///
/// `objective` writes the gradient and returns the value; `precondition` replaces a vector `g` by an
/// approximate inverse Hessian times `g`, which must be positive definite.
pub(super) fn minimise(
    x: &mut [f64],
    mut objective: impl FnMut(&[f64], &mut [f64]) -> f64,
    precondition: impl Fn(&mut [f64]),
    stop: Stop,
) -> f64 {
    let mut gradient = vec![0.0; x.len()];
    let mut value = objective(x, &mut gradient);
    let mut pairs: VecDeque<(Vec<f64>, Vec<f64>, f64)> = VecDeque::new();
    for _ in 0..stop.steps {
        if gradient.iter().all(|g| g.abs() <= stop.gradient) {
            break;
        }
        let mut direction = direction(&gradient, &pairs, &precondition);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            pairs.clear();
            direction = self::direction(&gradient, &pairs, &precondition);
            slope = dot(&direction, &gradient);
        }
        let (mut next, mut next_gradient) = (x.to_vec(), vec![0.0; x.len()]);
        let mut length = 1.0;
        let next_value = loop {
            for ((n, x), d) in next.iter_mut().zip(&*x).zip(&direction) {
                *n = x + length * d;
            }
            let next_value = objective(&next, &mut next_gradient);
            if next_value <= value + ARMIJO * length * slope + ROUNDING * value.abs() {
                break Some(next_value);
            }
            length *= 0.5;
            if length < 1e-6 {
                break None;
            }
        };
        // No step gains any more: the objective's own rounding is reached.
        let Some(next_value) = next_value else { break };
        let s: Vec<f64> = next.iter().zip(&*x).map(|(n, x)| n - x).collect();
        let y: Vec<f64> = next_gradient
            .iter()
            .zip(&gradient)
            .map(|(n, g)| n - g)
            .collect();
        let curvature = dot(&s, &y);
        if curvature > 1e-10 * dot(&y, &y).sqrt() * dot(&s, &s).sqrt() {
            if pairs.len() == MEMORY {
                pairs.pop_front();
            }
            pairs.push_back((s, y, 1.0 / curvature));
        }
        x.copy_from_slice(&next);
        (value, gradient) = (next_value, next_gradient);
    }
    value
}

fn direction(
    gradient: &[f64],
    pairs: &VecDeque<(Vec<f64>, Vec<f64>, f64)>,
    precondition: &impl Fn(&mut [f64]),
) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut weights = Vec::with_capacity(pairs.len());
    for (s, y, inverse) in pairs.iter().rev() {
        let weight = inverse * dot(s, &q);
        q.iter_mut().zip(y).for_each(|(q, y)| *q -= weight * y);
        weights.push(weight);
    }
    precondition(&mut q);
    for ((s, y, inverse), weight) in pairs.iter().zip(weights.iter().rev()) {
        let correction = weight - inverse * dot(y, &q);
        q.iter_mut().zip(s).for_each(|(q, s)| *q += correction * s);
    }
    q
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_minimum_of_rosenbrocks_valley() {
        let mut x = [-1.2, 1.0];
        let stop = Stop {
            gradient: 1e-9,
            steps: 200,
        };
        let rosenbrock = |x: &[f64], g: &mut [f64]| {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            g[0] = -2.0 * a - 400.0 * x[0] * b;
            g[1] = 200.0 * b;
            a * a + 100.0 * b * b
        };
        let value = minimise(
            &mut x,
            rosenbrock,
            |g| g.iter_mut().for_each(|g| *g *= 1e-3),
            stop,
        );
        assert!(value < 1e-15, "{value} at {x:?}");
        assert!((x[0] - 1.0).abs() < 1e-6 && (x[1] - 1.0).abs() < 1e-6);
    }
}
