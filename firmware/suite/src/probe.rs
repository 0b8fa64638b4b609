//! The three learners on a stream of pseudo-random embeddings: state and answers to the bit.

use core::fmt::{Result, Write};
use mote_core::crc::{Crc32, crc32};
use mote_core::probe::{
    Label, Lda, Learner, Normalisation, Prediction, Prototypes, Softmax, SoftmaxOptions,
};
use mote_core::quant::Quant;
use mote_core::snapshot::{State, Values, decode, encode};

const D: usize = 21;
const L: usize = 4;
const STEPS: u32 = 48;

type Triangle = Lda<D, L, { Lda::packed_len(D) }>;

pub fn run(out: &mut impl Write) -> Result {
    writeln!(out, "probe: {STEPS} embeddings, D = {D}, L = {L}")?;
    learn(out, "prototypes", Prototypes::new(Normalisation::None))?;
    learn(out, "cosine", Prototypes::cosine())?;
    learn(
        out,
        "lda",
        Triangle::new(Normalisation::L2, Triangle::SHRINKAGE),
    )?;
    learn(
        out,
        "softmax",
        Softmax::<D, L, 12>::new(SoftmaxOptions::DEFAULT),
    )
}

fn learn<P: Learner<D, L> + State>(out: &mut impl Write, name: &str, mut probe: P) -> Result {
    writeln!(out, "{name}: {} bytes of RAM", size_of::<P>())?;
    let mut failures = 0u32;
    for label in ["rest", "walk", "wave", "clap"] {
        failures += u32::from(probe.add_label(label).is_err());
    }
    let mut random = 0x2545_F491;
    let mut answers = Crc32::new();
    for step in 0..STEPS {
        let label = Label((next(&mut random) % 4) as u8);
        let x = embedding(&mut random, label);
        failures += u32::from(probe.learn_i8(&x, QUANT, label).is_err());
        if step == STEPS / 2 {
            failures += u32::from(probe.forget(Label(2)).is_err());
            failures += u32::from(probe.add_label("jump").is_err());
        }
        let query = embedding(&mut random, Label((step % 4) as u8));
        let Ok(Prediction {
            label,
            confidence,
            margin,
            novelty,
        }) = probe.predict_i8(&query, QUANT)
        else {
            failures += 1;
            continue;
        };
        let real = query.map(|q| QUANT.dequantize(q));
        for logit in probe.logits(&real).unwrap_or([f32::NAN; L]) {
            answers = answers.update(&logit.to_bits().to_le_bytes());
        }
        for x in [confidence, margin, novelty] {
            answers = answers.update(&x.to_bits().to_le_bytes());
        }
        if [0, 7, STEPS / 2, STEPS - 1].contains(&step) {
            let (confidence, novelty) = (confidence.to_bits(), novelty.to_bits());
            writeln!(
                out,
                "  step {step}: label {}, confidence {confidence:08x}, novelty {novelty:08x}, \
                 answers {:08x}",
                label.0,
                answers.finish()
            )?;
        }
    }
    for values in [Values::F32, Values::F16] {
        let mut bytes = [0; 2600];
        let n = encode(&probe, values, 1, &mut bytes).unwrap_or(0);
        let bytes = bytes.get(..n).unwrap_or(&[]);
        failures += u32::from(decode(&mut probe, 1, bytes).is_err());
        // Without its own checksum, which would make the checksum of the whole a constant.
        let body = bytes
            .split_last_chunk::<4>()
            .map_or(bytes, |(body, _)| body);
        writeln!(out, "  snapshot {n} bytes, {:08x}", crc32(body))?;
    }
    writeln!(out, "  failures {failures}")
}

const QUANT: Quant = Quant {
    scale: 0.031,
    zero_point: -5,
};

/// An embedding around a corner that the label chooses.
fn embedding(random: &mut u32, label: Label) -> [i8; D] {
    core::array::from_fn(|i| {
        let noise = (next(random) % 80) as i32 - 40;
        let corner = if i % 4 == label.index() { 30 } else { 0 };
        (noise + corner) as i8
    })
}

/// xorshift32.
fn next(state: &mut u32) -> u32 {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    *state >> 4
}

#[cfg(test)]
mod tests {
    extern crate std;

    #[test]
    fn nothing_fails_on_the_desktop() {
        let mut text = std::string::String::new();
        super::run(&mut text).unwrap();
        std::println!("{text}");
        assert_eq!(text.matches("failures 0").count(), 4);
    }
}
