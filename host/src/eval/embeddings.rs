//! A table of embeddings: one row a window.

use super::EvalError;
use mote_core::quant::Quant;
use rayon::prelude::*;

/// One embedding a window, row after row.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Embeddings {
    /// `rows * dim` values.
    pub values: Vec<f32>,
    /// Values in one embedding, `D`.
    pub dim: usize,
}

impl Embeddings {
    /// Splits `values` into rows of `dim`.
    ///
    /// # Errors
    /// [`EvalError::Dimension`] if that does not come out even or `dim` is 0,
    /// [`EvalError::NotFinite`] if a value is NaN or infinite.
    pub fn new(values: Vec<f32>, dim: usize) -> Result<Self, EvalError> {
        if dim == 0 || !values.len().is_multiple_of(dim) {
            return Err(EvalError::Dimension {
                values: values.len(),
                dim,
            });
        }
        if let Some(at) = values.iter().position(|v| !v.is_finite()) {
            return Err(EvalError::NotFinite {
                what: "the table of embeddings".into(),
                row: at / dim,
                column: at % dim,
            });
        }
        Ok(Self { values, dim })
    }

    /// The real values of int8 embeddings.
    ///
    /// # Errors
    /// As [`Embeddings::new`].
    pub fn from_i8(values: &[i8], dim: usize, quant: Quant) -> Result<Self, EvalError> {
        Self::new(values.iter().map(|&q| quant.dequantize(q)).collect(), dim)
    }

    /// Number of windows.
    pub fn rows(&self) -> usize {
        self.values.len().checked_div(self.dim).unwrap_or(0)
    }

    /// The embedding of window `row`.
    ///
    /// # Panics
    /// If `row` is not below [`Embeddings::rows`].
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.dim..][..self.dim]
    }

    /// All rows in order.
    pub fn iter(&self) -> std::slice::ChunksExact<'_, f32> {
        self.values.chunks_exact(self.dim.max(1))
    }

    /// The rows named, in that order.
    ///
    /// # Panics
    /// If an index is not below [`Embeddings::rows`].
    pub fn select(&self, rows: &[usize]) -> Self {
        let mut values = Vec::with_capacity(rows.len() * self.dim);
        for &row in rows {
            values.extend_from_slice(self.row(row));
        }
        Self {
            values,
            dim: self.dim,
        }
    }

    /// Every row divided by its Euclidean length; a zero row stays zero.
    pub fn unit_length(&self) -> Self {
        let mut values = self.values.clone();
        values
            .par_chunks_exact_mut(self.dim.max(1))
            .for_each(|row| {
                let length = row.iter().map(|v| v * v).sum::<f32>().sqrt();
                if length > 0.0 {
                    row.iter_mut().for_each(|v| *v /= length);
                }
            });
        Self {
            values,
            dim: self.dim,
        }
    }

    /// Every row scaled to Euclidean length `sqrt(dim)`, that of a standardised row; a zero row stays zero.
    pub fn same_length(&self) -> Self {
        let mut scaled = self.unit_length();
        let length = (self.dim as f32).sqrt();
        scaled.values.iter_mut().for_each(|v| *v *= length);
        scaled
    }

    /// Both embeddings of each window in one row, `self` first.
    ///
    /// # Errors
    /// [`EvalError::Rows`] if the tables differ in length.
    pub fn beside(&self, other: &Self) -> Result<Self, EvalError> {
        if self.rows() != other.rows() {
            return Err(EvalError::Rows {
                what: "the second table".into(),
                expected: self.rows(),
                found: other.rows(),
            });
        }
        let values = self
            .iter()
            .zip(other.iter())
            .flat_map(|(a, b)| a.iter().chain(b))
            .copied();
        Ok(Self {
            values: values.collect(),
            dim: self.dim + other.dim,
        })
    }

    /// Mean of each column, and mean of each column's squared distance from it, in f64.
    pub(crate) fn moments(&self) -> (Vec<f64>, Vec<f64>) {
        let rows = self.rows().max(1) as f64;
        let mut mean = vec![0.0; self.dim];
        for row in self.iter() {
            mean.iter_mut()
                .zip(row)
                .for_each(|(m, &v)| *m += f64::from(v));
        }
        mean.iter_mut().for_each(|m| *m /= rows);
        let mut variance = vec![0.0; self.dim];
        for row in self.iter() {
            for ((s, m), &v) in variance.iter_mut().zip(&mean).zip(row) {
                *s += (f64::from(v) - m).powi(2);
            }
        }
        variance.iter_mut().for_each(|s| *s /= rows);
        (mean, variance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uneven_and_non_finite_tables_are_refused() {
        assert_eq!(
            Embeddings::new(vec![0.0; 5], 2),
            Err(EvalError::Dimension { values: 5, dim: 2 })
        );
        let error = Embeddings::new(vec![0.0, 1.0, f32::NAN, 1.0], 2).unwrap_err();
        assert!(matches!(
            error,
            EvalError::NotFinite {
                row: 1,
                column: 0,
                ..
            }
        ));
    }

    #[test]
    fn int8_rows_come_back_as_real_values() {
        let quant = Quant {
            scale: 0.5,
            zero_point: -1,
        };
        let table = Embeddings::from_i8(&[-1, 1, 3, -3], 2, quant).unwrap();
        assert_eq!(table.row(0), [0.0, 1.0]);
        assert_eq!(table.row(1), [2.0, -1.0]);
    }

    #[test]
    fn unit_length_keeps_a_zero_row() {
        let table = Embeddings::new(vec![3.0, 4.0, 0.0, 0.0], 2)
            .unwrap()
            .unit_length();
        assert_eq!(table.values, [0.6, 0.8, 0.0, 0.0]);
    }

    #[test]
    fn beside_joins_rows() {
        let a = Embeddings::new(vec![1.0, 2.0], 1).unwrap();
        let b = Embeddings::new(vec![3.0, 4.0, 5.0, 6.0], 2).unwrap();
        assert_eq!(a.beside(&b).unwrap().values, [1.0, 3.0, 4.0, 2.0, 5.0, 6.0]);
    }
}
