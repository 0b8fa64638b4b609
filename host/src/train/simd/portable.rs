//! Plain Rust for every CPU, with the bits of a fused multiply-add even where there is none.

use super::Simd;

/// Four lanes that the compiler vectorises as it can (NEON on aarch64).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Portable;

/// `a * b + c`, rounded once.
///
/// Without the instruction: the product is exact in `f64`, the sum is rounded to odd, so that the final
/// rounding to `f32` is right. Boldo and Melquiond, *Emulation of a FMA and Correctly Rounded Sums*, 2008.
#[inline(always)]
fn fma(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
        return a.mul_add(b, c);
    }
    let (product, c) = (f64::from(a) * f64::from(b), f64::from(c));
    let sum = product + c;
    let rest = sum - product;
    let error = (product - (sum - rest)) + (c - rest);
    // An inexact even sum moves to its odd neighbour on the side of the error.
    let bits = sum.to_bits();
    let inexact = error != 0.0 && sum.is_finite() && bits & 1 == 0;
    let outward = (error > 0.0) == (sum > 0.0);
    let odd = match (inexact, outward) {
        (false, _) => bits,
        (true, true) => bits + 1,
        (true, false) => bits.wrapping_sub(1),
    };
    f64::from_bits(odd) as f32
}

impl Simd for Portable {
    type F = [f32; 4];
    type Mask = usize;
    const LANES: usize = 4;
    const REGISTERS: usize = 16;

    #[inline(always)]
    fn splat(self, value: f32) -> Self::F {
        [value; 4]
    }
    #[inline(always)]
    fn mask(self, lanes: usize) -> usize {
        lanes.min(4)
    }
    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> Self::F {
        // SAFETY: four values are readable, says the caller.
        unsafe { from.cast::<[f32; 4]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32, vector: Self::F) {
        // SAFETY: four values are writable, says the caller.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(vector) }
    }
    #[inline(always)]
    unsafe fn load_masked(self, from: *const f32, mask: usize) -> Self::F {
        std::array::from_fn(|i| {
            if i < mask {
                // SAFETY: the first `mask` values are readable, says the caller.
                unsafe { *from.add(i) }
            } else {
                0.0
            }
        })
    }
    #[inline(always)]
    unsafe fn store_masked(self, to: *mut f32, vector: Self::F, mask: usize) {
        for (i, value) in vector.into_iter().enumerate().take(mask) {
            // SAFETY: the first `mask` values are writable, says the caller.
            unsafe { *to.add(i) = value };
        }
    }
    #[inline(always)]
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        std::array::from_fn(|i| fma(a[i], b[i], c[i]))
    }
    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        std::array::from_fn(|i| a[i] + b[i])
    }
    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        std::array::from_fn(|i| a[i] - b[i])
    }
    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        std::array::from_fn(|i| a[i] * b[i])
    }
    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        std::array::from_fn(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    fn keep_positive(self, sign: Self::F, vector: Self::F) -> Self::F {
        std::array::from_fn(|i| if sign[i] > 0.0 { vector[i] } else { 0.0 })
    }
    #[inline(always)]
    fn prefetch(self, _at: *const f32) {}
    #[inline(always)]
    fn pow2(self, shifted: Self::F) -> Self::F {
        shifted.map(|x| f32::from_bits((x.to_bits() << 23).wrapping_add(0x3f80_0000)))
    }
}

#[cfg(test)]
mod tests {
    use super::fma;

    #[test]
    fn fma_rounds_once() {
        let mut state = 7u64;
        let mut next = move || {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            f32::from_bits((state >> 32) as u32)
        };
        for case in 0..400_000 {
            let (a, b, mut c) = (next(), next(), next());
            if case % 2 == 0 {
                c = -a * b * (1.0 + (case % 7) as f32 * f32::EPSILON); // provoke cancellation and ties
            }
            let (ours, exact) = (fma(a, b, c), a.mul_add(b, c));
            assert!(
                ours == exact || (ours.is_nan() && exact.is_nan()),
                "fma({a:e}, {b:e}, {c:e}) = {ours:e}, not {exact:e}"
            );
        }
    }
}
