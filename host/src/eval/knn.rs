//! k-NN evaluation: the labels of the nearest training windows by cosine similarity vote.
//!
//! Votes are weighted with `exp(cosine / temperature)` as Wu et al. do (*Unsupervised Feature Learning
//! via Non-Parametric Instance Discrimination*, 2018), or counted equally.

use super::product::{PANEL, panels, times};
use super::{Confusion, Embeddings, EvalError, Score, Test, Train};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How neighbours vote.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Knn {
    /// Neighbours that vote, at least 1; fixed beforehand, never chosen on test windows.
    pub neighbours: usize,
    /// Votes weigh `exp(cosine / temperature)`; `None` counts them equally.
    pub temperature: Option<f32>,
}

impl Default for Knn {
    /// 20 neighbours, temperature 0.07.
    fn default() -> Self {
        Self {
            neighbours: 20,
            temperature: Some(0.07),
        }
    }
}

/// Test rows of one task.
const QUERIES: usize = 256;

impl Knn {
    /// Accuracy and macro F1 on the test windows.
    ///
    /// # Errors
    /// As [`Knn::predict`].
    pub fn score(&self, train: &Train, test: &Test) -> Result<Score, EvalError> {
        let predicted = self.predict(
            &train.embeddings,
            &train.labels,
            train.classes(),
            &test.embeddings,
        )?;
        Ok(Confusion::new(&test.label_names, &test.labels, &predicted)?.score())
    }

    /// The label that the nearest rows of `known` give to each row of `queries`.
    ///
    /// Equal similarities prefer the earlier row, equal votes the lower label.
    ///
    /// # Errors
    /// [`EvalError::TooManyNeighbours`], [`EvalError::Setting`] for 0 neighbours or a temperature that
    /// is not positive, [`EvalError::Rows`] or [`EvalError::Dimension`] for tables that do not fit.
    pub fn predict(
        &self,
        known: &Embeddings,
        labels: &[usize],
        classes: usize,
        queries: &Embeddings,
    ) -> Result<Vec<usize>, EvalError> {
        self.check(known, labels, classes, queries)?;
        let (rows, dim, k) = (known.rows(), known.dim, self.neighbours);
        let known = panels(&known.unit_length().values, dim);
        let queries = queries.unit_length();
        let predict = |queries: &[f32]| -> Vec<usize> {
            let count = queries.len() / dim;
            let mut nearest = vec![Nearest::new(k); count];
            let mut cosines = vec![0.0; count * PANEL];
            for (panel, known) in known.chunks_exact(dim * PANEL).enumerate() {
                times(queries, dim, known, &mut cosines);
                let first = panel * PANEL;
                let width = PANEL.min(rows - first);
                for (nearest, cosines) in nearest.iter_mut().zip(cosines.chunks_exact(PANEL)) {
                    for (i, &cosine) in cosines[..width].iter().enumerate() {
                        nearest.offer(cosine, first + i);
                    }
                }
            }
            nearest
                .iter()
                .map(|n| self.vote(n, labels, classes))
                .collect()
        };
        Ok(queries
            .values
            .par_chunks(QUERIES * dim)
            .flat_map_iter(predict)
            .collect())
    }

    fn vote(&self, nearest: &Nearest, labels: &[usize], classes: usize) -> usize {
        let mut votes = vec![0.0f32; classes];
        for &(cosine, row) in &nearest.rows {
            // Relative to the nearest, so that small temperatures cannot overflow.
            let top = nearest.rows[0].0;
            votes[labels[row]] += self.temperature.map_or(1.0, |t| ((cosine - top) / t).exp());
        }
        super::largest(classes, |c| votes[c])
    }

    fn check(
        &self,
        known: &Embeddings,
        labels: &[usize],
        classes: usize,
        queries: &Embeddings,
    ) -> Result<(), EvalError> {
        let rows = known.rows();
        if self.neighbours == 0 {
            return Err(EvalError::Setting {
                name: "neighbours",
                value: 0.0,
                range: "at least 1",
            });
        }
        if let Some(t) = self.temperature.filter(|t| !(t.is_finite() && *t > 0.0)) {
            let range = "positive and finite";
            return Err(EvalError::Setting {
                name: "temperature",
                value: t.into(),
                range,
            });
        }
        if self.neighbours > rows {
            return Err(EvalError::TooManyNeighbours {
                k: self.neighbours,
                rows,
            });
        }
        if labels.len() != rows {
            let what = "the list of labels".into();
            return Err(EvalError::Rows {
                what,
                expected: rows,
                found: labels.len(),
            });
        }
        if let Some(window) = labels.iter().position(|&label| label >= classes) {
            return Err(EvalError::UnknownLabel {
                window,
                label: labels[window],
                labels: classes,
            });
        }
        if queries.dim != known.dim {
            return Err(EvalError::Dimension {
                values: queries.dim,
                dim: known.dim,
            });
        }
        Ok(())
    }
}

/// The best rows so far, best first.
#[derive(Clone)]
struct Nearest {
    rows: Vec<(f32, usize)>,
    k: usize,
}

impl Nearest {
    fn new(k: usize) -> Self {
        Self {
            rows: Vec::with_capacity(k + 1),
            k,
        }
    }

    #[inline]
    fn offer(&mut self, cosine: f32, row: usize) {
        if self.rows.len() == self.k && self.rows.last().is_none_or(|last| cosine <= last.0) {
            return;
        }
        let at = self.rows.partition_point(|&(c, _)| c >= cosine);
        self.rows.insert(at, (cosine, row));
        self.rows.truncate(self.k);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Embeddings {
        // Angles 0, 10, 80, 90 and 100 degrees, of different lengths.
        let angles = [
            (0.0f32, 1.0),
            (10.0, 5.0),
            (80.0, 0.1),
            (90.0, 2.0),
            (100.0, 9.0),
        ];
        let values = angles.iter().flat_map(|&(a, r)| {
            let a = a.to_radians();
            [r * a.cos(), r * a.sin()]
        });
        Embeddings::new(values.collect(), 2).unwrap()
    }

    #[test]
    fn angle_counts_and_length_does_not() {
        let query = Embeddings::new(vec![0.01, 0.001, 10.0, 80.0], 2).unwrap();
        let knn = Knn {
            neighbours: 1,
            temperature: None,
        };
        assert_eq!(
            knn.predict(&known(), &[0, 1, 2, 3, 4], 5, &query).unwrap(),
            [1, 2]
        );
    }

    #[test]
    fn majority_and_weighted_votes_differ_where_they_should() {
        // Nearest to 5 degrees: two of label 0 close by, then three of label 1 far away.
        let query = Embeddings::new(vec![1.0, 5f32.to_radians().tan()], 2).unwrap();
        let labels = [0, 0, 1, 1, 1];
        let majority = Knn {
            neighbours: 5,
            temperature: None,
        };
        assert_eq!(majority.predict(&known(), &labels, 2, &query).unwrap(), [1]);
        let weighted = Knn {
            neighbours: 5,
            temperature: Some(0.07),
        };
        assert_eq!(weighted.predict(&known(), &labels, 2, &query).unwrap(), [0]);
    }

    #[test]
    fn impossible_settings_say_why() {
        let knn = Knn {
            neighbours: 6,
            temperature: None,
        };
        let error = knn
            .predict(&known(), &[0, 0, 1, 1, 1], 2, &known())
            .unwrap_err();
        assert_eq!(error, EvalError::TooManyNeighbours { k: 6, rows: 5 });
        assert!(error.to_string().contains("use k <= 5"));
        let knn = Knn {
            neighbours: 2,
            temperature: Some(0.0),
        };
        assert!(
            knn.predict(&known(), &[0, 0, 1, 1, 1], 2, &known())
                .is_err()
        );
    }
}
