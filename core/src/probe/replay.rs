//! The replay reservoir: a class-balanced sample of what was learned, in int8.

use super::{Label, random::Random};
use crate::snapshot::{Reader, SnapshotError, Writer};
use half::bf16;
use heapless::Vec;

/// One embedding: `D + 3` bytes, rounded up to 2.
#[derive(Clone, PartialEq, Debug)]
pub struct Example<const D: usize> {
    /// In `-127..=127`; the embedding is `scale * values`.
    pub values: [i8; D],
    /// Largest magnitude / 127, rounded to 8 bits of mantissa.
    pub scale: bf16,
    pub label: Label,
}

impl<const D: usize> Example<D> {
    pub fn new(x: &[f32; D], label: Label) -> Self {
        let max = x
            .iter()
            .fold(0.0f32, |max, x| if x.abs() > max { x.abs() } else { max });
        let scale = bf16::from_f32(max / 127.0);
        let step = scale.to_f32();
        let values = if step >= f32::MIN_POSITIVE {
            // The rounded scale may be too small for the largest value by one part in 512.
            x.map(|x| libm::roundf(x / step).clamp(-127.0, 127.0) as i8)
        } else {
            [0; D]
        };
        Self {
            values,
            scale,
            label,
        }
    }

    pub fn embedding(&self) -> [f32; D] {
        let step = self.scale.to_f32();
        self.values.map(|q| f32::from(q) * step)
    }
}

/// At most `R` embeddings that stand for all that were learned.
///
/// Vitter's algorithm R within each label, and a label that is over-represented gives way to others:
/// class-balancing reservoir sampling (Chrysakis and Moens, *Online Continual Learning from Imbalanced
/// Data*, 2020).
#[derive(Clone, PartialEq, Debug)]
pub struct Replay<const D: usize, const R: usize> {
    pub examples: Vec<Example<D>, R, u16>,
}

impl<const D: usize, const R: usize> Replay<D, R> {
    pub const fn new() -> Self {
        Self {
            examples: Vec::new(),
        }
    }

    /// Offers the `seen`-th embedding of a label, counted from 1. `L` is above every label's index.
    pub fn offer<const L: usize>(&mut self, example: Example<D>, seen: u32, random: &mut Random) {
        let Err(example) = self.examples.push(example) else {
            return;
        };
        let mut stored = [0u32; L];
        for e in &self.examples {
            if let Some(n) = stored.get_mut(e.label.index()) {
                *n += 1;
            }
        }
        let own = stored.get(example.label.index()).copied().unwrap_or(0);
        let (mut victim, mut most) = (example.label, own);
        for (label, &n) in (0..=u8::MAX).map(Label).zip(&stored) {
            if n > most {
                (victim, most) = (label, n);
            }
        }
        // A label that is not the most frequent takes a place from the one that is.
        let place = random.below(if own < most { most } else { seen });
        let slot = self
            .examples
            .iter_mut()
            .filter(|e| e.label == victim)
            .nth(usize::try_from(place).unwrap_or(usize::MAX));
        if let Some(slot) = slot {
            *slot = example;
        }
    }

    pub fn forget(&mut self, label: Label) {
        self.examples.retain(|e| e.label != label);
    }

    pub fn save(&self, writer: &mut Writer<'_>) {
        writer.u16(self.examples.len() as u16);
        for example in &self.examples {
            writer.bytes(&[example.label.0]);
            writer.u16(example.scale.to_bits());
            writer.bytes(bytemuck::cast_slice(&example.values));
        }
    }

    /// Reads what [`Replay::save`] wrote; labels must be below `labels`.
    pub fn load(&mut self, labels: usize, reader: &mut Reader<'_>) -> Result<(), SnapshotError> {
        let at = reader.impossible();
        let len = u16::from_le_bytes(reader.array()?);
        if usize::from(len) > R {
            return Err(at);
        }
        if reader.writes() {
            self.examples.clear();
        }
        for _ in 0..len {
            let at = reader.impossible();
            let [label] = reader.array()?;
            let scale = bf16::from_le_bytes(reader.array()?);
            let values = reader.array::<D>()?.map(|q| q as i8);
            if usize::from(label) >= labels || !scale.is_finite() || scale.is_sign_negative() {
                return Err(at);
            }
            let example = Example {
                values,
                scale,
                label: Label(label),
            };
            if reader.writes() {
                self.examples.push(example).map_err(|_| at)?;
            }
        }
        Ok(())
    }

    /// One stored example at random.
    pub fn draw(&self, random: &mut Random) -> Option<&Example<D>> {
        let n = u32::try_from(self.examples.len()).unwrap_or(0);
        self.examples
            .get(usize::try_from(random.below(n)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count<const R: usize>(replay: &Replay<2, R>, label: u8) -> usize {
        replay
            .examples
            .iter()
            .filter(|e| e.label == Label(label))
            .count()
    }

    #[test]
    fn int8_error_is_half_a_step() {
        let x: [f32; 64] = core::array::from_fn(|i| libm::sinf(i as f32) * 3.0);
        let back = Example::new(&x, Label(0)).embedding();
        for (x, y) in x.iter().zip(back) {
            assert!((x - y).abs() <= 3.0 / 127.0 * (0.5 + 0.5), "{x} became {y}");
        }
        assert_eq!(Example::new(&[0.0; 3], Label(0)).embedding(), [0.0; 3]);
        assert_eq!(Example::new(&[1e-44; 3], Label(0)).embedding(), [0.0; 3]);
    }

    /// 1000 of one label, then 20 of another: both get half the places.
    #[test]
    fn rare_labels_keep_their_share() {
        let mut replay = Replay::<2, 16>::new();
        let mut random = Random::new(3);
        for i in 0..1020u32 {
            let label = Label(u8::from(i >= 1000));
            let seen = if i < 1000 { i + 1 } else { i - 999 };
            replay.offer::<2>(Example::new(&[1.0, 0.0], label), seen, &mut random);
        }
        assert_eq!((count(&replay, 0), count(&replay, 1)), (8, 8));
        replay.forget(Label(0));
        assert_eq!((count(&replay, 0), count(&replay, 1)), (0, 8));
    }

    /// Each of 64 embeddings must be kept equally often: 8 / 64 of 4000 runs is 500.
    #[test]
    fn every_embedding_has_the_same_chance() {
        let mut kept = [0u32; 64];
        for seed in 0..4000 {
            let mut replay = Replay::<2, 8>::new();
            let mut random = Random::new(seed);
            for i in 0..64u8 {
                let example = Example {
                    values: [i as i8, 0],
                    scale: bf16::ONE,
                    label: Label(0),
                };
                replay.offer::<1>(example, u32::from(i) + 1, &mut random);
            }
            replay
                .examples
                .iter()
                .for_each(|e| kept[e.values[0] as usize] += 1);
        }
        assert!(kept.iter().all(|n| (400..600).contains(n)), "{kept:?}");
    }

    #[test]
    fn no_room_is_no_error() {
        let mut replay = Replay::<2, 0>::new();
        let mut random = Random::new(0);
        replay.offer::<1>(Example::new(&[1.0, 0.0], Label(0)), 1, &mut random);
        assert_eq!(replay.draw(&mut random), None);
    }
}
