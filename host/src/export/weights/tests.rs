use super::*;
use crate::export::samples::{self, trained};
use mote_core::preset::Preset;
use proptest::prelude::*;

fn origin(spec: &Spec) -> Origin {
    let mut about = About::plain("conv1d", 128, spec.input.c.into());
    about.rate_hz = 25.0;
    about.mean.fill(0.1);
    Origin {
        about,
        recipe: "objective = \"nt_xent\"\n".into(),
        seed: u64::MAX,
        data_hash: "c0ffee".into(),
    }
}

/// `encoder` with weights as F16 holds them.
fn halved(mut encoder: TrainedEncoder) -> TrainedEncoder {
    let round = |w: &mut f32| *w = f16::from_f32(*w).to_f32();
    encoder
        .layers
        .iter_mut()
        .for_each(|layer| layer.weights.iter_mut().for_each(round));
    encoder
}

fn small() -> (TrainedEncoder, Origin, Vec<u8>) {
    let spec = Preset::Conv1d
        .spec(Shape::sequence(16, 3), 0.1, None)
        .unwrap();
    let (encoder, origin) = (halved(trained(&spec, 1)), origin(&spec));
    let bytes = to_bytes(&encoder, &origin).unwrap();
    (encoder, origin, bytes)
}

#[test]
fn what_is_written_is_read_back() {
    let mut specs: Vec<_> = Preset::ALL
        .iter()
        .map(|p| p.spec(p.usual_input(), 0.25, None).unwrap())
        .collect();
    specs.extend((0..40).map(samples::spec));
    for spec in specs {
        let (encoder, origin) = (halved(trained(&spec, 1)), origin(&spec));
        let bytes = to_bytes(&encoder, &origin).unwrap();
        assert_eq!(bytes, to_bytes(&encoder, &origin).unwrap());
        assert_eq!(from_bytes(&bytes).unwrap(), (encoder, origin));
    }
}

#[test]
fn every_truncation_says_how_much_is_missing() {
    let (_, _, bytes) = small();
    for len in 0..bytes.len() {
        match from_bytes(&bytes[..len]).unwrap_err() {
            WeightsError::Short { need, have } => {
                assert_eq!(have, len as u64);
                assert!(need > have && need <= bytes.len() as u64);
            }
            error => panic!("{len} bytes: {error}"),
        }
    }
}

#[test]
fn a_flipped_bit_never_gives_another_encoder() {
    let (encoder, origin, mut bytes) = small();
    for at in 0..bytes.len() {
        let bit = 1 << (at % 8);
        bytes[at] ^= bit;
        if let Ok(read) = from_bytes(&bytes) {
            // JSON has spellings that mean the same, such as an exponent in either case.
            assert_eq!(read, (encoder.clone(), origin.clone()), "byte {at}");
        }
        bytes[at] ^= bit;
    }
}

#[test]
fn files_of_others_and_of_other_versions_are_named() {
    let message = |bytes: &[u8]| from_bytes(bytes).unwrap_err().to_string();
    let (_, _, bytes) = small();
    let later = String::from_utf8_lossy(&bytes[8..])
        .find("version\\\":1")
        .unwrap()
        + 8
        + 10;
    let mut other = bytes.clone();
    other[later] = b'2';
    assert!(
        message(&other).contains("has version 2, this build reads 1"),
        "{}",
        message(&other)
    );
    let data = 1.0_f32.to_le_bytes();
    let view = TensorView::new(Dtype::F32, vec![1], &data).unwrap();
    let foreign = safetensors::serialize([("weight", view)], None).unwrap();
    assert!(message(&foreign).contains("not written by mote"));
    assert!(message(b"MOTE is an image, not weights").contains("no safetensors file"));
    let last = bytes.len() - 1;
    other = bytes;
    other[last] ^= 1;
    assert!(message(&other).contains("is damaged: checksum"));
}

#[test]
fn weights_beyond_a_half_are_refused() {
    let (mut encoder, origin, _) = small();
    encoder.layers[1].weights[0] = 1e6;
    let message = to_bytes(&encoder, &origin).unwrap_err().to_string();
    assert!(
        message.contains("layer 1: weight 1000000 exceeds"),
        "{message}"
    );
}

proptest! {
    #[test]
    fn noise_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(from_bytes(&bytes).is_err());
    }
}
