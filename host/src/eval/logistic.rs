//! Multinomial logistic regression with an L2 penalty on the weights, not on the offsets.
//!
//! Minimises `inverse_l2 * sum of cross-entropies + |weights|^2 / 2`, the form and the minimum of
//! scikit-learn's `LogisticRegression(C=inverse_l2)`. L-BFGS starts from Böhning's bound on the Hessian
//! (*Multinomial logistic regression algorithm*, 1992), so some 10 to 30 passes over the data suffice.

use super::lbfgs::{Stop, minimise};
use super::product::{PANEL, gram, times, transposed_times};
use super::{Embeddings, EvalError};
use nalgebra::{Cholesky, DMatrix, DVector};

/// To the minimum, as far as figures that are reported can show.
pub(super) const CLOSELY: Stop = Stop {
    gradient: 1e-5,
    steps: 200,
};
/// Near enough to tell a good penalty from a bad one.
pub(super) const ROUGHLY: Stop = Stop {
    gradient: 1e-3,
    steps: 50,
};

/// A fitted classifier.
#[derive(Clone, PartialEq, Debug)]
pub struct Logistic {
    /// One panel for 16 labels: `(dim + 1) * 16` values, the last 16 of them offsets.
    parameters: Vec<f64>,
    dim: usize,
    classes: usize,
}

/// Windows and labels made ready for fits with several penalties.
pub struct Problem {
    /// `rows * (dim + 1)`: each embedding and a 1.
    x: Vec<f32>,
    labels: Vec<usize>,
    gram: Vec<f64>,
    dim: usize,
    classes: usize,
}

impl Problem {
    /// Takes one label below `classes` for each row of `embeddings`.
    ///
    /// # Errors
    /// [`EvalError::Rows`] if the lengths differ, [`EvalError::UnknownLabel`] for a label of `classes`
    /// or more, [`EvalError::NoLabels`] without rows.
    pub fn new(
        embeddings: &Embeddings,
        labels: &[usize],
        classes: usize,
    ) -> Result<Self, EvalError> {
        let expected = labels.len();
        if embeddings.rows() != expected {
            let what = "the table of embeddings".into();
            return Err(EvalError::Rows {
                what,
                expected,
                found: embeddings.rows(),
            });
        }
        if expected == 0 {
            return Err(EvalError::NoLabels { side: "training" });
        }
        if let Some(window) = labels.iter().position(|&label| label >= classes) {
            return Err(EvalError::UnknownLabel {
                window,
                label: labels[window],
                labels: classes,
            });
        }
        let x = with_one(embeddings);
        let gram = gram(&x, embeddings.dim + 1);
        Ok(Self {
            x,
            labels: labels.to_vec(),
            gram,
            dim: embeddings.dim,
            classes,
        })
    }

    /// Fits with `inverse_l2` (`C` of scikit-learn; positive), from `start` if given.
    ///
    /// # Errors
    /// [`EvalError::Setting`] if `inverse_l2` is not positive and finite.
    pub(super) fn fit(
        &self,
        inverse_l2: f64,
        start: Option<&Logistic>,
        stop: Stop,
    ) -> Result<Logistic, EvalError> {
        if !(inverse_l2.is_finite() && inverse_l2 > 0.0) {
            let range = "positive and finite";
            return Err(EvalError::Setting {
                name: "inverse_l2",
                value: inverse_l2,
                range,
            });
        }
        let (width, rows) = (self.dim + 1, self.labels.len() as f64);
        let penalty = 1.0 / (inverse_l2 * rows);
        let panel = width * PANEL;
        let mut parameters = vec![0.0; self.classes.div_ceil(PANEL) * panel];
        if let Some(start) = start.filter(|s| s.dim == self.dim && s.classes == self.classes) {
            parameters.copy_from_slice(&start.parameters);
        }
        let bound = self.bound(penalty);
        let precondition = |vector: &mut [f64]| {
            let Some(bound) = &bound else { return };
            for panel in vector.chunks_exact_mut(panel) {
                for column in 0..PANEL {
                    let side = DVector::from_fn(width, |j, _| panel[j * PANEL + column]);
                    if side.iter().any(|&v| v != 0.0) {
                        let solved = bound.solve(&side);
                        (0..width).for_each(|j| panel[j * PANEL + column] = solved[j]);
                    }
                }
            }
        };
        minimise(
            &mut parameters,
            |p, g| self.objective(p, penalty, g),
            precondition,
            stop,
        );
        Ok(Logistic {
            parameters,
            dim: self.dim,
            classes: self.classes,
        })
    }

    /// Half the second moments plus the penalty: above every Hessian of the mean cross-entropy.
    fn bound(&self, penalty: f64) -> Option<Cholesky<f64, nalgebra::Dyn>> {
        let (width, rows) = (self.dim + 1, self.labels.len() as f64);
        let ridge = penalty.max(1e-9);
        let matrix = DMatrix::from_fn(width, width, |a, b| {
            self.gram[a * width + b] / (2.0 * rows) + if a == b { ridge } else { 0.0 }
        });
        Cholesky::new(matrix)
    }

    /// Mean cross-entropy plus penalty, and its gradient.
    fn objective(&self, parameters: &[f64], penalty: f64, gradient: &mut [f64]) -> f64 {
        let (width, rows) = (self.dim + 1, self.labels.len());
        let panel = width * PANEL;
        let mut logits = logits(&self.x, width, parameters);
        let stride = rows * PANEL;
        let mut loss = 0.0;
        let mut row = vec![0.0f32; self.classes];
        for (i, &label) in self.labels.iter().enumerate() {
            for (c, value) in row.iter_mut().enumerate() {
                *value = logits[c / PANEL * stride + i * PANEL + c % PANEL];
            }
            let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let of_label = row[label];
            let mut sum = 0.0;
            for value in &mut row {
                *value = (*value - top).exp();
                sum += *value;
            }
            loss += f64::from(sum.ln() + top - of_label);
            for (c, &value) in row.iter().enumerate() {
                logits[c / PANEL * stride + i * PANEL + c % PANEL] =
                    value / sum - f32::from(u8::from(c == label));
            }
            for c in self.classes..self.classes.next_multiple_of(PANEL) {
                logits[c / PANEL * stride + i * PANEL + c % PANEL] = 0.0;
            }
        }
        let mut square = 0.0;
        for ((gradient, parameters), delta) in gradient
            .chunks_exact_mut(panel)
            .zip(parameters.chunks_exact(panel))
            .zip(logits.chunks_exact(stride))
        {
            let sums = transposed_times(&self.x, width, delta);
            for (i, ((g, &p), sum)) in gradient.iter_mut().zip(parameters).zip(sums).enumerate() {
                let p = if i < self.dim * PANEL { p } else { 0.0 };
                square += p * p;
                *g = sum / rows as f64 + penalty * p;
            }
        }
        loss / rows as f64 + 0.5 * penalty * square
    }
}

impl Logistic {
    /// The label of each row.
    ///
    /// # Errors
    /// [`EvalError::Dimension`] if the embeddings have another dimension than those of the fit.
    pub fn predict(&self, embeddings: &Embeddings) -> Result<Vec<usize>, EvalError> {
        if embeddings.dim != self.dim {
            return Err(EvalError::Dimension {
                values: embeddings.dim,
                dim: self.dim,
            });
        }
        let rows = embeddings.rows();
        let logits = logits(&with_one(embeddings), self.dim + 1, &self.parameters);
        let at = |row, c| logits[c / PANEL * rows * PANEL + row * PANEL + c % PANEL];
        Ok((0..rows)
            .map(|row| super::largest(self.classes, |c| at(row, c)))
            .collect())
    }

    /// Weight of `column` for `label`; `column == dim` is the offset.
    ///
    /// # Panics
    /// If `label` or `column` is out of range.
    pub fn weight(&self, label: usize, column: usize) -> f64 {
        let width = self.dim + 1;
        self.parameters[label / PANEL * width * PANEL + column * PANEL + label % PANEL]
    }
}

fn with_one(embeddings: &Embeddings) -> Vec<f32> {
    embeddings
        .iter()
        .flat_map(|row| row.iter().copied().chain([1.0]))
        .collect()
}

/// `rows * 16` logits for each panel of labels.
fn logits(x: &[f32], width: usize, parameters: &[f64]) -> Vec<f32> {
    let mut out = vec![0.0; parameters.len() / width * (x.len() / width)];
    let narrow: Vec<f32> = parameters.iter().map(|&p| p as f32).collect();
    let stride = x.len() / width * PANEL;
    if stride > 0 {
        for (out, panel) in out
            .chunks_exact_mut(stride)
            .zip(narrow.chunks_exact(width * PANEL))
        {
            times(x, width, panel, out);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(line: &str) -> Vec<f64> {
        line.split_whitespace()
            .map(|v| v.parse().unwrap())
            .collect()
    }

    #[test]
    fn the_minimum_is_scikit_learns() {
        let golden = include_str!("../../tests/golden/sklearn_lr.txt");
        let mut lines = golden.lines().skip(1).map(numbers);
        let shape = lines.next().unwrap();
        let [rows, dim, classes] = [0, 1, 2].map(|i| shape[i] as usize);
        let (mut values, mut labels) = (Vec::new(), Vec::new());
        for row in lines.by_ref().take(rows) {
            values.extend(row[..dim].iter().map(|&v| v as f32));
            labels.push(row[dim] as usize);
        }
        let table = Embeddings::new(values, dim).unwrap();
        let problem = Problem::new(&table, &labels, classes).unwrap();
        for _ in 0..2 {
            let (weights, offsets) = (lines.next().unwrap(), lines.next().unwrap());
            let model = problem.fit(weights[0], None, CLOSELY).unwrap();
            for label in 0..classes {
                for column in 0..dim {
                    let theirs = weights[1 + label * dim + column];
                    let ours = model.weight(label, column);
                    assert!(
                        (ours - theirs).abs() < 1e-3 * theirs.abs().max(1.0),
                        "C {}: {ours} and {theirs}",
                        weights[0]
                    );
                }
                // Offsets are unpenalised, so only their differences are determined.
                let ours = model.weight(label, dim) - model.weight(0, dim);
                let theirs = offsets[1 + label] - offsets[1];
                assert!(
                    (ours - theirs).abs() < 1e-3 * theirs.abs().max(1.0),
                    "C {}: {ours} and {theirs}",
                    weights[0]
                );
            }
        }
    }

    #[test]
    fn more_labels_than_a_panel_holds_are_told_apart() {
        let labels: Vec<usize> = (0..80).map(|i| i % 40).collect();
        let values = labels
            .iter()
            .flat_map(|&l| (0..40).map(move |d| f32::from(u8::from(d == l))));
        let table = Embeddings::new(values.collect(), 40).unwrap();
        let model = Problem::new(&table, &labels, 40)
            .unwrap()
            .fit(100.0, None, CLOSELY)
            .unwrap();
        assert_eq!(model.predict(&table).unwrap(), labels);
    }

    #[test]
    fn impossible_input_says_why() {
        let table = Embeddings::new(vec![0.0, 1.0], 1).unwrap();
        assert!(Problem::new(&table, &[0], 2).is_err());
        assert!(Problem::new(&table, &[0, 2], 2).is_err());
        let problem = Problem::new(&table, &[0, 1], 2).unwrap();
        assert!(problem.fit(0.0, None, CLOSELY).is_err());
        let other = Embeddings::new(vec![0.0; 4], 2).unwrap();
        assert!(
            problem
                .fit(1.0, None, CLOSELY)
                .unwrap()
                .predict(&other)
                .is_err()
        );
    }
}
