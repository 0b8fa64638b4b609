//! How fast the machine multiplies and adds when nothing else holds it up.

use super::{Level, Operation, Simd};
use std::hint::black_box;
use std::time::Instant;

/// Chains of fused multiply-adds, enough to hide their latency and few enough for the registers.
const CHAINS: usize = 12;

/// `rounds` links of each chain; returns the sum, so that nothing is left out. The compiler must not know the numbers,
/// else it finds where the chains lead.
struct Chains {
    rounds: usize,
    factor: f32,
    summand: f32,
}

impl Operation for Chains {
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f32 {
        let mut sums = [simd.splat(0.0); CHAINS];
        for chain in 0..CHAINS {
            sums[chain] = simd.splat(chain as f32 * self.factor);
        }
        let (factor, summand) = (simd.splat(self.factor), simd.splat(self.summand));
        for _ in 0..self.rounds {
            for chain in 0..CHAINS {
                sums[chain] = simd.fma(sums[chain], factor, summand);
            }
        }
        let mut total = simd.splat(0.0);
        for chain in 0..CHAINS {
            total = simd.add(total, sums[chain]);
        }
        let mut lanes = [0.0; super::WIDTH];
        // SAFETY: a vector has at most `WIDTH` lanes.
        unsafe { simd.store(lanes.as_mut_ptr(), total) };
        lanes.iter().sum()
    }
}

impl Level {
    /// Floating-point operations a second of one core at this level: the best of some short measurements.
    pub(crate) fn peak_flops(self) -> f64 {
        const ROUNDS: usize = 100_000;
        let lanes = self.run(Lanes) as f64;
        let once = |_| {
            let begun = Instant::now();
            black_box(self.run(Chains {
                rounds: ROUNDS,
                factor: black_box(0.999),
                summand: black_box(0.001),
            }));
            begun.elapsed().as_secs_f64()
        };
        let best = (0..50).map(once).fold(f64::INFINITY, f64::min);
        2.0 * lanes * (CHAINS * ROUNDS) as f64 / best
    }
}

struct Lanes;

impl Operation for Lanes {
    type Output = usize;

    #[inline(always)]
    fn run<S: Simd>(self, _simd: S) -> usize {
        S::LANES
    }
}
