//! Inner products of int8 runs.
//!
//! Additions wrap, which costs nothing and lets overflow-checked builds vectorise; sums of a valid image
//! do not overflow.

#[inline(always)]
fn product(a: i8, b: i8) -> i32 {
    i32::from(a) * i32::from(b)
}

/// `sum(x * w)` over the shorter length.
#[inline]
pub(super) fn dot(x: &[i8], w: &[i8]) -> i32 {
    x.iter()
        .zip(w)
        .fold(0, |acc: i32, (&x, &w)| acc.wrapping_add(product(x, w)))
}

/// Four inner products with the same `x`, which is then loaded once.
#[inline]
pub(super) fn dot4(x: &[i8], w: [&[i8]; 4]) -> [i32; 4] {
    let [w0, w1, w2, w3] = w;
    let mut acc = [0_i32; 4];
    for ((((&x, &w0), &w1), &w2), &w3) in x.iter().zip(w0).zip(w1).zip(w2).zip(w3) {
        acc[0] = acc[0].wrapping_add(product(x, w0));
        acc[1] = acc[1].wrapping_add(product(x, w1));
        acc[2] = acc[2].wrapping_add(product(x, w2));
        acc[3] = acc[3].wrapping_add(product(x, w3));
    }
    acc
}

/// `sum(w)`.
#[inline]
pub(super) fn sum(w: &[i8]) -> i32 {
    w.iter().fold(0, |acc: i32, &w| acc.wrapping_add(w.into()))
}
