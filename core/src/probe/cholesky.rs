//! Symmetric positive definite matrices as packed lower triangles, row by row: row `i` holds `i + 1`
//! values from index `i (i + 1) / 2` on.
//!
//! Sums run in the order of [`super::sum`]. Slices of a wrong length give no panic but a wrong result.

use super::sum::dot;

/// Values of a packed triangle of `d` rows, `d (d + 1) / 2`.
pub const fn packed_len(d: usize) -> usize {
    d * (d + 1) / 2
}

/// Row `i` of a triangle.
fn row(triangle: &[f32], i: usize) -> &[f32] {
    let start = packed_len(i);
    triangle.get(start..start + i + 1).unwrap_or(&[])
}

/// The rows above row `i`, and row `i`.
fn split(triangle: &mut [f32], i: usize) -> (&mut [f32], &mut [f32]) {
    match triangle.split_at_mut_checked(packed_len(i)) {
        Some((above, rest)) => (above, rest.get_mut(..i + 1).unwrap_or(&mut [])),
        None => (&mut [], &mut []),
    }
}

/// Replaces `A` by its lower factor `F`, `A = F F'`.
///
/// `floor > 0` is a lower bound of the eigenvalues of `A`; a pivot that rounding pushed below half of
/// it is lifted to that.
pub fn factor(triangle: &mut [f32], rows: usize, floor: f32) {
    for i in 0..rows {
        let (above, row_i) = split(triangle, i);
        for j in 0..=i {
            let Some((done, [value, ..])) = row_i.split_at_mut_checked(j) else {
                return;
            };
            if j < i {
                let row_j = row(above, j);
                let pivot = row_j.last().copied().unwrap_or(1.0);
                *value = (*value - dot(done, row_j)) / pivot;
            } else {
                let pivot = *value - dot(done, done);
                let least = 0.5 * floor;
                *value = libm::sqrtf(if pivot > least { pivot } else { least });
            }
        }
    }
}

/// Replaces `F` by `A = F F'`, the inverse of [`factor`].
pub fn unfactor(triangle: &mut [f32], rows: usize) {
    for i in (0..rows).rev() {
        let (above, row_i) = split(triangle, i);
        for j in (0..=i).rev() {
            let product = {
                let left = row_i.get(..j + 1).unwrap_or(&[]);
                if j < i {
                    dot(left, row(above, j))
                } else {
                    dot(left, left)
                }
            };
            if let Some(value) = row_i.get_mut(j) {
                *value = product;
            }
        }
    }
}

/// Adds `weight * v v'` and `ridge` times the identity.
pub fn add(triangle: &mut [f32], v: &[f32], weight: f32, ridge: f32) {
    for (i, vi) in v.iter().enumerate() {
        let (_, row_i) = split(triangle, i);
        let scaled = weight * vi;
        row_i
            .iter_mut()
            .zip(v)
            .for_each(|(a, vj)| *a += scaled * vj);
        if let Some(diagonal) = row_i.last_mut() {
            *diagonal += ridge;
        }
    }
}

/// Replaces `b` by the solution `y` of `F y = b`.
pub fn solve(factor: &[f32], b: &mut [f32]) {
    for i in 0..b.len() {
        let Some((done, [value, ..])) = b.split_at_mut_checked(i) else {
            return;
        };
        let row_i = row(factor, i);
        let pivot = row_i.last().copied().unwrap_or(1.0);
        *value = (*value - dot(row_i, done)) / pivot;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// `2 I + sum of v v'` for a few vectors, with its packed form built from the definition in f64.
    fn example(rows: usize) -> (Vec<f32>, Vec<Vec<f64>>) {
        let mut full = std::vec![std::vec![0.0f64; rows]; rows];
        let mut packed = std::vec![0.0f32; packed_len(rows)];
        add(&mut packed, &std::vec![0.0; rows], 1.0, 2.0);
        for k in 0..rows + 3 {
            let v: Vec<f32> = (0..rows)
                .map(|i| ((i * 7 + k * 13) % 11) as f32 / 8.0 - 0.6)
                .collect();
            add(&mut packed, &v, 0.5, 0.0);
            for (row, vi) in full.iter_mut().zip(&v) {
                for (a, vj) in row.iter_mut().zip(&v) {
                    *a += 0.5 * f64::from(*vi) * f64::from(*vj);
                }
            }
        }
        (0..rows).for_each(|i| full[i][i] += 2.0);
        (packed, full)
    }

    /// `A b` of a packed symmetric matrix, or `F b` of a factor when `lower`.
    fn product(triangle: &[f32], b: &[f64], lower: bool) -> Vec<f64> {
        let at = |i: usize, j: usize| match (i >= j, lower) {
            (true, _) => f64::from(row(triangle, i)[j]),
            (false, true) => 0.0,
            (false, false) => f64::from(row(triangle, j)[i]),
        };
        (0..b.len())
            .map(|i| b.iter().enumerate().map(|(j, b)| at(i, j) * b).sum())
            .collect()
    }

    fn worst(a: &[f64], b: &[f64]) -> f64 {
        a.iter()
            .zip(b)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max)
    }

    #[test]
    fn factor_solves_and_unfactor_restores() {
        for rows in [1, 2, 3, 5, 16, 33] {
            let (original, full) = example(rows);
            let probe: Vec<f64> = (0..rows).map(|i| (i as f64 * 0.7).sin()).collect();
            let want: Vec<f64> = full
                .iter()
                .map(|row| row.iter().zip(&probe).map(|(a, p)| a * p).sum())
                .collect();
            assert!(worst(&product(&original, &probe, false), &want) < 1e-5);

            let mut f = original.clone();
            factor(&mut f, rows, 2.0);
            let transposed: Vec<f64> = (0..rows)
                .map(|j| (j..rows).map(|i| f64::from(row(&f, i)[j]) * probe[i]).sum())
                .collect();
            let off = worst(&product(&f, &transposed, true), &want);
            assert!(off < 1e-4, "F F' is off by {off} with {rows} rows");

            let mut y: Vec<f32> = probe.iter().map(|p| *p as f32).collect();
            solve(&f, &mut y);
            let y: Vec<f64> = y.iter().map(|y| f64::from(*y)).collect();
            assert!(worst(&product(&f, &y, true), &probe) < 1e-5);

            unfactor(&mut f, rows);
            let off = worst(&product(&f, &probe, false), &want);
            assert!(off < 1e-4, "unfactor is off by {off} with {rows} rows");
        }
    }

    #[test]
    fn a_pivot_lost_to_rounding_is_lifted() {
        let mut singular = [1.0, 1.0, 1.0];
        factor(&mut singular, 2, 1e-4);
        assert!(singular[2] > 0.007 && singular[2] < 0.0072);
    }

    #[test]
    fn short_slices_do_not_panic() {
        for len in 0..6 {
            let mut t = std::vec![1.0; len];
            factor(&mut t, 3, 1.0);
            unfactor(&mut t, 3);
            add(&mut t, &[1.0; 3], 1.0, 1.0);
            solve(&t, &mut [1.0; 3]);
        }
    }
}
