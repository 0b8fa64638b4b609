//! Inner products of f32 activations and half-precision weights.

use super::half::widen;
use crate::kernel::run_of;

/// Partial sums kept side by side, so that vector units and pipelines stay busy.
const LANES: usize = 4;

/// `sum(x * w)` over the shorter length, in this order: lane `i` sums the products `i`, `i + 4`, `i + 8`, ...
/// from 0; the result is `(lane 0 + lane 1) + (lane 2 + lane 3)`.
#[inline]
pub(super) fn dot(x: &[f32], w: &[[u8; 2]]) -> f32 {
    let len = x.len().min(w.len());
    let (x, w) = (x.get(..len).unwrap_or(&[]), w.get(..len).unwrap_or(&[]));
    let mut lanes = [0.0_f32; LANES];
    let (x, x_rest) = x.as_chunks::<LANES>();
    let (w, w_rest) = w.as_chunks::<LANES>();
    for (x, w) in x.iter().zip(w) {
        for (lane, (&x, &w)) in lanes.iter_mut().zip(x.iter().zip(w)) {
            *lane += x * widen(w);
        }
    }
    for (lane, (&x, &w)) in lanes.iter_mut().zip(x_rest.iter().zip(w_rest)) {
        *lane += x * widen(w);
    }
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
}

/// Runs of input and weights: where the first of each starts, and how far apart they lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runs {
    /// In the input.
    pub start: usize,
    /// In a filter.
    pub first: usize,
    pub count: usize,
    pub len: usize,
    pub pitch: usize,
    pub filter_pitch: usize,
}

/// Filters one behind the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filters<'a> {
    pub weights: &'a [[u8; 2]],
    /// Weights of a filter.
    pub filter: usize,
}

/// Adds to the sum of each filter the inner product of every run, one after the other.
pub(crate) fn sums(input: &[f32], filters: &Filters<'_>, runs: &Runs, sums: &mut [f32]) {
    let mut weights = filters.weights;
    for sum in sums {
        let filter = weights.split_off(..filters.filter).unwrap_or(&[]);
        for run in 0..runs.count {
            let at = runs.start.wrapping_add(run.wrapping_mul(runs.pitch));
            let weight = runs.first.wrapping_add(run.wrapping_mul(runs.filter_pitch));
            *sum += dot(
                run_of(input, at, runs.len),
                run_of(filter, weight, runs.len),
            );
        }
    }
}
