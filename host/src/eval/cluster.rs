//! Groups of windows that look alike: k-means.

use super::product::{PANEL, panels, times};
use super::random::Random;

/// Rounds after which a window that still changes its cluster no longer matters.
const ROUNDS: usize = 20;
/// Where the random choice of the first centres starts: clusters depend on the rows alone.
const SEED: u64 = 0;

/// The cluster, below `count`, of each of `rows` (each of `dim` values): Lloyd's algorithm (*Least Squares
/// Quantization in PCM*, 1982) from centres spread by k-means++ (Arthur and Vassilvitskii, 2007).
///
/// A cluster may stay empty. The same rows give the same clusters on every machine.
pub(super) fn k_means(rows: &[f32], dim: usize, count: usize) -> Vec<usize> {
    let mut centres = spread(rows, dim, count);
    let mut clusters = vec![0; rows.len() / dim];
    for _ in 0..ROUNDS {
        let nearest = nearest(rows, dim, &centres);
        if nearest == clusters {
            break;
        }
        clusters = nearest;
        centre(&mut centres, rows, dim, &clusters);
    }
    clusters
}

/// k-means++: each further centre is a row drawn with the square of its distance to the centres so far as weight.
fn spread(rows: &[f32], dim: usize, count: usize) -> Vec<f32> {
    let mut random = Random(SEED);
    let mut centres = Vec::with_capacity(count * dim);
    let mut distances = vec![f64::INFINITY; rows.len() / dim];
    let mut chosen = random.below(distances.len());
    for _ in 0..count {
        let Some(centre) = rows.chunks_exact(dim).nth(chosen) else {
            break;
        };
        centres.extend_from_slice(centre);
        for (distance, row) in distances.iter_mut().zip(rows.chunks_exact(dim)) {
            *distance = distance.min(squared_distance(row, centre));
        }
        let mut left = random.unit() * distances.iter().sum::<f64>();
        chosen = distances
            .iter()
            .position(|distance| {
                left -= distance;
                left < 0.0
            })
            .unwrap_or(0);
    }
    centres
}

fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
    squares.sum()
}

/// The nearest centre of each row, the first of equals.
fn nearest(rows: &[f32], dim: usize, centres: &[f32]) -> Vec<usize> {
    let mut best = vec![(f32::NEG_INFINITY, 0); rows.len() / dim];
    let mut products = vec![0.0; best.len() * PANEL];
    let panels = panels(centres, dim);
    for (first, (panel, centres)) in panels
        .chunks_exact(dim * PANEL)
        .zip(centres.chunks(dim * PANEL))
        .enumerate()
    {
        // The largest of `x c - c c / 2` belongs to the nearest `c`.
        let halves: Vec<f32> = centres
            .chunks_exact(dim)
            .map(|centre| centre.iter().map(|c| c * c).sum::<f32>() / 2.0)
            .collect();
        times(rows, dim, panel, &mut products);
        for (best, products) in best.iter_mut().zip(products.chunks_exact(PANEL)) {
            for (column, (product, half)) in products.iter().zip(&halves).enumerate() {
                if product - half > best.0 {
                    *best = (product - half, first * PANEL + column);
                }
            }
        }
    }
    best.into_iter().map(|(_, cluster)| cluster).collect()
}

/// Moves each centre to the mean of its rows; one without rows stays where it is.
fn centre(centres: &mut [f32], rows: &[f32], dim: usize, clusters: &[usize]) {
    let mut sums = vec![0.0f64; centres.len()];
    let mut counts = vec![0usize; centres.len() / dim];
    for (row, &cluster) in rows.chunks_exact(dim).zip(clusters) {
        counts[cluster] += 1;
        for (sum, &value) in sums[cluster * dim..].iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }
    for ((centre, sum), &count) in centres
        .chunks_exact_mut(dim)
        .zip(sums.chunks_exact(dim))
        .zip(&counts)
        .filter(|(_, count)| **count > 0)
    {
        for (centre, sum) in centre.iter_mut().zip(sum) {
            *centre = (sum / count as f64) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn heaps_far_apart_are_found() {
        let at = |i: usize| [(i % 3) as f32 * 10.0, (i % 7) as f32 * 0.1];
        let rows: Vec<f32> = (0..300).flat_map(at).collect();
        let clusters = k_means(&rows, 2, 3);
        let (a, b, c) = (clusters[0], clusters[1], clusters[2]);
        assert!(a != b && b != c && a != c);
        assert!((0..300).all(|i| clusters[i] == [a, b, c][i % 3]));
    }

    #[test]
    fn more_clusters_than_different_rows_are_no_trouble() {
        let clusters = k_means(&[1.0; 12], 2, 40);
        assert!(clusters.windows(2).all(|pair| pair[0] == pair[1]));
        assert!(k_means(&[], 2, 4).is_empty());
    }

    proptest! {
        #[test]
        fn every_row_is_nearest_to_the_mean_of_its_own_cluster(
            values in prop::collection::vec(-4i8..5, 20 * 3),
            count in 1usize..20,
        ) {
            let rows: Vec<f32> = values.into_iter().map(f32::from).collect();
            let clusters = k_means(&rows, 3, count);
            let mut means = vec![f32::INFINITY; count * 3];
            centre(&mut means, &rows, 3, &clusters);
            for (row, &own) in rows.chunks_exact(3).zip(&clusters) {
                let to = |cluster: usize| squared_distance(row, &means[cluster * 3..][..3]);
                prop_assert!((0..count).all(|other| to(own) <= to(other) + 1e-4));
            }
        }
    }
}
