//! The exponential of a row of similarities.

use super::{Operation, Simd, load, store};

/// `values = exp(values * factor - factor)`, for similarities in `[-1, 1]` and their inverse temperature.
///
/// Range reduction to `|r| <= ln(2) / 2` and a Taylor polynomial of degree 7; relative error below 3e-7.
pub(crate) struct ExpRow<'a> {
    /// Similarities in, exponentials out.
    pub values: &'a mut [f32],
    /// Inverse temperature, so that the exponent lies in `[-2 * factor, 0]`.
    pub factor: f32,
}

impl Operation for ExpRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let whole = self.values.len() / S::LANES * S::LANES;
        let mut at = 0;
        while at < whole {
            // SAFETY: `at + LANES <= len`.
            unsafe {
                exp::<S, false>(
                    simd,
                    self.values.as_mut_ptr().add(at),
                    self.factor,
                    simd.mask(S::LANES),
                )
            };
            at += S::LANES;
        }
        if whole < self.values.len() {
            let mask = simd.mask(self.values.len() - whole);
            // SAFETY: the mask keeps to the `len - whole` values that are left.
            unsafe { exp::<S, true>(simd, self.values.as_mut_ptr().add(whole), self.factor, mask) };
        }
    }
}

/// # Safety
/// A vector, or its selected lanes, must be readable and writable at `at`.
#[inline(always)]
unsafe fn exp<S: Simd, const MASKED: bool>(simd: S, at: *mut f32, factor: f32, mask: S::Mask) {
    /// Adding this rounds to an integer and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    /// `ln(2)` in two parts; the first has few enough bits that its product with an integer is exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    const TAYLOR: [f32; 8] = [
        1.0 / 5040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];
    let factor = simd.splat(factor);
    // SAFETY: the caller's promise.
    let similarity = unsafe { load::<S, MASKED>(simd, at, mask) };
    let x = simd.fma(similarity, factor, simd.mul(factor, simd.splat(-1.0)));
    let x = simd.max(x, simd.splat(-87.0));
    let shifted = simd.fma(x, simd.splat(std::f32::consts::LOG2_E), simd.splat(ROUND));
    let n = simd.add(shifted, simd.splat(-ROUND));
    let r = simd.fma(n, simd.splat(-LN_2[0]), x);
    let r = simd.fma(n, simd.splat(-LN_2[1]), r);
    let mut power = simd.splat(TAYLOR[0]);
    for at in 1..TAYLOR.len() {
        power = simd.fma(power, r, simd.splat(TAYLOR[at]));
    }
    let value = simd.mul(power, simd.pow2(shifted));
    // SAFETY: the caller's promise.
    unsafe { store::<S, MASKED>(simd, at, value, mask) };
}
