//! The matrix products of objectives, on the vector kernels; matrices are flat, one row after the other.

use crate::train::kernel::{Ahead, Convolve, ConvolveGradient, Level, Run, Start, padded};
use rayon::prelude::*;

/// Columns that one product computes; their packed rows stay in the first-level cache.
const BLOCK: usize = 64;
/// Most chunks of rows. Fixed, so that no bit depends on the number of threads.
const CHUNKS: usize = 16;

fn runs(len: usize) -> Vec<Run> {
    let whole = Run {
        input: 0,
        row: 0,
        len,
    };
    Run::split([whole])
}

/// `out = a * b^T`, with `a` of `n x width`, `b` of `m x width` and `out` of `n x m`.
pub(crate) fn times_transposed(a: &[f32], b: &[f32], width: usize, out: &mut [f32]) {
    let (n, m) = (a.len() / width, b.len() / width);
    if n == 0 || m == 0 {
        return;
    }
    let block = |first: usize| padded(m - first).min(BLOCK);
    let mut columns = vec![0.0; padded(m) * width];
    for (row, values) in b.chunks_exact(width).enumerate() {
        let first = row / BLOCK * BLOCK;
        let packed = &mut columns[first * width + row % BLOCK..];
        for (k, value) in values.iter().enumerate() {
            packed[k * block(first)] = *value;
        }
    }
    let (level, runs, per) = (Level::detect(), runs(width), n.div_ceil(CHUNKS));
    out.par_chunks_mut(per * m)
        .zip(a.par_chunks(per * width))
        .for_each(|(out, a)| {
            for first in (0..m).step_by(BLOCK) {
                level.run(Convolve {
                    input: a,
                    input_pixel: width,
                    input_row: 0,
                    output: &mut out[first..],
                    output_pixel: m,
                    output_row: 0,
                    rows: 1,
                    pixels: a.len() / width,
                    channels: BLOCK.min(m - first),
                    weights: &columns[first * width..],
                    runs: &runs,
                    start: Start::Zero,
                    ahead: Ahead::default(),
                });
            }
        });
}

/// `out += a * b`, with `a` of `n x m`, `b` of `m x width` and `out` of `n x width`.
pub(super) fn add_times(a: &[f32], b: &[f32], width: usize, out: &mut [f32]) {
    let (n, m) = (out.len() / width, b.len() / width);
    if n == 0 || m == 0 {
        return;
    }
    let stride = padded(width);
    let mut rows = vec![0.0; m * stride];
    for (to, from) in rows.chunks_exact_mut(stride).zip(b.chunks_exact(width)) {
        to[..width].copy_from_slice(from);
    }
    let (level, runs, per) = (Level::detect(), runs(m), n.div_ceil(CHUNKS));
    out.par_chunks_mut(per * width)
        .zip(a.par_chunks(per * m))
        .for_each(|(out, a)| {
            level.run(Convolve {
                input: a,
                input_pixel: m,
                input_row: 0,
                output_pixel: width,
                output_row: 0,
                rows: 1,
                pixels: out.len() / width,
                channels: width,
                weights: &rows,
                runs: &runs,
                start: Start::Output,
                output: out,
                ahead: Ahead::default(),
            });
        });
}

/// `a^T * b`, with `a` and `b` of `n x width`; `width x width` values.
pub(super) fn transposed_times(a: &[f32], b: &[f32], width: usize) -> Vec<f32> {
    let stride = padded(width);
    let mut sums = vec![0.0; width * stride];
    Level::detect().run(ConvolveGradient {
        input: a,
        input_pixel: width,
        input_row: 0,
        upstream: b,
        upstream_row: 0,
        rows: 1,
        pixels: a.len() / width,
        channels: width,
        runs: &runs(width),
        gradient: &mut sums,
        ahead: Ahead::default(),
    });
    let rows = sums.chunks_exact(stride).flat_map(|row| &row[..width]);
    rows.copied().collect()
}

/// The columns of `z` (`n x width`) moved to mean 0.
pub(super) fn centred(z: &[f32], width: usize) -> Vec<f32> {
    let mut mean = vec![0.0_f64; width];
    let rows = z.len() / width;
    for row in z.chunks_exact(width) {
        for (mean, x) in mean.iter_mut().zip(row) {
            *mean += f64::from(*x) / rows as f64;
        }
    }
    let centre = |row: &[f32]| -> Vec<f32> {
        let moved = row.iter().zip(&mean);
        moved.map(|(x, mean)| x - *mean as f32).collect()
    };
    z.chunks_exact(width).flat_map(centre).collect()
}

/// Scales each row of `z` (`n x width`) to length 1; returns `1 / length` of each.
pub(crate) fn to_unit_rows(z: &mut [f32], width: usize) -> Vec<f32> {
    let unit = |row: &mut [f32]| {
        let square: f64 = row.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
        let inverse = (1.0 / square.sqrt().max(1e-8)) as f32;
        row.iter_mut().for_each(|x| *x *= inverse);
        inverse
    };
    z.chunks_exact_mut(width).map(unit).collect()
}

/// Takes the gradient with respect to unit rows back to the rows before [`to_unit_rows`], in place.
pub(super) fn through_unit_rows(gradient: &mut [f32], unit: &[f32], inverse: &[f32], width: usize) {
    let rows = gradient
        .chunks_exact_mut(width)
        .zip(unit.chunks_exact(width));
    for ((gradient, unit), inverse) in rows.zip(inverse) {
        let along: f32 = gradient.iter().zip(unit).map(|(g, u)| g * u).sum();
        for (g, u) in gradient.iter_mut().zip(unit) {
            *g = inverse * (*g - along * u);
        }
    }
}

/// The softmax of each row of logits in place; returns the sum over rows of
/// `log sum of exp - logit[answer]`, and how often the answer was the largest. A logit of `-inf` takes no part.
pub(super) fn softmax_rows(
    logits: &mut [f32],
    width: usize,
    answer: impl Fn(usize) -> usize,
) -> (f64, usize) {
    let (mut loss, mut right) = (0.0, 0);
    for (row, logits) in logits.chunks_exact_mut(width).enumerate() {
        let own = logits[answer(row)];
        let largest = logits.iter().fold(f32::NEG_INFINITY, |a, b| a.max(*b));
        right += usize::from(own == largest);
        let mut sum = 0.0;
        for logit in logits.iter_mut() {
            let power = libm::exp(f64::from(*logit) - f64::from(largest));
            sum += power;
            *logit = power as f32;
        }
        let inverse = (1.0 / sum) as f32;
        logits.iter_mut().for_each(|power| *power *= inverse);
        loss += libm::log(sum) + f64::from(largest) - f64::from(own);
    }
    (loss, right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::random::SplitMix;

    #[test]
    fn products_are_those_of_the_definition() {
        let mut random = SplitMix::new(5, 0);
        let (n, m, width) = (37, 300, 19);
        let mut draw = |len: usize| -> Vec<f32> { (0..len).map(|_| random.normal()).collect() };
        let (a, b, weights, start) = (
            draw(n * width),
            draw(m * width),
            draw(n * m),
            draw(n * width),
        );
        let near = |found: f32, expected: f32| (found - expected).abs() < 1e-3;
        let mut out = vec![9.0; n * m];
        times_transposed(&a, &b, width, &mut out);
        let mut sums = start.clone();
        add_times(&weights, &b, width, &mut sums);
        let gram = transposed_times(&a, &start, width);
        for i in 0..n {
            for j in 0..m {
                let dot: f32 = (0..width)
                    .map(|k| a[i * width + k] * b[j * width + k])
                    .sum();
                assert!(near(out[i * m + j], dot), "{i} {j}");
            }
            for k in 0..width {
                let sum: f32 = (0..m).map(|j| weights[i * m + j] * b[j * width + k]).sum();
                assert!(near(sums[i * width + k], start[i * width + k] + sum));
            }
        }
        for i in 0..width {
            for j in 0..width {
                let dot: f32 = (0..n)
                    .map(|r| a[r * width + i] * start[r * width + j])
                    .sum();
                assert!(near(gram[i * width + j], dot));
            }
        }
        times_transposed(&[], &b, width, &mut []);
        add_times(&[], &b, width, &mut []);
    }

    #[test]
    fn softmax_leaves_out_what_is_infinitely_unlikely() {
        let mut logits = [1.0, f32::NEG_INFINITY, 1.0, 0.0, 0.0, 0.0];
        let (loss, right) = softmax_rows(&mut logits, 3, |row| 2 - row);
        assert_eq!(logits[..3], [0.5, 0.0, 0.5]);
        assert!((loss - 2f64.ln() - 3f64.ln()).abs() < 1e-6);
        assert_eq!(right, 2);
    }
}
