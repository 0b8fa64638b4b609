//! The probe's random numbers: xorshift32 (Marsaglia 2003), four bytes of state.

use crate::snapshot::{Reader, SnapshotError, Writer};

/// A sequence of `u32` that never yields its state 0.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Random(u32);

impl Random {
    /// A sequence for `seed`; nearby seeds are mixed apart.
    pub const fn new(seed: u32) -> Self {
        let mixed = (seed ^ 0x9E37_79B9).wrapping_mul(0x85EB_CA6B);
        let mixed = (mixed ^ (mixed >> 16)).wrapping_mul(0xC2B2_AE35);
        Self(if mixed == 0 { 1 } else { mixed })
    }

    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    pub fn save(&self, writer: &mut Writer<'_>) {
        writer.u32(self.0);
    }

    pub fn load(&mut self, reader: &mut Reader<'_>) -> Result<(), SnapshotError> {
        let at = reader.impossible();
        let state = reader.u32(self.0)?;
        if state == 0 {
            return Err(at);
        }
        self.0 = state;
        Ok(())
    }

    /// A number in `0..n`, or 0 when `n` is 0. The bias of at most `n / 2^32` does not matter here.
    pub fn below(&mut self, n: u32) -> u32 {
        ((u64::from(self.next()) * u64::from(n)) >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn numbers_are_even() {
        for seed in 0..8 {
            let mut random = Random::new(seed);
            let mut bins = [0u32; 10];
            (0..10_000).for_each(|_| bins[random.below(10) as usize] += 1);
            assert!(bins.iter().all(|n| (880..1120).contains(n)), "{bins:?}");
        }
        assert_eq!(Random::new(1).below(0), 0);
    }
}
