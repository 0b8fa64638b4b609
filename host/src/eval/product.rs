//! The two matrix products that evaluation spends its time in, over panels of 16 columns.
//!
//! Sums run in one fixed order and never fuse multiply and add, so a processor with wider vectors
//! gives the same bits.

use pulp::{Arch, WithSimd};
use rayon::prelude::*;

/// Columns of a panel.
pub(super) const PANEL: usize = 16;
/// Rows of one task; also the length after which sums are carried on in f64.
const CHUNK: usize = 1024;

/// `x * panel`: one row of 16 sums for each row of `x`.
///
/// `x` is `rows * dim`, `panel` is `dim * 16`, `out` is `rows * 16`.
pub(super) fn times(x: &[f32], dim: usize, panel: &[f32], out: &mut [f32]) {
    let arch = Arch::new();
    out.par_chunks_mut(CHUNK * PANEL)
        .zip(x.par_chunks(CHUNK * dim))
        .for_each(|(out, x)| {
            arch.dispatch(Times { x, dim, panel, out });
        });
}

/// `x` transposed `* y`: `dim * 16` sums over all rows.
///
/// `x` is `rows * dim`, `y` is `rows * 16`.
pub(super) fn transposed_times(x: &[f32], dim: usize, y: &[f32]) -> Vec<f64> {
    let arch = Arch::new();
    let parts: Vec<Vec<f32>> = x
        .par_chunks(CHUNK * dim)
        .zip(y.par_chunks(CHUNK * PANEL))
        .map(|(x, y)| {
            let mut out = vec![0.0; dim * PANEL];
            arch.dispatch(TransposedTimes {
                x,
                dim,
                y,
                out: &mut out,
            });
            out
        })
        .collect();
    let mut sum = vec![0.0; dim * PANEL];
    for part in parts {
        sum.iter_mut()
            .zip(part)
            .for_each(|(s, p)| *s += f64::from(p));
    }
    sum
}

/// `x` transposed `* x`, `dim * dim` sums.
pub(super) fn gram(x: &[f32], dim: usize) -> Vec<f64> {
    let mut gram = vec![0.0; dim * dim];
    for first in (0..dim).step_by(PANEL) {
        let width = PANEL.min(dim - first);
        let mut panel = vec![0.0; x.len() / dim * PANEL];
        for (to, from) in panel.chunks_exact_mut(PANEL).zip(x.chunks_exact(dim)) {
            to[..width].copy_from_slice(&from[first..first + width]);
        }
        let sums = transposed_times(x, dim, &panel);
        for (to, from) in gram.chunks_exact_mut(dim).zip(sums.chunks_exact(PANEL)) {
            to[first..first + width].copy_from_slice(&from[..width]);
        }
    }
    gram
}

/// Lays `rows * dim` values out as panels: 16 rows become the 16 columns of `dim * 16` values; zeros fill the last.
pub(super) fn panels(rows: &[f32], dim: usize) -> Vec<f32> {
    let mut out = vec![0.0; (rows.len() / dim).div_ceil(PANEL) * dim * PANEL];
    for (panel, rows) in out
        .chunks_exact_mut(dim * PANEL)
        .zip(rows.chunks(dim * PANEL))
    {
        for (column, row) in rows.chunks_exact(dim).enumerate() {
            for (j, &value) in row.iter().enumerate() {
                panel[j * PANEL + column] = value;
            }
        }
    }
    out
}

struct Times<'a> {
    x: &'a [f32],
    dim: usize,
    panel: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Times<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        const ROWS: usize = 4;
        let (x, dim) = (self.x, self.dim);
        let (panel, _) = self.panel.as_chunks::<PANEL>();
        for (out, x) in self.out.chunks_mut(ROWS * PANEL).zip(x.chunks(ROWS * dim)) {
            if x.len() == ROWS * dim {
                let (a, rest) = x.split_at(dim);
                let (b, rest) = rest.split_at(dim);
                let (c, d) = rest.split_at(dim);
                let mut sum = [[0.0f32; PANEL]; ROWS];
                for ((((p, &a), &b), &c), &d) in panel.iter().zip(a).zip(b).zip(c).zip(d) {
                    for i in 0..PANEL {
                        sum[0][i] += a * p[i];
                        sum[1][i] += b * p[i];
                        sum[2][i] += c * p[i];
                        sum[3][i] += d * p[i];
                    }
                }
                out.copy_from_slice(sum.as_flattened());
            } else {
                for (out, x) in out.chunks_exact_mut(PANEL).zip(x.chunks_exact(dim)) {
                    let mut sum = [0.0f32; PANEL];
                    for (p, &x) in panel.iter().zip(x) {
                        for i in 0..PANEL {
                            sum[i] += x * p[i];
                        }
                    }
                    out.copy_from_slice(&sum);
                }
            }
        }
    }
}

struct TransposedTimes<'a> {
    x: &'a [f32],
    dim: usize,
    y: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for TransposedTimes<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        const COLUMNS: usize = 4;
        let (dim, out) = (self.dim, self.out);
        let (y, _) = self.y.as_chunks::<PANEL>();
        for (group, out) in out.chunks_mut(COLUMNS * PANEL).enumerate() {
            let first = group * COLUMNS;
            if first + COLUMNS <= dim {
                let mut sum = [[0.0f32; PANEL]; COLUMNS];
                for (x, y) in self.x.chunks_exact(dim).zip(y) {
                    let x = &x[first..first + COLUMNS];
                    for i in 0..PANEL {
                        sum[0][i] += x[0] * y[i];
                        sum[1][i] += x[1] * y[i];
                        sum[2][i] += x[2] * y[i];
                        sum[3][i] += x[3] * y[i];
                    }
                }
                out.copy_from_slice(sum.as_flattened());
            } else {
                for (j, out) in out.chunks_exact_mut(PANEL).enumerate() {
                    let mut sum = [0.0f32; PANEL];
                    for (x, y) in self.x.chunks_exact(dim).zip(y) {
                        for i in 0..PANEL {
                            sum[i] += x[first + j] * y[i];
                        }
                    }
                    out.copy_from_slice(&sum);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: usize, dim: usize) -> Vec<f32> {
        (0..rows * dim)
            .map(|i| ((i * 37 + 11) % 101) as f32 / 50.0 - 1.0)
            .collect()
    }

    #[test]
    fn products_equal_the_plain_sums() {
        for (rows, dim, columns) in [(1, 1, 1), (7, 5, 16), (1030, 13, 3), (9, 64, 16)] {
            let (x, w) = (table(rows, dim), table(columns, dim));
            let mut out = vec![0.0; rows * PANEL];
            times(&x, dim, &panels(&w, dim), &mut out);
            for r in 0..rows {
                for c in 0..columns {
                    let plain: f64 = (0..dim)
                        .map(|j| f64::from(x[r * dim + j]) * f64::from(w[c * dim + j]))
                        .sum();
                    assert!((f64::from(out[r * PANEL + c]) - plain).abs() < 1e-4);
                }
            }
        }
    }

    #[test]
    fn gram_equals_the_plain_sums() {
        for (rows, dim) in [(3, 1), (1030, 21), (50, 6)] {
            let (x, gram) = (table(rows, dim), gram(&table(rows, dim), dim));
            for a in 0..dim {
                for b in 0..dim {
                    let plain: f64 = (0..rows)
                        .map(|r| f64::from(x[r * dim + a]) * f64::from(x[r * dim + b]))
                        .sum();
                    assert!((gram[a * dim + b] - plain).abs() < 1e-3);
                }
            }
        }
    }
}
