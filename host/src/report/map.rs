//! A 2-D map of embeddings: the two directions in which they vary most (principal components).

use crate::eval::{Embeddings, EvalError};
use nalgebra::DMatrix;

/// The place of each row of `embeddings` along the two main directions of the rows of `fitted_on`.
///
/// The signs are fixed so that the largest share of each direction is positive. A single dimension
/// gets 0 as its second place.
///
/// # Errors
/// [`EvalError::EmptySide`] without rows to fit on, [`EvalError::Dimension`] if dimensions differ.
pub fn map(fitted_on: &Embeddings, embeddings: &Embeddings) -> Result<Vec<[f32; 2]>, EvalError> {
    let dim = fitted_on.dim;
    if fitted_on.rows() == 0 {
        return Err(EvalError::EmptySide { side: "training" });
    }
    if embeddings.dim != dim {
        return Err(EvalError::Dimension {
            values: embeddings.dim,
            dim,
        });
    }
    let rows = fitted_on.rows() as f64;
    let mut mean = vec![0.0f64; dim];
    for row in fitted_on.iter() {
        mean.iter_mut()
            .zip(row)
            .for_each(|(m, &v)| *m += f64::from(v) / rows);
    }
    let mut covariance = DMatrix::<f64>::zeros(dim, dim);
    for row in fitted_on.iter() {
        let centred: Vec<f64> = row
            .iter()
            .zip(&mean)
            .map(|(&v, m)| f64::from(v) - m)
            .collect();
        for (a, &va) in centred.iter().enumerate() {
            for (b, &vb) in centred[..=a].iter().enumerate() {
                covariance[(a, b)] += va * vb / rows;
            }
        }
    }
    covariance.fill_upper_triangle_with_lower_triangle();
    let eigen = covariance.symmetric_eigen();
    let mut order: Vec<usize> = (0..dim).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    let direction = |nth: usize| -> Vec<f64> {
        let Some(&at) = order.get(nth) else {
            return vec![0.0; dim];
        };
        let column: Vec<f64> = eigen.eigenvectors.column(at).iter().copied().collect();
        let largest = column
            .iter()
            .copied()
            .max_by(|a, b| a.abs().total_cmp(&b.abs()));
        let sign = largest.unwrap_or(1.0).signum();
        column.iter().map(|v| v * sign).collect()
    };
    let (first, second) = (direction(0), direction(1));
    let along = |row: &[f32], direction: &[f64]| -> f32 {
        row.iter()
            .zip(&mean)
            .zip(direction)
            .map(|((&v, m), d)| (f64::from(v) - m) * d)
            .sum::<f64>() as f32
    };
    Ok(embeddings
        .iter()
        .map(|row| [along(row, &first), along(row, &second)])
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_direction_comes_first() {
        let values = vec![1.0, 0.0, 5.0, -1.0, 0.0, 5.0, 0.0, 3.0, 5.0, 0.0, -3.0, 5.0];
        let table = Embeddings::new(values, 3).unwrap();
        let places = map(&table, &table).unwrap();
        for (place, expected) in
            places
                .iter()
                .zip([[0.0, 1.0], [0.0, -1.0], [3.0, 0.0], [-3.0, 0.0]])
        {
            assert!((place[0] - expected[0]).abs() < 1e-5 && (place[1] - expected[1]).abs() < 1e-5);
        }
        let line = Embeddings::new(vec![1.0, 3.0], 1).unwrap();
        assert_eq!(map(&line, &line).unwrap(), [[-1.0, 0.0], [1.0, 0.0]]);
        assert!(map(&line, &table).is_err());
    }
}
