//! Laws of the learners over random streams: order does not matter where it should not, LDA is its
//! definition, forgetting forgets to the bit, and nothing panics.

mod learners;

use learners::{D, L, MyLda, learners};
use mote_core::probe::{Label, Learner, Normalisation, Prototypes};
use proptest::prelude::*;

/// Embeddings with labels.
type Stream = Vec<([f32; D], u8)>;

/// A stream and the same shuffled.
fn stream_and_shuffle() -> impl Strategy<Value = (Stream, Stream)> {
    let one = (prop::array::uniform8(-3.0f32..3.0), 0..L as u8);
    prop::collection::vec(one, 4..60)
        .prop_flat_map(|stream| (Just(stream.clone()), Just(stream).prop_shuffle()))
}

/// Squared distances up to a common factor, from logits.
fn shares(probe: &impl Learner<D, L>, x: &[f32; D]) -> Vec<f64> {
    let logits = probe.logits(x).unwrap().map(f64::from);
    let known: Vec<f64> = logits.into_iter().filter(|l| l.is_finite()).collect();
    let sum: f64 = known.iter().sum();
    known.iter().map(|l| l / sum).collect()
}

fn fed<P: Learner<D, L>>(mut probe: P, stream: &[([f32; D], u8)]) -> P {
    for name in ["a", "b", "c", "d"] {
        probe.add_label(name).unwrap();
    }
    for (x, label) in stream {
        probe.learn(x, Label(*label)).unwrap();
    }
    probe
}

fn close(a: &[f64], b: &[f64], tolerance: f64) -> Result<(), TestCaseError> {
    for (x, y) in a.iter().zip(b) {
        prop_assert!((x - y).abs() < tolerance, "{a:?} and {b:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn order_does_not_matter_to_prototypes_and_lda(
        (a, b) in stream_and_shuffle(),
        query in prop::array::uniform8(-3.0f32..3.0),
    ) {
        let plain = || Prototypes::<D, L>::new(Normalisation::None);
        close(&shares(&fed(plain(), &a), &query), &shares(&fed(plain(), &b), &query), 1e-5)?;
        let lda = || MyLda::new(Normalisation::None, 1.0);
        close(&shares(&fed(lda(), &a), &query), &shares(&fed(lda(), &b), &query), 1e-4)?;
    }

    /// LDA after any stream is the batch definition in f64.
    #[test]
    fn lda_is_its_definition(
        (stream, _) in stream_and_shuffle(),
        query in prop::array::uniform8(-3.0f32..3.0),
    ) {
        let ours = shares(&fed(MyLda::new(Normalisation::None, 1.0), &stream), &query);
        let distances = batch_lda(&stream, &query);
        let sum: f64 = distances.iter().sum();
        let want: Vec<f64> = distances.iter().map(|d| d / sum).collect();
        close(&ours, &want, 1e-4)?;
    }

    #[test]
    fn prototypes_forget_to_the_bit((stream, _) in stream_and_shuffle(), gone in 0..L as u8) {
        for new in [|| Prototypes::<D, L>::new(Normalisation::None), Prototypes::cosine] {
            let mut probe = fed(new(), &stream);
            probe.forget(Label(gone)).unwrap();
            let kept: Vec<_> = stream.iter().copied().filter(|(_, l)| *l != gone).collect();
            let mut never = fed(new(), &kept);
            never.forget(Label(gone)).unwrap();
            prop_assert_eq!(probe, never);
        }
    }

    #[test]
    fn no_learner_answers_a_forgotten_label((stream, _) in stream_and_shuffle(), gone in 0..L as u8) {
        for (name, mut probe) in learners() {
            for name in ["a", "b", "c", "d"] {
                probe.add_label(name).unwrap();
            }
            for (x, label) in &stream {
                probe.learn(x, Label(*label)).unwrap();
            }
            probe.forget(Label(gone)).unwrap();
            for (x, _) in &stream {
                if let Ok(answer) = probe.predict(x) {
                    prop_assert_ne!(answer.label, Label(gone), "{}", name);
                    prop_assert_eq!(probe.logits(x).unwrap()[gone as usize], f32::NEG_INFINITY);
                }
            }
        }
    }

    #[test]
    fn any_embedding_gives_an_answer_or_an_error(
        stream in prop::collection::vec((prop::array::uniform8(any::<f32>()), any::<u8>()), 0..40),
    ) {
        for (_, mut probe) in learners() {
            for name in ["a", "b", "c", "d"] {
                probe.add_label(name).unwrap();
            }
            for (x, label) in &stream {
                let _ = probe.learn(x, Label(*label % 8));
                if let Ok(answer) = probe.predict(x) {
                    prop_assert!((0.0..=1.0).contains(&answer.confidence), "{:?}", answer);
                }
            }
        }
    }
}

/// Squared Mahalanobis distances to each label's mean by the definition, solved by Gauss in f64.
fn batch_lda(stream: &[([f32; D], u8)], query: &[f32; D]) -> Vec<f64> {
    let mut means = Vec::new();
    let mut scatter = [[0.0f64; D]; D];
    let mut dof = 0;
    for label in 0..L as u8 {
        let points: Vec<[f64; D]> = stream
            .iter()
            .filter(|(_, l)| *l == label)
            .map(|(x, _)| x.map(f64::from))
            .collect();
        if points.is_empty() {
            continue;
        }
        let n = points.len() as f64;
        let mean: [f64; D] = core::array::from_fn(|i| points.iter().map(|p| p[i]).sum::<f64>() / n);
        for p in &points {
            for (i, row) in scatter.iter_mut().enumerate() {
                for (j, s) in row.iter_mut().enumerate() {
                    *s += (p[i] - mean[i]) * (p[j] - mean[j]);
                }
            }
        }
        dof += points.len() - 1;
        means.push(mean);
    }
    let trace: f64 = (0..D).map(|i| scatter[i][i]).sum();
    let ridge = if dof == 0 { 1.0 } else { trace / dof as f64 };
    (0..D).for_each(|i| scatter[i][i] += ridge);
    means
        .iter()
        .map(|mean| {
            let d: [f64; D] = core::array::from_fn(|i| f64::from(query[i]) - mean[i]);
            let solved = solve(scatter, d);
            d.iter().zip(solved).map(|(a, b)| a * b).sum()
        })
        .collect()
}

fn solve(mut a: [[f64; D]; D], mut b: [f64; D]) -> [f64; D] {
    for i in 0..D {
        for k in i + 1..D {
            let f = a[k][i] / a[i][i];
            let pivot = a[i];
            a[k].iter_mut().zip(pivot).for_each(|(x, y)| *x -= f * y);
            b[k] -= f * b[i];
        }
    }
    for i in (0..D).rev() {
        for j in i + 1..D {
            b[i] -= a[i][j] * b[j];
        }
        b[i] /= a[i][i];
    }
    b
}
