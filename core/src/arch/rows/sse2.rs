//! Eight products at a time, for 64-bit x86: evaluation on a desktop runs images by the hundred thousand windows.
//!
//! SSE2 belongs to every such processor, so nothing is asked at run time. Sums wrap, hence their order changes no bit.

pub use super::plain::add_taps;

use super::Rows;
use super::plain::add_product;
use crate::kernel::run_of;
use core::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_cvtsi64_si128, _mm_cvtsi128_si64, _mm_madd_epi16,
    _mm_setzero_si128, _mm_srai_epi16, _mm_unpackhi_epi32, _mm_unpackhi_epi64, _mm_unpacklo_epi8,
    _mm_unpacklo_epi32, _mm_unpacklo_epi64,
};

/// Values of a step.
const WIDE: usize = 8;

/// Eight values as 16 bits each.
#[inline]
#[target_feature(enable = "sse2")]
fn widened(values: &[i8; WIDE]) -> __m128i {
    let bytes = _mm_cvtsi64_si128(i64::from_le_bytes(values.map(i8::cast_unsigned)));
    _mm_srai_epi16::<8>(_mm_unpacklo_epi8(bytes, bytes))
}

/// The sum of the lanes of each of four vectors.
#[inline]
#[target_feature(enable = "sse2")]
fn totals([a, b, c, d]: [__m128i; 4]) -> [i32; 4] {
    let halves = |a, b| _mm_add_epi32(_mm_unpacklo_epi32(a, b), _mm_unpackhi_epi32(a, b));
    let (ab, cd) = (halves(a, b), halves(c, d));
    let all = _mm_add_epi32(_mm_unpacklo_epi64(ab, cd), _mm_unpackhi_epi64(ab, cd));
    let lanes = |pair: i64| [pair as i32, (pair >> 32) as i32];
    let [a, b] = lanes(_mm_cvtsi128_si64(all));
    let [c, d] = lanes(_mm_cvtsi128_si64(_mm_unpackhi_epi64(all, all)));
    [a, b, c, d]
}

/// As the law.
#[inline]
pub fn add_dots(input: &[i8], weights: &[i8], apart: usize, rows: &Rows, sums: &mut [[i32; 4]]) {
    // SAFETY: `cfg(mote_sse2)` says that the target has SSE2.
    unsafe { add_eights(input, weights, apart, rows, sums) }
}

#[inline]
#[target_feature(enable = "sse2")]
fn add_eights(input: &[i8], weights: &[i8], apart: usize, rows: &Rows, sums: &mut [[i32; 4]]) {
    for (index, sums) in sums.iter_mut().enumerate() {
        let mut wide = [_mm_setzero_si128(); 4];
        for row in 0..rows.count {
            let (x, x_rest) = run_of(input, row * rows.pitch, rows.len).as_chunks::<WIDE>();
            let first = 4 * index * apart + row * rows.weight_pitch;
            let filters = [0, 1, 2, 3].map(|filter| {
                run_of(weights, first + filter * apart, rows.len).as_chunks::<WIDE>()
            });
            let [w0, w1, w2, w3] = filters.map(|(w, _)| w);
            for ((((x, w0), w1), w2), w3) in x.iter().zip(w0).zip(w1).zip(w2).zip(w3) {
                let x = widened(x);
                for (wide, w) in wide.iter_mut().zip([w0, w1, w2, w3]) {
                    *wide = _mm_add_epi32(*wide, _mm_madd_epi16(x, widened(w)));
                }
            }
            for (sum, (_, w_rest)) in sums.iter_mut().zip(filters) {
                for (&x, &w) in x_rest.iter().zip(w_rest) {
                    add_product(sum, x, w);
                }
            }
        }
        for (sum, total) in sums.iter_mut().zip(totals(wide)) {
            *sum = sum.wrapping_add(total);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::plain;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn sums_equal_those_of_the_law_in_every_bit() {
        let values = |count: usize, step: usize| -> Vec<i8> {
            (0..count)
                .map(|i| (i * step % 256) as u8 as i8)
                .chain([-128; 64])
                .collect()
        };
        let (input, weights) = (values(400, 37), values(2000, 91));
        for len in 1..=40 {
            for count in 1..=3 {
                let rows = Rows {
                    count,
                    len,
                    pitch: len + 5,
                    weight_pitch: len,
                };
                let mut sums = [[i32::MAX - 5, 0, -7, 1 << 20], [3; 4]];
                let mut law = sums;
                add_dots(&input, &weights, 3 * len, &rows, &mut sums);
                plain::add_dots(&input, &weights, 3 * len, &rows, &mut law);
                assert_eq!(sums, law, "{rows:?}");
            }
        }
        let rows = Rows::one(64);
        let lowest = [-128; 64];
        let mut sums = [[0; 4]];
        add_dots(&lowest, &lowest, 0, &rows, &mut sums);
        assert_eq!(sums, [[64 << 14; 4]]);
    }
}
