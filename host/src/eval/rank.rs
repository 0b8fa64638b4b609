//! Is the embedding alive? Effective rank, spread of each dimension, alignment and uniformity.
//!
//! None of these needs a label.

use super::product::gram;
use super::{Embeddings, EvalError};
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

/// Below this share of `1 / sqrt(dim)` the unit-length embeddings hardly differ from one another.
const LEAST_SPREAD: f32 = 0.1;
/// Below this share of the dimensions, and of 4, the rank counts as collapsed.
const LEAST_RANK: f32 = 0.05;
/// Rows that [`uniformity`] compares with one another at most.
const PAIR_ROWS: usize = 1024;

/// Measures of collapse.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Spread {
    /// Values in one embedding.
    pub dim: usize,
    /// [`rank_me`] of the embeddings as they are, 1 to `dim`.
    pub rank: f32,
    /// [`rank_me`] after the mean is taken off: a large common offset does not hide what varies.
    pub centred_rank: f32,
    /// Mean deviation of the unit-length embeddings' dimensions times `sqrt(dim)`: 1 if they fill the
    /// sphere, 0 if all are equal (Chen and He, *Exploring Simple Siamese Representation Learning*, 2021).
    pub deviation: f32,
    /// Dimensions that never change.
    pub dead: usize,
    /// [`uniformity`]: lower is more even; -4 is the least possible.
    pub uniformity: f32,
    /// [`alignment`] of two views of each window, 0 to 4: lower is closer. Where views were embedded.
    pub alignment: Option<f32>,
}

impl Spread {
    /// Measures a table.
    ///
    /// # Errors
    /// [`EvalError::EmptySide`] if it has no rows.
    pub fn of(embeddings: &Embeddings) -> Result<Self, EvalError> {
        if embeddings.rows() == 0 {
            return Err(EvalError::EmptySide { side: "training" });
        }
        let dim = embeddings.dim;
        let (mean, variance) = embeddings.moments();
        let mut centred = embeddings.clone();
        for row in centred.values.chunks_exact_mut(dim) {
            row.iter_mut()
                .zip(&mean)
                .for_each(|(v, m)| *v = (f64::from(*v) - m) as f32);
        }
        let unit = embeddings.unit_length();
        let deviation: f64 = unit.moments().1.iter().map(|v| v.sqrt()).sum::<f64>() / dim as f64;
        Ok(Self {
            dim,
            rank: rank_me(embeddings),
            centred_rank: rank_me(&centred),
            deviation: (deviation * (dim as f64).sqrt()) as f32,
            dead: variance
                .iter()
                .zip(&mean)
                .filter(|(v, m)| v.sqrt() <= 1e-6 * m.abs())
                .count(),
            uniformity: uniformity(embeddings),
            alignment: None,
        })
    }

    /// A warning in plain words if the embedding has collapsed or is about to.
    pub fn warning(&self) -> Option<String> {
        if self.deviation < LEAST_SPREAD {
            Some(format!(
                "collapse: all windows get nearly the same embedding (spread {:.3}, healthy is above 0.3); \
                 lower the learning rate or raise the temperature",
                self.deviation
            ))
        } else if self.dim >= 8 && self.centred_rank < (LEAST_RANK * self.dim as f32).max(2.0) {
            Some(format!(
                "collapse of dimensions: only about {:.1} of {} carry information; use stronger views, \
                 a larger batch, or train longer",
                self.centred_rank, self.dim
            ))
        } else {
            None
        }
    }
}

/// Effective rank: the exponential of the entropy of the singular values.
///
/// Garrido et al., *RankMe: Assessing the Downstream Performance of Pretrained Self-Supervised
/// Representations by Their Rank*, 2023. 1 for embeddings on a line through 0 up to `dim` for an even
/// spread. A table of zeros has rank 1.
pub fn rank_me(embeddings: &Embeddings) -> f32 {
    const EPSILON: f64 = 1e-7;
    let singular: Vec<f64> = eigenvalues(embeddings)
        .iter()
        .map(|v| v.max(0.0).sqrt())
        .collect();
    let sum: f64 = singular.iter().sum();
    if sum <= 0.0 {
        return 1.0;
    }
    // Below f32's own resolution nothing is known of a singular value.
    let floor = singular.iter().fold(0.0f64, |a, &b| a.max(b)) * 1e-4;
    let entropy: f64 = singular
        .iter()
        .filter(|&&s| s > floor)
        .map(|s| {
            let p = s / sum + EPSILON;
            -p * p.ln()
        })
        .sum();
    (entropy.exp() as f32).max(1.0)
}

/// Mean squared distance of unit-length embeddings of two views of the same windows; 0 is perfect.
///
/// Wang and Isola, *Understanding Contrastive Representation Learning through Alignment and Uniformity
/// on the Hypersphere*, 2020, with exponent 2.
///
/// # Errors
/// [`EvalError::Rows`] if the tables differ in length, [`EvalError::Dimension`] if in dimension.
pub fn alignment(a: &Embeddings, b: &Embeddings) -> Result<f32, EvalError> {
    if a.rows() != b.rows() {
        let what = "the table of second views".into();
        return Err(EvalError::Rows {
            what,
            expected: a.rows(),
            found: b.rows(),
        });
    }
    if a.dim != b.dim {
        return Err(EvalError::Dimension {
            values: b.dim,
            dim: a.dim,
        });
    }
    let sum: f64 = a
        .unit_length()
        .iter()
        .zip(b.unit_length().iter())
        .map(|(a, b)| distance(a, b))
        .sum();
    Ok((sum / a.rows().max(1) as f64) as f32)
}

/// Logarithm of the mean of `exp(-2 * squared distance)` over pairs of unit-length embeddings.
///
/// 0 if all are equal, -4 at the least; from the same paper as [`alignment`], with `t = 2`. Large
/// tables are thinned to 1024 rows at even distances.
pub fn uniformity(embeddings: &Embeddings) -> f32 {
    let rows = embeddings.rows();
    let taken = rows.min(PAIR_ROWS);
    let thin: Vec<usize> = (0..taken).map(|i| i * rows / taken.max(1)).collect();
    let unit = embeddings.select(&thin).unit_length();
    let (mut sum, mut pairs) = (0.0, 0u32);
    for a in 0..taken {
        for b in 0..a {
            sum += (-2.0 * distance(unit.row(a), unit.row(b))).exp();
            pairs += 1;
        }
    }
    if pairs == 0 {
        0.0
    } else {
        (sum / f64::from(pairs)).ln() as f32
    }
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    f64::from(a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>())
}

/// Eigenvalues of the table's transpose times itself: squares of its singular values.
fn eigenvalues(embeddings: &Embeddings) -> Vec<f64> {
    if embeddings.values.is_empty() {
        return Vec::new();
    }
    let dim = embeddings.dim;
    DMatrix::from_row_slice(dim, dim, &gram(&embeddings.values, dim))
        .symmetric_eigenvalues()
        .iter()
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(values: &[f32], dim: usize) -> Embeddings {
        Embeddings::new(values.to_vec(), dim).unwrap()
    }

    #[test]
    fn rank_counts_even_directions() {
        assert!(
            (rank_me(&table(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0], 3)) - 3.0).abs() < 1e-4
        );
        assert!((rank_me(&table(&[1.0, 2.0, 2.0, 4.0, -3.0, -6.0], 2)) - 1.0).abs() < 1e-3);
        assert_eq!(rank_me(&table(&[0.0; 6], 2)), 1.0);
        // Singular values 3 and 1: entropy of (3/4, 1/4).
        let entropy = -(0.75f32 * 0.75f32.ln() + 0.25 * 0.25f32.ln());
        assert!((rank_me(&table(&[3.0, 0.0, 0.0, 1.0], 2)) - entropy.exp()).abs() < 1e-4);
    }

    #[test]
    fn equal_embeddings_are_called_collapsed() {
        let same = table(&[0.5, 1.0, -2.0, 0.3].repeat(10), 4);
        let spread = Spread::of(&same).unwrap();
        assert!(spread.deviation < 1e-3 && spread.dead == 4, "{spread:?}");
        assert!(spread.warning().unwrap().contains("collapse"));
        let corners = table(&[1.0, 0.0, 0.0, 1.0, -1.0, 0.0, 0.0, -1.0], 2);
        assert_eq!(Spread::of(&corners).unwrap().warning(), None);
    }

    #[test]
    fn alignment_and_uniformity_by_hand() {
        let a = table(&[1.0, 0.0, 0.0, 2.0], 2);
        let b = table(&[0.0, 1.0, 0.0, 1.0], 2);
        assert!((alignment(&a, &b).unwrap() - 1.0).abs() < 1e-6);
        // One pair at squared distance 2: ln exp(-4).
        assert!((uniformity(&a) + 4.0).abs() < 1e-5);
        assert_eq!(uniformity(&table(&[1.0, 1.0, 2.0, 2.0], 2)), 0.0);
        assert!(alignment(&a, &table(&[1.0, 1.0], 2)).is_err());
    }
}
