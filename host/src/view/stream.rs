//! Random numbers that depend on what they are for, not on who asks first.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// The generator behind every view: xoshiro256++ (Blackman and Vigna, 2021).
pub type Stream = Xoshiro256PlusPlus;

/// The stream for one purpose, for instance `[seed, epoch, index, view]`. Keys that differ anywhere give
/// streams without visible relation.
pub fn stream(key: [u64; 4]) -> Stream {
    // Each step is SplitMix64 (Steele, Lea and Flood, 2014), a bijection with full avalanche.
    let mixed = key.iter().fold(0u64, |state, &part| {
        let mut z = (state ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    });
    Stream::seed_from_u64(mixed)
}

/// Whether an event of `probability` in `[0, 1]` happens. Draws even when the answer is certain, so that
/// changing one probability leaves the draws of the others alone.
pub(super) fn happens(rng: &mut Stream, probability: f32) -> bool {
    rng.random::<f32>() < probability
}

/// Uniform in `[-1, 1)`.
pub(super) fn either_way(rng: &mut Stream) -> f32 {
    2.0 * rng.random::<f32>() - 1.0
}

/// A factor between `1 / (1 + strength)` and `1 + strength`, as often above 1 as below.
pub(super) fn factor(rng: &mut Stream, strength: f32) -> f32 {
    libm::expf(either_way(rng) * libm::log1pf(strength))
}

/// Uniform in `0..count`; 0 if there is nothing to choose from.
pub(crate) fn below(rng: &mut Stream, count: usize) -> usize {
    if count == 0 {
        return 0;
    }
    rng.random_range(0..count as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_part_of_the_key_matters() {
        let mut seen = BTreeSet::new();
        for place in 0..4 {
            for value in [1, 2, 1 << 40] {
                let mut key = [0; 4];
                key[place] = value;
                seen.insert(stream(key).random::<u64>());
            }
        }
        assert_eq!(seen.len(), 12);
        assert_eq!(
            stream([1, 2, 3, 4]).random::<u64>(),
            stream([1, 2, 3, 4]).random::<u64>()
        );
    }

    #[test]
    fn factors_are_symmetric() {
        let mut rng = stream([1; 4]);
        let draws: Vec<f32> = (0..20_000).map(|_| factor(&mut rng, 0.5)).collect();
        assert!(draws.iter().all(|&f| (0.666..1.501).contains(&f)));
        let above = draws.iter().filter(|&&f| f > 1.0).count();
        assert!((9_700..10_300).contains(&above), "{above}");
        assert_eq!(factor(&mut rng, 0.0), 1.0);
    }
}
