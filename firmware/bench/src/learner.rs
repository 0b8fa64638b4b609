//! What the boards' probe takes: one learning step and one answer, after it has learned something of every label.

use crate::Counter;
use core::fmt::Write;
use mote_core::crc::Crc32;
use mote_core::probe::{Lda, Learner, Normalisation};

/// Embeddings and labels of the boards.
const D: usize = 64;
const L: usize = 10;
/// The boards' own probe; 11 KB.
pub type Probe = Lda<D, L, { Lda::packed_len(D) }>;
/// Examples of each label before the one that counts.
const BEFORE: u32 = 3;

/// Counts one step and one answer of `probe`, which is empty, and writes a line for each: `lda 0` and `lda 1`.
///
/// # Errors
/// When `out` fails, or the probe does.
pub fn run(
    probe: &mut Probe,
    counter: &mut impl Counter,
    out: &mut impl Write,
) -> core::fmt::Result {
    const NAMES: [&str; L] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    *probe = Probe::new(Normalisation::None, Probe::SHRINKAGE);
    let mut seed = 1_u32;
    let mut embedding = || {
        core::array::from_fn(|_| {
            // Numerical Recipes' generator.
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8 as i8 as f32 / 50.0
        })
    };
    let fails = |_| core::fmt::Error;
    let mut label = probe.add_label("first").map_err(fails)?;
    for name in NAMES.iter().skip(1) {
        probe.add_label(name).map_err(fails)?;
    }
    for _ in 0..BEFORE {
        for (index, _) in (0..).zip(NAMES) {
            label.0 = index;
            probe.learn(&embedding(), label).map_err(fails)?;
        }
    }
    let (lesson, question) = (embedding(), embedding());
    counter.start();
    let learned = probe.learn(&lesson, label);
    let step = counter.stop();
    learned.map_err(fails)?;
    counter.start();
    let answer = probe.predict(&question);
    let count = counter.stop();
    answer.map_err(fails)?;
    let logits = probe.logits(&question).map_err(fails)?;
    let crc = logits.iter().fold(Crc32::new(), |crc, logit| {
        crc.update(&logit.to_bits().to_le_bytes())
    });
    let crc = crc.finish();
    writeln!(out, "lda 0 0 {step} {crc:08x}")?;
    writeln!(out, "lda 1 0 {count} {crc:08x}")
}
