//! Affine maps that make an embedding space round before few labels are learned in it.
//!
//! Every map is fitted on unlabelled training windows and is one matrix and one offset, so the export
//! folds it into the encoder's last dense layer and the device pays nothing for it.

use super::cluster::k_means;
use super::product::{PANEL, gram, panels, times};
use super::{Embeddings, EvalError, Pool};
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Added to every deviation, so that a dead dimension stays finite.
const LEAST_DEVIATION: f64 = 1e-6;
/// Windows for each cluster, where there are few.
const CLUSTER: usize = 50;

/// What is done to embeddings before a learner sees them.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Preparation {
    /// First scale each embedding to length `sqrt(D)`: where training compared directions only.
    pub same_length_first: bool,
    /// Then apply the map.
    pub map: Whitening,
    /// Then scale each embedding to length `sqrt(D)`.
    pub same_length_last: bool,
}

/// Which affine map.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Whitening {
    /// None: for embeddings whose encoder already holds it.
    None,
    /// Each dimension to mean 0 and deviation 1.
    #[default]
    Standardise,
    /// Standardise, then make the dimensions uncorrelated.
    Whiten {
        /// Share of the identity mixed into the correlation, 0 to 1; 0.5 is a good start, 0.1 is too little
        /// for some 1000 windows.
        shrinkage: f32,
    },
    /// Standardise, then make what varies *within* a recording round and small.
    ///
    /// A recording holds one activity, mostly, so what varies within it is what a label should ignore:
    /// relevant component analysis (Bar-Hillel et al., *Learning a Mahalanobis Metric from Equivalence
    /// Constraints*, 2005) with recordings as chunklets. Needs no labels.
    WithinRecording {
        /// Share of the identity mixed into the covariance, 0 to 1; 0.3 is a good start.
        shrinkage: f32,
    },
    /// [`Whitening::WithinRecording`] with clusters of the whitened embeddings (k-means) in the place of recordings:
    /// windows that look alike have the same label, mostly.
    WithinCluster {
        /// Share of the identity mixed into either covariance, 0 to 1; 0.6 is a good start.
        shrinkage: f32,
        /// How many at most; fewer where there are no 50 windows for each.
        clusters: usize,
    },
}

/// `matrix * h + offset`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Affine {
    /// Values in and out, `D`.
    pub dim: usize,
    /// `D * D`, one output after the other: the `OI` order of a dense layer.
    pub matrix: Vec<f32>,
    /// `D` values.
    pub offset: Vec<f32>,
}

impl Preparation {
    /// Nothing at all.
    pub const NONE: Self = Self::new(Whitening::None);
    /// Each dimension to mean 0 and deviation 1.
    pub const STANDARDISE: Self = Self::new(Whitening::Standardise);

    /// The map alone.
    pub const fn new(map: Whitening) -> Self {
        Self {
            same_length_first: false,
            map,
            same_length_last: false,
        }
    }

    /// The map between two scalings to length `sqrt(D)`: for embeddings trained by cosine similarity.
    pub const fn of_directions(map: Whitening) -> Self {
        Self {
            same_length_first: true,
            map,
            same_length_last: true,
        }
    }

    /// Fits the map on all training windows of `pool`; the result prepares any window.
    ///
    /// # Errors
    /// As [`Whitening::fit`].
    pub fn fit(self, pool: &Pool) -> Result<Prepare, EvalError> {
        let map = if self.same_length_first {
            let embeddings = pool.embeddings.same_length();
            self.map.fit(&Pool {
                embeddings,
                recordings: pool.recordings.clone(),
            })?
        } else {
            self.map.fit(pool)?
        };
        Ok(Prepare {
            preparation: self,
            map,
        })
    }
}

/// A [`Preparation`] fitted to training windows.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Prepare {
    /// What was asked for.
    pub preparation: Preparation,
    /// The fitted map.
    pub map: Affine,
}

impl Prepare {
    /// Prepares every row.
    ///
    /// # Errors
    /// [`EvalError::Dimension`] if the embeddings have another dimension.
    pub fn apply(&self, embeddings: &Embeddings) -> Result<Embeddings, EvalError> {
        let Preparation {
            same_length_first,
            map,
            same_length_last,
        } = self.preparation;
        let scaled = same_length_first.then(|| embeddings.same_length());
        let from = scaled.as_ref().unwrap_or(embeddings);
        let mapped = if map == Whitening::None {
            from.clone()
        } else {
            self.map.apply(from)?
        };
        Ok(if same_length_last {
            mapped.same_length()
        } else {
            mapped
        })
    }
}

impl Whitening {
    /// Of what varies within `recordings`, the one of each window. Where they hold fewer than two windows on average,
    /// a few long ones among many short would not say what varies within: within so many `clusters` then, or, with 0 of
    /// them, of everything.
    pub fn suited(recordings: &[usize], shrinkage: f32, clusters: usize) -> Self {
        let distinct: BTreeSet<_> = recordings.iter().collect();
        if recordings.len() >= 2 * distinct.len() {
            Self::WithinRecording { shrinkage }
        } else if clusters > 0 {
            Self::WithinCluster {
                shrinkage,
                clusters,
            }
        } else {
            Self::Whiten { shrinkage }
        }
    }

    /// Fits the map on all training windows.
    ///
    /// # Errors
    /// [`EvalError::Setting`] for a shrinkage outside 0 to 1, [`EvalError::EmptySide`] for an empty pool,
    /// [`EvalError::SingleGroup`] if no recording has two windows.
    pub fn fit(self, pool: &Pool) -> Result<Affine, EvalError> {
        let dim = pool.embeddings.dim;
        if pool.embeddings.rows() == 0 {
            return Err(EvalError::EmptySide { side: "training" });
        }
        let (mean, variance) = pool.embeddings.moments();
        let scale: Vec<f64> = variance
            .iter()
            .map(|v| 1.0 / (v.sqrt() + LEAST_DEVIATION))
            .collect();
        let through = |matrix: &DMatrix<f64>| Affine::new(matrix, &mean, &scale);
        let round = |rows: &[f32], shrinkage| Ok(through(&inverse_root(rows, dim, shrinkage)?));
        let standard = || standard(&pool.embeddings, &mean, &scale);
        match self {
            Self::None => {
                let (mean, scale) = (vec![0.0; dim], vec![1.0; dim]);
                Ok(Affine::new(&DMatrix::identity(dim, dim), &mean, &scale))
            }
            Self::Standardise => Ok(through(&DMatrix::identity(dim, dim))),
            Self::Whiten { shrinkage } => round(&standard(), shrinkage),
            Self::WithinRecording { shrinkage } => {
                let mut rows = standard();
                centre_groups(&mut rows, dim, &pool.recordings)?;
                round(&rows, shrinkage)
            }
            Self::WithinCluster {
                shrinkage,
                clusters,
            } => {
                let mut rows = standard();
                let whitened = round(&rows, shrinkage)?.apply(&pool.embeddings)?;
                let count = clusters.min(whitened.rows() / CLUSTER).max(1);
                let clusters = k_means(&whitened.values, dim, count);
                centre_groups(&mut rows, dim, &clusters)?;
                round(&rows, shrinkage)
            }
        }
    }
}

impl Affine {
    /// `matrix * (h - mean) * scale`.
    fn new(matrix: &DMatrix<f64>, mean: &[f64], scale: &[f64]) -> Self {
        let dim = mean.len();
        let scaled = DMatrix::from_fn(dim, dim, |o, i| matrix[(o, i)] * scale[i]);
        let offset = -(&scaled * DVector::from_column_slice(mean));
        Self {
            dim,
            matrix: scaled.transpose().iter().map(|&v| v as f32).collect(),
            offset: offset.iter().map(|&v| v as f32).collect(),
        }
    }

    /// Maps every row.
    ///
    /// # Errors
    /// [`EvalError::Dimension`] if the embeddings have another dimension.
    pub fn apply(&self, embeddings: &Embeddings) -> Result<Embeddings, EvalError> {
        let dim = self.dim;
        if embeddings.dim != dim {
            return Err(EvalError::Dimension {
                values: embeddings.dim,
                dim,
            });
        }
        let rows = embeddings.rows();
        let mut values = vec![0.0; rows * dim];
        let mut out = vec![0.0; rows * PANEL];
        for (i, panel) in panels(&self.matrix, dim)
            .chunks_exact(dim * PANEL)
            .enumerate()
        {
            times(&embeddings.values, dim, panel, &mut out);
            let first = i * PANEL;
            let width = PANEL.min(dim - first);
            for (to, from) in values.chunks_exact_mut(dim).zip(out.chunks_exact(PANEL)) {
                for ((to, from), offset) in to[first..]
                    .iter_mut()
                    .zip(&from[..width])
                    .zip(&self.offset[first..])
                {
                    *to = from + offset;
                }
            }
        }
        Ok(Embeddings { values, dim })
    }
}

fn standard(embeddings: &Embeddings, mean: &[f64], scale: &[f64]) -> Vec<f32> {
    let one = |((&v, m), s): ((&f32, &f64), &f64)| ((f64::from(v) - m) * s) as f32;
    embeddings
        .iter()
        .flat_map(|row| row.iter().zip(mean).zip(scale).map(one))
        .collect()
}

/// Takes each group's mean off its rows; rows of a group need not be neighbours.
fn centre_groups(rows: &mut [f32], dim: usize, groups: &[usize]) -> Result<(), EvalError> {
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|&row| groups[row]);
    let mut repeated = false;
    for group in order.chunk_by(|&a, &b| groups[a] == groups[b]) {
        repeated |= group.len() > 1;
        for column in 0..dim {
            let sum: f64 = group
                .iter()
                .map(|&row| f64::from(rows[row * dim + column]))
                .sum();
            let mean = (sum / group.len() as f64) as f32;
            group
                .iter()
                .for_each(|&row| rows[row * dim + column] -= mean);
        }
    }
    if repeated {
        Ok(())
    } else {
        Err(EvalError::SingleGroup {
            group: "window of each recording",
        })
    }
}

/// Inverse square root of the rows' covariance, shrunk towards a multiple of the identity of equal trace.
fn inverse_root(rows: &[f32], dim: usize, shrinkage: f32) -> Result<DMatrix<f64>, EvalError> {
    if !(0.0..=1.0).contains(&shrinkage) {
        return Err(EvalError::Setting {
            name: "shrinkage",
            value: shrinkage.into(),
            range: "between 0 and 1",
        });
    }
    let count = (rows.len() / dim).saturating_sub(1).max(1) as f64;
    let shrinkage = f64::from(shrinkage);
    let covariance = DMatrix::from_row_slice(dim, dim, &gram(rows, dim)) / count;
    let level = covariance.trace() / dim as f64;
    let shrunk = covariance * (1.0 - shrinkage) + DMatrix::identity(dim, dim) * (shrinkage * level);
    let eigen = shrunk.symmetric_eigen();
    // A direction in which nothing varies must not be blown up.
    let floor = (1e-6 * level).max(f64::MIN_POSITIVE);
    let root = eigen.eigenvalues.map(|v| 1.0 / v.max(floor).sqrt());
    Ok(&eigen.eigenvectors * DMatrix::from_diagonal(&root) * eigen.eigenvectors.transpose())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows `(2a, a + b)` with an offset: strongly correlated, `a` changes within a recording only.
    fn pool() -> Pool {
        let mut values = Vec::new();
        let mut recordings = Vec::new();
        for i in 0..400usize {
            let a = ((i * 7919) % 401) as f32 / 200.0 - 1.0;
            let b = ((i / 40) * 3 % 10) as f32 / 5.0 - 1.0;
            values.extend([2.0 * a + 5.0, a + b]);
            recordings.push(i / 40);
        }
        Pool {
            embeddings: Embeddings::new(values, 2).unwrap(),
            recordings,
        }
    }

    fn covariance(rows: &Embeddings) -> [f64; 3] {
        let (mean, variance) = rows.moments();
        let cross: f64 = rows
            .iter()
            .map(|r| (f64::from(r[0]) - mean[0]) * (f64::from(r[1]) - mean[1]))
            .sum();
        [variance[0], variance[1], cross / rows.rows() as f64]
    }

    #[test]
    fn standardised_dimensions_have_mean_0_and_deviation_1() {
        let pool = pool();
        let mapped = Whitening::Standardise
            .fit(&pool)
            .unwrap()
            .apply(&pool.embeddings)
            .unwrap();
        let [a, b, _] = covariance(&mapped);
        assert!((a - 1.0).abs() < 1e-3 && (b - 1.0).abs() < 1e-3);
        assert!(mapped.moments().0.iter().all(|m| m.abs() < 1e-4));
    }

    #[test]
    fn whitened_dimensions_are_uncorrelated() {
        let pool = pool();
        let map = Whitening::Whiten { shrinkage: 0.0 }.fit(&pool).unwrap();
        let [a, b, cross] = covariance(&map.apply(&pool.embeddings).unwrap());
        assert!((a - 1.0).abs() < 0.01 && (b - 1.0).abs() < 0.01 && cross.abs() < 1e-3);
        let none = Whitening::Whiten { shrinkage: 1.0 }.fit(&pool).unwrap();
        let standard = Whitening::Standardise.fit(&pool).unwrap();
        for (a, b) in none.matrix.iter().zip(&standard.matrix) {
            assert!((a - b).abs() < 2e-3);
        }
    }

    #[test]
    fn what_varies_within_recordings_becomes_round() {
        let pool = pool();
        let map = Whitening::WithinRecording { shrinkage: 0.1 }
            .fit(&pool)
            .unwrap();
        let mut mapped = map.apply(&pool.embeddings).unwrap();
        centre_groups(&mut mapped.values, 2, &pool.recordings).unwrap();
        let [a, b, cross] = covariance(&mapped);
        let between = covariance(&map.apply(&pool.embeddings).unwrap());
        assert!(
            between[0] + between[1] > 2.0 * (a + b),
            "{between:?} {a} {b} {cross}"
        );
    }

    #[test]
    fn a_few_long_recordings_do_not_say_what_varies_within() {
        let shrinkage = 0.6;
        let within = Whitening::WithinRecording { shrinkage };
        let suited = |recordings, clusters| Whitening::suited(recordings, shrinkage, clusters);
        assert_eq!(suited(&[0, 0, 0, 1, 2, 2], 7), within);
        let of_everything = Whitening::Whiten { shrinkage };
        assert_eq!(suited(&[0, 1, 2, 2, 3], 0), of_everything);
        let clusters = 7;
        let within = Whitening::WithinCluster {
            shrinkage,
            clusters,
        };
        assert_eq!(suited(&[0, 1, 2, 2, 3], clusters), within);
    }

    #[test]
    fn clusters_take_the_place_of_recordings() {
        let mut pool = pool();
        // Two heaps far apart in the second dimension.
        for row in pool.embeddings.values.chunks_exact_mut(2).step_by(2) {
            row[1] += 20.0;
        }
        let map = Whitening::WithinCluster {
            shrinkage: 0.1,
            clusters: 8,
        };
        let mapped = map.fit(&pool).unwrap().apply(&pool.embeddings).unwrap();
        let [a, b, _] = covariance(&mapped);
        assert!(
            b > 5.0 * a,
            "what tells the heaps apart stays large: {a} {b}"
        );
    }

    #[test]
    fn impossible_input_says_why() {
        let mut pool = pool();
        let error = Whitening::Whiten { shrinkage: 1.5 }.fit(&pool).unwrap_err();
        assert!(error.to_string().contains("between 0 and 1"), "{error}");
        pool.recordings = (0..400).collect();
        assert!(
            Whitening::WithinRecording { shrinkage: 0.3 }
                .fit(&pool)
                .is_err()
        );
    }
}
