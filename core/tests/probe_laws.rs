//! What holds for every learner: order does not matter where it should not, forgetting forgets,
//! learning helps, limits are errors with numbers, and nothing panics.

mod learners;

use learners::{D, L, MyLda, learners};
use mote_core::probe::{
    Label, Lda, Learner, NAME_LEN, Normalisation, Prediction, ProbeError, Prototypes, Softmax,
    SoftmaxOptions,
};
use mote_core::quant::Quant;

/// xorshift64: a test's own random numbers.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Gaussian (Box and Muller).
    fn normal(&mut self) -> f64 {
        let (a, b) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    }

    /// A point of blob `label`: unit noise, elongated along two axes, around one of `L` corners.
    fn point(&mut self, label: usize) -> [f32; D] {
        core::array::from_fn(|i| {
            let centre = if i == label { 4.0 } else { 0.0 };
            let width = if i >= D - 2 { 3.0 } else { 1.0 };
            (centre + width * self.normal()) as f32
        })
    }
}

fn teach(probe: &mut dyn Learner<D, L>, random: &mut Random, per_label: usize) {
    if probe.labels().is_empty() {
        for name in ["a", "b", "c", "d"] {
            probe.add_label(name).unwrap();
        }
    }
    for _ in 0..per_label {
        for label in 0..L {
            probe
                .learn(&random.point(label), Label(label as u8))
                .unwrap();
        }
    }
}

fn accuracy(probe: &dyn Learner<D, L>) -> f64 {
    let mut random = Random(99);
    let n = 400;
    let right = (0..n)
        .filter(|i| {
            let answer = probe.predict(&random.point(i % L)).unwrap();
            answer.label == Label((i % L) as u8)
        })
        .count();
    right as f64 / n as f64
}

#[test]
fn learning_helps() {
    for (name, mut probe) in learners() {
        let mut random = Random(5);
        teach(&mut *probe, &mut random, 1);
        let first = accuracy(&*probe);
        teach(&mut *probe, &mut random, 49);
        let last = accuracy(&*probe);
        println!("{name}: {first} after 1 embedding a label, {last} after 50");
        assert!(first > 0.5, "{name}: {first} after 1");
        assert!(
            last > 0.85 && last > first,
            "{name}: {first} after 1, {last} after 50"
        );
    }
}

#[test]
fn lda_beats_prototypes_when_noise_is_not_round() {
    let after = |mut probe: Box<dyn Learner<D, L>>| {
        teach(&mut *probe, &mut Random(5), 20);
        accuracy(&*probe)
    };
    let plain = after(Box::new(Prototypes::<D, L>::new(Normalisation::None)));
    let lda = after(Box::new(MyLda::new(Normalisation::None, 1.0)));
    assert!(lda >= plain, "LDA {lda}, prototypes {plain}");
}

#[test]
fn far_embeddings_are_unknown_and_usual_ones_are_not() {
    for (name, mut probe) in learners() {
        if name == "softmax without replay" {
            continue;
        }
        teach(&mut *probe, &mut Random(5), 25);
        let mut random = Random(77);
        let unknown = |answer: &Prediction| answer.unknown();
        let wrong: usize = (0..400)
            .map(|i| probe.predict(&random.point(i % L)).unwrap())
            .filter(unknown)
            .count();
        assert!(
            wrong < 20,
            "{name} calls {wrong} of 400 usual embeddings unknown"
        );
        // Opposite to every blob, far away.
        let far: [f32; D] = core::array::from_fn(|i| if i < L { -40.0 } else { 0.0 });
        let answer = probe.predict(&far).unwrap();
        assert!(
            answer.unknown() && answer.known().is_none(),
            "{name}: {answer:?}"
        );
    }
}

#[test]
fn nothing_is_unknown_before_calibration() {
    for (name, mut probe) in learners() {
        teach(&mut *probe, &mut Random(5), 1);
        let answer = probe.predict(&[1e5; D]).unwrap();
        assert_eq!(answer.novelty, 0.0, "{name}");
    }
}

#[test]
fn confidence_is_calibrated_within_reason() {
    for (name, mut probe) in learners() {
        teach(&mut *probe, &mut Random(5), 50);
        let mut random = Random(123);
        let (mut confidence, mut right) = (0.0, 0.0);
        for i in 0..400 {
            let answer = probe.predict(&random.point(i % L)).unwrap();
            assert!(
                (0.0..=1.0).contains(&answer.confidence),
                "{name}: {answer:?}"
            );
            assert!(
                (0.0..=answer.confidence).contains(&answer.margin),
                "{name}: {answer:?}"
            );
            confidence += f64::from(answer.confidence) / 400.0;
            right += f64::from(u8::from(answer.label == Label((i % L) as u8))) / 400.0;
        }
        println!("{name}: mean confidence {confidence:.3}, accuracy {right:.3}");
        assert!(
            (confidence - right).abs() < 0.15,
            "{name}: {confidence} but {right} right"
        );
    }
}

#[test]
fn labels_come_and_go() {
    for (name, mut probe) in learners() {
        let x = [1.0; D];
        assert_eq!(probe.predict(&x), Err(ProbeError::NothingLearned), "{name}");
        assert_eq!(probe.logits(&x), Err(ProbeError::NothingLearned), "{name}");
        let a = probe.add_label("a").unwrap();
        assert_eq!(probe.predict(&x), Err(ProbeError::NothingLearned), "{name}");
        assert_eq!(probe.add_label("a"), Err(ProbeError::NameTaken { by: a }));
        assert_eq!(probe.add_label(""), Err(ProbeError::NameEmpty));
        let long = "x".repeat(NAME_LEN + 1);
        assert_eq!(
            probe.add_label(&long),
            Err(ProbeError::NameTooLong { have: 24 })
        );
        let b = probe.add_label(&long[1..]).unwrap();
        assert_eq!(probe.rename(b, "a"), Err(ProbeError::NameTaken { by: a }));
        probe.rename(b, "b").unwrap();
        probe.rename(b, "b").unwrap();
        probe.add_label("c").unwrap();
        probe.add_label("d").unwrap();
        assert_eq!(
            probe.add_label("e"),
            Err(ProbeError::TooManyLabels { limit: L })
        );
        for label in [Label(4), Label(255)] {
            let missing = ProbeError::NoSuchLabel { label, have: 4 };
            assert_eq!(probe.learn(&x, label), Err(missing), "{name}");
            assert_eq!(probe.rename(label, "z"), Err(missing), "{name}");
            assert_eq!(probe.forget(label), Err(missing), "{name}");
        }
        probe.learn(&x, a).unwrap();
        probe.forget(a).unwrap();
        let missing = ProbeError::NoSuchLabel { label: a, have: 3 };
        assert_eq!(probe.learn(&x, a), Err(missing), "{name}");
        assert_eq!(probe.predict(&x), Err(ProbeError::NothingLearned), "{name}");
        let names: Vec<_> = probe.labels().iter().collect();
        assert_eq!(names, [(Label(1), "b"), (Label(2), "c"), (Label(3), "d")]);
        assert_eq!(probe.add_label("e"), Ok(a), "a free place is used again");
        assert_eq!(probe.labels().find("e"), Some(a));
        assert_eq!(probe.labels().learned(a), 0);
    }
}

#[test]
fn embeddings_out_of_range_change_nothing() {
    for (name, mut probe) in learners() {
        teach(&mut *probe, &mut Random(5), 3);
        let before = probe.logits(&[0.5; D]).unwrap();
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 2e6, f32::MAX] {
            let mut x = [0.5; D];
            x[3] = bad;
            let error = ProbeError::OutOfRange { index: 3 };
            assert_eq!(probe.learn(&x, Label(0)), Err(error), "{name}");
            assert_eq!(probe.predict(&x), Err(error), "{name}");
        }
        assert_eq!(probe.logits(&[0.5; D]).unwrap(), before, "{name}");
    }
}

/// Extremes within the range stay finite, also when all embeddings are equal.
#[test]
fn extreme_embeddings_give_finite_answers() {
    for (name, mut probe) in learners() {
        for name in ["a", "b", "c"] {
            probe.add_label(name).unwrap();
        }
        for i in 0..60u8 {
            let x = match i % 4 {
                0 => [1e6; D],
                1 => [-1e6; D],
                2 => [1e-45; D],
                _ => [0.0; D],
            };
            probe.learn(&x, Label(i % 3)).unwrap();
            let answer = probe.predict(&x).unwrap();
            assert!(
                (0.0..=1.0).contains(&answer.confidence),
                "{name}: {answer:?}"
            );
            assert!(answer.novelty.is_finite(), "{name}: {answer:?}");
        }
    }
    for (name, mut probe) in learners() {
        for name in ["a", "b"] {
            probe.add_label(name).unwrap();
        }
        for _ in 0..40 {
            probe.learn(&[0.25; D], Label(0)).unwrap();
            probe.learn(&[-0.25; D], Label(1)).unwrap();
        }
        let answer = probe.predict(&[0.25; D]).unwrap();
        assert_eq!(answer.label, Label(0), "{name}: {answer:?}");
        assert!(
            answer.confidence > 0.5 && answer.confidence <= 1.0,
            "{name}: {answer:?}"
        );
    }
}

#[test]
fn int8_embeddings_are_the_dequantised_ones() {
    let quant = Quant {
        scale: 0.05,
        zero_point: -7,
    };
    for ((name, mut a), (_, mut b)) in learners().into_iter().zip(learners()) {
        for (i, word) in ["a", "b"].into_iter().enumerate() {
            let label = a.add_label(word).unwrap();
            b.add_label(word).unwrap();
            let q: [i8; D] = core::array::from_fn(|k| (k * 13 + i * 50) as i8);
            a.learn_i8(&q, quant, label).unwrap();
            b.learn(&q.map(|q| quant.dequantize(q)), label).unwrap();
            let answer = a.predict_i8(&q, quant);
            assert_eq!(answer, b.predict(&q.map(|q| quant.dequantize(q))), "{name}");
        }
        let short = ProbeError::Length { need: D, have: 3 };
        assert_eq!(a.learn_i8(&[0; 3], quant, Label(0)), Err(short));
        assert_eq!(a.predict_i8(&[0; 3], quant), Err(short));
    }
}

/// Softmax: a label learned again after it was forgotten is right again, and replay keeps an old
/// label alive while only another one is taught.
#[test]
fn replay_keeps_old_labels_alive() {
    let run = |mut probe: Box<dyn Learner<D, L>>| {
        let mut random = Random(5);
        teach(&mut *probe, &mut random, 20);
        for _ in 0..200 {
            probe.learn(&random.point(3), Label(3)).unwrap();
        }
        accuracy(&*probe)
    };
    let with = run(Box::new(Softmax::<D, L, 24>::new(SoftmaxOptions::DEFAULT)));
    let without = run(Box::new(Softmax::<D, L, 0>::new(SoftmaxOptions::DEFAULT)));
    assert!(
        with > 0.8 && with > without + 0.2,
        "{with} with replay, {without} without"
    );
}

#[test]
fn rehearsing_improves_a_young_softmax() {
    let mut probe = Softmax::<D, L, 24>::new(SoftmaxOptions::DEFAULT);
    probe.rehearse(3);
    teach(&mut probe, &mut Random(5), 5);
    let loss = |probe: &Softmax<D, L, 24>| {
        let mut random = Random(31);
        (0..200)
            .map(|i| {
                let logits = probe.logits(&random.point(i % L)).unwrap().map(f64::from);
                let sum: f64 = logits.iter().map(|l| l.exp()).sum();
                sum.ln() - logits[i % L]
            })
            .sum::<f64>()
    };
    let before = loss(&probe);
    probe.rehearse(100);
    assert!(loss(&probe) < before, "{before} became {}", loss(&probe));
    assert_eq!(probe.replay_len(), 20);
}

/// RAM as the documentation states it.
#[test]
fn sizes_are_as_documented() {
    fn check<const D: usize, const L: usize, const T: usize, const R: usize>() {
        let up = |n: usize| n.next_multiple_of(4);
        assert_eq!(size_of::<Prototypes<D, L>>(), up(L * (4 * D + 40) + 2));
        assert_eq!(size_of::<Lda<D, L, T>>(), 4 * T + L * (4 * D + 40) + 16);
        let replay = up(2 + R * (D + 3).next_multiple_of(2));
        assert_eq!(
            size_of::<Softmax<D, L, R>>(),
            L * (8 * D + 48) + replay + 28
        );
        println!(
            "D = {D}, L = {L}: prototypes {}, LDA {}, softmax {} with R = {R}",
            size_of::<Prototypes<D, L>>(),
            size_of::<Lda<D, L, T>>(),
            size_of::<Softmax<D, L, R>>()
        );
    }
    check::<32, 5, { Lda::packed_len(32) }, 50>();
    check::<64, 10, { Lda::packed_len(64) }, 0>();
    check::<64, 10, { Lda::packed_len(64) }, 200>();
    check::<128, 10, { Lda::packed_len(128) }, 200>();
    check::<7, 3, { Lda::packed_len(7) }, 9>();
}
