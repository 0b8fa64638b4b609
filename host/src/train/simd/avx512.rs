//! AVX-512: sixteen lanes, thirty-two registers.

use super::{Operation, Simd};
use std::arch::x86_64::*;

/// Proves that the CPU has AVX-512F, VL, BW, DQ, AVX2 and FMA.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// The instructions, if the CPU has them.
    pub(crate) fn detect() -> Option<Self> {
        let all = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma");
        all.then_some(Self(()))
    }

    /// Runs `operation` compiled for these instructions.
    pub(crate) fn run<O: Operation>(self, operation: O) -> O::Output {
        #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
        fn inner<O: Operation>(simd: Avx512, operation: O) -> O::Output {
            operation.run(simd)
        }
        // SAFETY: `self` exists only on a CPU with these instructions.
        unsafe { inner(self, operation) }
    }
}

impl Simd for Avx512 {
    type F = __m512;
    type Mask = __mmask16;
    const LANES: usize = 16;
    const REGISTERS: usize = 32;

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        // SAFETY: `self` proves that the CPU has AVX-512.
        unsafe { _mm512_set1_ps(value) }
    }
    #[inline(always)]
    fn mask(self, lanes: usize) -> __mmask16 {
        (0xffff_u32 >> (16 - lanes.min(16))) as u16
    }
    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m512 {
        // SAFETY: `self` proves that the CPU has AVX-512; a vector is readable at `from`, says the caller.
        unsafe { _mm512_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32, vector: __m512) {
        // SAFETY: `self` proves that the CPU has AVX-512; a vector is writable at `to`, says the caller.
        unsafe { _mm512_storeu_ps(to, vector) }
    }
    #[inline(always)]
    unsafe fn load_masked(self, from: *const f32, mask: __mmask16) -> __m512 {
        // SAFETY: `self` proves that the CPU has AVX-512; the selected lanes are readable at `from`, says the caller.
        unsafe { _mm512_maskz_loadu_ps(mask, from) }
    }
    #[inline(always)]
    unsafe fn store_masked(self, to: *mut f32, vector: __m512, mask: __mmask16) {
        // SAFETY: `self` proves that the CPU has AVX-512; the selected lanes are writable at `to`, says the caller.
        unsafe { _mm512_mask_storeu_ps(to, mask, vector) }
    }
    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: `self` proves that the CPU has AVX-512.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves that the CPU has AVX-512.
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves that the CPU has AVX-512.
        unsafe { _mm512_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves that the CPU has AVX-512.
        unsafe { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves that the CPU has AVX-512.
        unsafe { _mm512_max_ps(a, b) }
    }
    #[inline(always)]
    fn keep_positive(self, sign: __m512, vector: __m512) -> __m512 {
        // SAFETY: `self` proves that the CPU has AVX-512.
        unsafe {
            _mm512_maskz_mov_ps(
                _mm512_cmp_ps_mask::<_CMP_GT_OQ>(sign, _mm512_setzero_ps()),
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
    fn pow2(self, shifted: __m512) -> __m512 {
        // SAFETY: `self` proves that the CPU has AVX-512.
        unsafe {
            let exponent = _mm512_slli_epi32::<23>(_mm512_castps_si512(shifted));
            _mm512_castsi512_ps(_mm512_add_epi32(exponent, _mm512_set1_epi32(0x3f80_0000)))
        }
    }
}
