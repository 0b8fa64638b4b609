//! The learners against PyTorch's SGD and numpy in float64 (`golden/probe.py`).

use mote_core::probe::{Label, Lda, Learner, Normalisation, Prototypes, Softmax, SoftmaxOptions};

const D: usize = 6;
const L: usize = 3;

/// The rows of one block.
fn block(name: &str) -> Vec<Vec<f64>> {
    let text = include_str!("golden/probe.txt");
    let header = format!("[{name}]");
    text.lines()
        .skip_while(|line| *line != header)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .map(|line| {
            line.split(' ')
                .map(|x| x.parse().expect("a number"))
                .collect()
        })
        .collect()
}

fn embeddings(name: &str) -> Vec<[f32; D]> {
    block(name)
        .iter()
        .map(|row| core::array::from_fn(|i| row[i] as f32))
        .collect()
}

/// Feeds the stream of the golden file.
fn teach(mut probe: impl Learner<D, L>) -> impl Learner<D, L> {
    for name in ["a", "b", "c"] {
        probe.add_label(name).unwrap();
    }
    let labels = &block("labels")[0];
    for (x, y) in embeddings("embeddings").iter().zip(labels) {
        probe.learn(x, Label(*y as u8)).unwrap();
    }
    probe
}

/// `factor(query)` brings our logits to the golden values, which must agree within `tolerance`,
/// relative to the largest of the query.
fn compare(probe: &impl Learner<D, L>, golden: &str, tolerance: f64, proportional: bool) {
    let (queries, golden) = (embeddings("queries"), block(golden));
    assert_eq!((queries.len(), golden.len()), (8, 8));
    for (query, want) in queries.iter().zip(golden) {
        let logits = probe.logits(query).unwrap().map(f64::from);
        let factor = if proportional {
            want[0] / logits[0]
        } else {
            1.0
        };
        let scale = want.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        for (logit, want) in logits.iter().zip(&want) {
            let error = (logit * factor - want).abs() / scale;
            assert!(
                error < tolerance,
                "{logit} * {factor} is not {want}: {error:e}"
            );
        }
    }
}

#[test]
fn prototypes_measure_the_distance_to_the_mean() {
    let probe = teach(Prototypes::<D, L>::new(Normalisation::None));
    compare(&probe, "prototype distances", 2e-6, true);
}

#[test]
fn lda_measures_the_mahalanobis_distance() {
    let probe = teach(Lda::<D, L, { Lda::packed_len(D) }>::new(
        Normalisation::None,
        1.0,
    ));
    compare(&probe, "lda distances", 2e-5, true);
}

fn options(imprint: f32) -> SoftmaxOptions {
    SoftmaxOptions {
        normalisation: Normalisation::None,
        rate: 0.3,
        momentum: 0.9,
        weight_decay: 0.01,
        imprint,
        replayed: 2,
        seed: 11,
    }
}

#[test]
fn softmax_steps_like_pytorch() {
    compare(
        &teach(Softmax::<D, L, 0>::new(options(0.0))),
        "sgd logits",
        2e-5,
        false,
    );
}

#[test]
fn softmax_replays_like_the_plain_program() {
    compare(
        &teach(Softmax::<D, L, 5>::new(options(1.5))),
        "replay logits",
        2e-5,
        false,
    );
}
