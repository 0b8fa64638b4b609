//! How fast the machine multiplies and adds when nothing else holds it up.

use super::{Level, Operation, Simd};
use std::time::Instant;

/// Chains of fused multiply-adds, enough to hide their latency and few enough for the registers.
const CHAINS: usize = 12;

/// `rounds` links of each chain; returns the sum, so that nothing is left out.
struct Chains {
    rounds: usize,
}

impl Operation for Chains {
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f32 {
        let mut sums = [simd.splat(1.0); CHAINS];
        let (factor, summand) = (simd.splat(0.999), simd.splat(0.001));
        for _ in 0..self.rounds {
            for sum in &mut sums {
                *sum = simd.fma(*sum, factor, summand);
            }
        }
        let mut lanes = [0.0; super::WIDTH];
        for sum in sums {
            // SAFETY: a vector has at most `WIDTH` lanes.
            unsafe { simd.store(lanes.as_mut_ptr(), sum) };
        }
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
            std::hint::black_box(self.run(Chains { rounds: ROUNDS }));
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
