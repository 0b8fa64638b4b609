//! Coefficients that are not negative and have the least squared relative error.

/// Sweeps of coordinate descent; the problems have a handful of unknowns.
const SWEEPS: usize = 20_000;

/// `x >= 0` for which `sum(amounts * x)` is nearest to each `count`, by the mean squared relative error.
///
/// Each sample is (amounts, count above 0). Coordinate descent (Franc et al., *Sequential Coordinate-Wise Algorithm for the
/// Non-negative Least Squares Problem*, 2005).
pub fn fit(samples: &[(Vec<f64>, f64)]) -> Vec<f64> {
    let len = samples.first().map_or(0, |(amounts, _)| amounts.len());
    let relative = |i: usize| {
        samples
            .iter()
            .map(move |(amounts, count)| amounts[i] / count)
    };
    let norms: Vec<f64> = (0..len)
        .map(|i| relative(i).map(|a| a * a).sum::<f64>().sqrt())
        .collect();
    // In units in which every column has length 1.
    let columns: Vec<Vec<f64>> = (0..len)
        .map(|i| {
            relative(i)
                .map(|a| a / norms[i].max(f64::MIN_POSITIVE))
                .collect()
        })
        .collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let gram: Vec<Vec<f64>> = (0..len)
        .map(|i| (0..len).map(|j| dot(&columns[i], &columns[j])).collect())
        .collect();
    let target: Vec<f64> = columns.iter().map(|column| column.iter().sum()).collect();
    let mut x = vec![0.0; len];
    for _ in 0..SWEEPS {
        for i in (0..len).filter(|&i| gram[i][i] > 0.0) {
            let slope = dot(&gram[i], &x) - target[i];
            x[i] = (x[i] - slope / gram[i][i]).max(0.0);
        }
    }
    x.iter()
        .zip(&norms)
        .map(|(x, norm)| if *norm > 0.0 { x / norm } else { 0.0 })
        .collect()
}

#[test]
fn known_coefficients_are_found_again() {
    let truth = [700.0, 0.0, 12.5, 0.8];
    let samples: Vec<_> = (1..30_u32)
        .map(|i| {
            let [a, b, c] = [7, 11, 13].map(|m| f64::from(i * m % 29) + 1.0);
            let amounts = vec![1.0, a * b, b * c * 10.0, a * b * c * 20.0];
            let count: f64 = amounts.iter().zip(truth).map(|(a, x)| a * x).sum();
            (amounts, count)
        })
        .collect();
    for (found, truth) in fit(&samples).into_iter().zip(truth) {
        assert!(
            (found - truth).abs() < 1e-3 * (1.0 + truth),
            "{found} for {truth}"
        );
    }
}
