//! Random numbers for initial weights: a stream for each seed, the same on every machine.

/// Steele, Lea and Flood, *Fast Splittable Pseudorandom Number Generators*, 2014.
pub(crate) struct SplitMix(u64);

impl SplitMix {
    /// The stream `stream` of `seed`.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut start = Self(seed ^ stream.wrapping_mul(0xd605_1b5d_8a3e_9a2f));
        Self(start.next())
    }

    /// 64 random bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in `[-1, 1)`.
    pub(crate) fn symmetric(&mut self) -> f32 {
        (self.next() >> 40) as f32 / 8_388_608.0 - 1.0
    }

    /// Nearly normal with mean 0 and deviation 1: a sum of twelve uniform numbers, which needs no logarithm.
    pub(crate) fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.symmetric()).sum::<f32>() / 2.0
    }
}
