//! Snapshots come back, and nothing else does.

use mote_core::probe::{Label, Lda, Learner, Normalisation, Prototypes, Softmax, SoftmaxOptions};
use mote_core::snapshot::{Layout, SnapshotError, State, Values, decode, encode, encoded_len};

const D: usize = 4;
const L: usize = 3;
const ENCODER: u32 = 0xC0FF_EE11;

type MyPrototypes = Prototypes<D, L>;
type MyLda = Lda<D, L, { Lda::packed_len(D) }>;
type MySoftmax = Softmax<D, L, 5>;

fn point(i: u8) -> [f32; D] {
    core::array::from_fn(|k| (f32::from(i) * 1.7 + k as f32 * 0.9).sin())
}

fn taught<P: Learner<D, L>>(mut probe: P, n: u8) -> P {
    for name in ["left", "gone", "ünïcode"] {
        probe.add_label(name).unwrap();
    }
    for i in 0..n {
        probe.learn(&point(i), Label(i % 3)).unwrap();
    }
    probe.forget(Label(1)).unwrap();
    probe
}

fn prototypes() -> MyPrototypes {
    Prototypes::new(Normalisation::L2)
}

fn lda() -> MyLda {
    Lda::new(Normalisation::None, 1.0)
}

fn softmax() -> MySoftmax {
    Softmax::new(SoftmaxOptions::DEFAULT)
}

fn snapshot(probe: &impl State, values: Values) -> Vec<u8> {
    let mut bytes = vec![0; encoded_len(probe, values)];
    assert_eq!(encode(probe, values, ENCODER, &mut bytes), Ok(bytes.len()));
    bytes
}

fn comes_back<P: Learner<D, L> + State + PartialEq + Clone + std::fmt::Debug>(new: fn() -> P) {
    for n in [0, 1, 2, 30] {
        let before = taught(new(), n);
        // Into an empty learner, and over one that learned something else.
        for mut after in [new(), taught(new(), 7)] {
            decode(&mut after, ENCODER, &snapshot(&before, Values::F32)).unwrap();
            assert_eq!(after, before);
            decode(&mut after, ENCODER, &snapshot(&before, Values::F16)).unwrap();
            assert_eq!(
                snapshot(&after, Values::F16),
                snapshot(&before, Values::F16)
            );
            let (Ok(a), Ok(b)) = (after.predict(&point(3)), before.predict(&point(3))) else {
                assert_eq!(n, 0);
                continue;
            };
            assert_eq!(a.label, b.label);
            assert!((a.confidence - b.confidence).abs() < 0.01, "{a:?} {b:?}");
        }
        assert!(encoded_len(&before, Values::F16) <= encoded_len(&before, Values::F32) + 4);
    }
}

#[test]
fn every_learner_comes_back() {
    comes_back(prototypes);
    comes_back(lda);
    comes_back(softmax);
}

/// A learner restored goes on as if it had never stopped.
#[test]
fn learning_goes_on_to_the_bit() {
    let mut whole = taught(softmax(), 20);
    let mut restored = softmax();
    decode(&mut restored, ENCODER, &snapshot(&whole, Values::F32)).unwrap();
    for i in 0..20 {
        whole.learn(&point(i), Label(i % 2 * 2)).unwrap();
        restored.learn(&point(i), Label(i % 2 * 2)).unwrap();
    }
    assert_eq!(whole, restored);
}

fn refuses_damage<P: Learner<D, L> + State + PartialEq + Clone + std::fmt::Debug>(new: fn() -> P) {
    for values in [Values::F32, Values::F16] {
        let bytes = snapshot(&taught(new(), 12), values);
        let untouched = taught(new(), 4);
        let mut probe = untouched.clone();
        for n in 0..bytes.len() {
            let error = decode(&mut probe, ENCODER, &bytes[..n]).unwrap_err();
            assert!(
                matches!(error, SnapshotError::Length { have, .. } if have == n),
                "{n} bytes: {error}"
            );
        }
        let mut damaged = bytes.clone();
        for bit in 0..8 * bytes.len() {
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&mut probe, ENCODER, &damaged).is_err(), "bit {bit}");
            damaged[bit / 8] ^= 1 << (bit % 8);
        }
        damaged.push(0);
        assert!(decode(&mut probe, ENCODER, &damaged).is_err());
        assert_eq!(probe, untouched, "a refused snapshot changed the probe");
        decode(&mut probe, ENCODER, &bytes).unwrap();
    }
}

#[test]
fn every_truncation_and_bit_flip_is_refused() {
    refuses_damage(prototypes);
    refuses_damage(lda);
    refuses_damage(softmax);
}

/// A writer's bug, with a valid checksum: bytes set at random give an error or a state, no panic,
/// and an error changes nothing.
#[test]
fn wrong_content_with_a_right_checksum_does_no_harm() {
    fn run<P: Learner<D, L> + State + PartialEq + Clone + std::fmt::Debug>(new: fn() -> P) {
        let bytes = snapshot(&taught(new(), 12), Values::F32);
        let untouched = taught(new(), 4);
        let (mut refused, mut taken) = (0, 0);
        for at in 24..bytes.len() - 4 {
            for value in [0, 1, 0x7F, 0x80, 0xFF] {
                let mut wrong = bytes.clone();
                wrong[at] = value;
                let end = wrong.len() - 4;
                let crc = mote_core::crc::crc32(&wrong[..end]);
                wrong[end..].copy_from_slice(&crc.to_le_bytes());
                let mut probe = untouched.clone();
                if decode(&mut probe, ENCODER, &wrong).is_err() {
                    assert_eq!(probe, untouched);
                    refused += 1;
                } else {
                    let _ = probe.predict(&point(1));
                    let _ = probe.learn(&point(1), Label(0));
                    taken += 1;
                }
            }
        }
        assert!(refused > 0 && taken > 0);
    }
    run(prototypes);
    run(lda);
    run(softmax);
}

#[test]
fn a_snapshot_of_something_else_is_refused() {
    let bytes = snapshot(&taught(prototypes(), 5), Values::F32);
    let found = Layout {
        learner: 1,
        normalisation: 1,
        d: 4,
        l: 3,
        r: 0,
    };
    let need = Layout {
        learner: 2,
        normalisation: 0,
        ..found
    };
    assert_eq!(
        decode(&mut lda(), ENCODER, &bytes),
        Err(SnapshotError::Layout { need, found })
    );
    let need = Layout { d: 5, ..found };
    let mut wider = Prototypes::<5, L>::new(Normalisation::L2);
    assert_eq!(
        decode(&mut wider, ENCODER, &bytes),
        Err(SnapshotError::Layout { need, found })
    );
    let need = Layout {
        normalisation: 2,
        ..found
    };
    let mut cosine = MyPrototypes::cosine();
    let error = decode(&mut cosine, ENCODER, &bytes).unwrap_err();
    assert_eq!(error, SnapshotError::Layout { need, found });
    assert_eq!(
        error.to_string(),
        "the snapshot is for another probe: prototypes with L2, D = 4, L = 3, R = 0; \
         here is prototypes with cosine, D = 4, L = 3, R = 0"
    );
    let encoder = SnapshotError::Encoder {
        need: 7,
        found: ENCODER,
    };
    assert_eq!(decode(&mut prototypes(), 7, &bytes), Err(encoder));
}

#[test]
fn a_short_buffer_is_told_what_is_needed() {
    let probe = taught(prototypes(), 5);
    let need = encoded_len(&probe, Values::F32);
    for have in 0..need {
        let error = encode(&probe, Values::F32, ENCODER, &mut vec![0; have]);
        assert_eq!(error, Err(SnapshotError::Buffer { need, have }));
    }
}

/// The bytes of version 1, so that a change of the format cannot pass unseen.
#[test]
fn the_format_is_the_documented_one() {
    let mut probe = Prototypes::<2, 2>::new(Normalisation::None);
    let label = probe.add_label("hi").unwrap();
    probe.learn(&[1.0, -2.0], label).unwrap();
    let mut bytes = [0; 64];
    let n = encode(&probe, Values::F32, 0x0403_0201, &mut bytes).unwrap();
    #[rustfmt::skip]
    let want = [
        b'M', b'O', b'T', b'S', 1, 1, 0, 0, // magic, version, prototypes, f32, no normalisation
        2, 0, 2, 0, 0, 0, 0, 0, // D, L, R, zero
        1, 2, 3, 4, 28, 0, 0, 0, // encoder, length
        2, b'h', b'i', 1, 0, 0, 0, // first place: name, learned once
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // no distances
        0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, // sum
        0, // second place, free
    ];
    assert_eq!(bytes[..n - 4], want);
    assert_eq!(bytes[n - 4..n], mote_core::crc::crc32(&want).to_le_bytes());
}
