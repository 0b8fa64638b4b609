//! AVX2 with FMA: eight lanes, sixteen registers.

use super::{Operation, Simd};
use std::arch::x86_64::*;

/// Proves that the CPU has AVX2 and FMA.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// The instructions, if the CPU has them.
    pub(crate) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }

    /// Runs `operation` compiled for these instructions.
    pub(crate) fn run<O: Operation>(self, operation: O) -> O::Output {
        #[target_feature(enable = "avx2,fma")]
        fn inner<O: Operation>(simd: Avx2, operation: O) -> O::Output {
            operation.run(simd)
        }
        // SAFETY: `self` exists only on a CPU with these instructions.
        unsafe { inner(self, operation) }
    }
}

impl Simd for Avx2 {
    type F = __m256;
    type Mask = __m256i;
    const LANES: usize = 8;
    const REGISTERS: usize = 16;

    #[inline(always)]
    fn splat(self, value: f32) -> __m256 {
        // SAFETY: `self` proves that the CPU has AVX2 and FMA.
        unsafe { _mm256_set1_ps(value) }
    }
    #[inline(always)]
    fn mask(self, lanes: usize) -> __m256i {
        // SAFETY: `self` proves that the CPU has AVX2 and FMA.
        unsafe {
            _mm256_cmpgt_epi32(
                _mm256_set1_epi32(lanes.min(8) as i32),
                _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
            )
        }
    }
    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m256 {
        // SAFETY: `self` proves that the CPU has AVX2 and FMA; a vector is readable at `from`, says the caller.
        unsafe { _mm256_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32, vector: __m256) {
        // SAFETY: `self` proves that the CPU has AVX2 and FMA; a vector is writable at `to`, says the caller.
        unsafe { _mm256_storeu_ps(to, vector) }
    }
    #[inline(always)]
    unsafe fn load_masked(self, from: *const f32, mask: __m256i) -> __m256 {
        // SAFETY: `self` proves that the CPU has AVX2 and FMA; the selected lanes are readable at `from`, says the caller.
        unsafe { _mm256_maskload_ps(from, mask) }
    }
    #[inline(always)]
    unsafe fn store_masked(self, to: *mut f32, vector: __m256, mask: __m256i) {
        // SAFETY: `self` proves that the CPU has AVX2 and FMA; the selected lanes are writable at `to`, says the caller.
        unsafe { _mm256_maskstore_ps(to, mask, vector) }
    }
    #[inline(always)]
    fn fma(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: `self` proves that the CPU has AVX2 and FMA.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: `self` proves that the CPU has AVX2 and FMA.
        unsafe { _mm256_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: `self` proves that the CPU has AVX2 and FMA.
        unsafe { _mm256_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: `self` proves that the CPU has AVX2 and FMA.
        unsafe { _mm256_mul_ps(a, b) }
    }
    #[inline(always)]
    fn max(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: `self` proves that the CPU has AVX2 and FMA.
        unsafe { _mm256_max_ps(a, b) }
    }
    #[inline(always)]
    fn keep_positive(self, sign: __m256, vector: __m256) -> __m256 {
        // SAFETY: `self` proves that the CPU has AVX2 and FMA.
        unsafe {
            _mm256_and_ps(
                _mm256_cmp_ps::<_CMP_GT_OQ>(sign, _mm256_setzero_ps()),
                vector,
            )
        }
    }
    #[inline(always)]
    fn prefetch(self, at: *const f32) {
        // SAFETY: the instruction reads nothing that the program sees, and no address faults.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
    }
    #[inline(always)]
    fn pow2(self, shifted: __m256) -> __m256 {
        // SAFETY: `self` proves that the CPU has AVX2 and FMA.
        unsafe {
            let exponent = _mm256_slli_epi32::<23>(_mm256_castps_si256(shifted));
            _mm256_castsi256_ps(_mm256_add_epi32(exponent, _mm256_set1_epi32(0x3f80_0000)))
        }
    }
}
