//! Log-mel frames of pseudo-random sound, to the bit, for every size of the FFT.

use core::fmt::{Result, Write};
use mote_core::crc::Crc32;
use mote_core::mel::{FrontEnd, MelStream};

const BANDS: usize = 12;

/// A front end as an image holds it: a triangle for a window, and bands of equal width.
struct Section<const LEN: usize>([u8; LEN]);

/// Length of the section of `frame` samples and `points` points.
const fn len(frame: usize, points: usize) -> usize {
    16 + 4 * frame + 5 * (points / 2 + 1)
}

impl<const LEN: usize> Section<LEN> {
    const fn new(frame: usize, points: usize) -> Self {
        let mut section = Self([0; LEN]);
        section.put(0, 8000.0_f32.to_le_bytes());
        section.put(4, (frame as u16).to_le_bytes());
        section.put(6, (frame as u16 / 2).to_le_bytes());
        section.put(8, (points as u16).to_le_bytes());
        section.put(10, (BANDS as u16).to_le_bytes());
        section.put(12, 1e-6_f32.to_le_bytes());
        let mut at = 0;
        while at < frame {
            let rising = if 2 * at < frame { at } else { frame - at };
            let weight = rising as f32 / (frame * frame) as f32;
            section.put(16 + 4 * at, weight.to_le_bytes());
            at += 1;
        }
        let (shares, bins) = (16 + 4 * frame, points / 2 + 1);
        let mut bin = 0;
        while bin < bins {
            let place = bin * 60 * (BANDS + 1) / bins;
            let share = (place % 60) as f32 / 60.0;
            section.put(shares + 4 * bin, share.to_le_bytes());
            section.put(shares + 4 * bins + bin, [(place / 60) as u8]);
            bin += 1;
        }
        section
    }

    const fn put<const N: usize>(&mut self, at: usize, bytes: [u8; N]) {
        let mut i = 0;
        while i < N {
            self.0[at + i] = bytes[i];
            i += 1;
        }
    }
}

static SECTIONS: [&[u8]; 4] = [
    &Section::<{ len(100, 128) }>::new(100, 128).0,
    &Section::<{ len(256, 256) }>::new(256, 256).0,
    &Section::<{ len(400, 512) }>::new(400, 512).0,
    &Section::<{ len(512, 512) }>::new(512, 512).0,
];

pub fn run(out: &mut impl Write) -> Result {
    for section in SECTIONS {
        match FrontEnd::parse(section) {
            Ok(front) => frames(out, &front)?,
            Err(_) => writeln!(out, "mel: the section is refused")?,
        }
    }
    Ok(())
}

/// Noise that swells from 1e-5 to full scale, so that floor, fraction and loudness all occur.
fn frames(out: &mut impl Write, front: &FrontEnd<'_>) -> Result {
    let mut stream = MelStream::<512, { BANDS + 2 }>::new();
    let (mut sum, mut count, mut random, mut loudness) = (Crc32::new(), 0, 0x1234_5678, 1e-5_f32);
    for _ in 0..4 * front.points() {
        let noise = super::encoder::next(&mut random) as i8;
        if let Some(frame) = stream.push(front, f32::from(noise) / 128.0 * loudness) {
            count += 1;
            loudness *= 4.0;
            for value in frame {
                sum = sum.update(&value.to_bits().to_le_bytes());
            }
        }
    }
    writeln!(
        out,
        "mel {} of {}: {count} frames of {}: {:08x}",
        front.frame(),
        front.points(),
        front.bands(),
        sum.finish()
    )
}
