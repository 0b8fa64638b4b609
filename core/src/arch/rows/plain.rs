//! The law for all other loops over rows, and how machines without loops of their own compute.

use super::TapRows;

#[inline(always)]
pub(super) fn add_product(acc: &mut i32, x: i8, w: i8) {
    // Wraps, which costs nothing and lets builds that check for overflow vectorise; sums of a valid image do not.
    *acc = acc.wrapping_add(i32::from(x) * i32::from(w));
}

#[cfg(any(test, not(mote_sse2)))]
#[inline]
pub fn add_dots(
    input: &[i8],
    weights: &[i8],
    apart: usize,
    rows: &super::Rows,
    sums: &mut [[i32; 4]],
) {
    for (index, [a, b, c, d]) in sums.iter_mut().enumerate() {
        for row in 0..rows.count {
            let x = crate::kernel::run_of(input, row * rows.pitch, rows.len);
            let first = 4 * index * apart + row * rows.weight_pitch;
            let w =
                |filter: usize| crate::kernel::run_of(weights, first + filter * apart, rows.len);
            for ((((&x, &w0), &w1), &w2), &w3) in x.iter().zip(w(0)).zip(w(1)).zip(w(2)).zip(w(3)) {
                add_product(a, x, w0);
                add_product(b, x, w1);
                add_product(c, x, w2);
                add_product(d, x, w3);
            }
        }
    }
}

#[inline]
pub fn add_taps(input: &[i8], weights: &[i8], taps: &TapRows, sums: &mut [[i32; 4]]) {
    let four = |values: &[i8], at: usize| values.get(at..)?.first_chunk::<4>().copied();
    for (index, sums) in sums.iter_mut().enumerate() {
        for row in 0..taps.rows.count {
            for tap in 0..taps.rows.len {
                let x = index * taps.apart + row * taps.rows.pitch + tap * taps.step;
                let w = 4 * index + row * taps.rows.weight_pitch + tap * taps.weight_step;
                if let (Some(x), Some(w)) = (four(input, x), four(weights, w)) {
                    for ((sum, x), w) in sums.iter_mut().zip(x).zip(w) {
                        add_product(sum, x, w);
                    }
                }
            }
        }
    }
}
