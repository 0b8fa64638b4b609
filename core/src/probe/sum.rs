//! Sums of `f32` in one fixed order.
//!
//! Four interleaved partial sums, then `(s0 + s1) + (s2 + s3)`, then the rest in order: a shape that a
//! desktop's SIMD and a Cortex-M's pipeline both like, with the same bits on each.

/// Sum of `f(a[i], b[i])` over the shorter length.
#[inline]
fn fold(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let n = a.len().min(b.len());
    let (a, b) = (a.get(..n).unwrap_or(a), b.get(..n).unwrap_or(b));
    let (a4, a_rest) = a.as_chunks::<4>();
    let (b4, b_rest) = b.as_chunks::<4>();
    let mut s = [0.0f32; 4];
    for (a, b) in a4.iter().zip(b4) {
        for ((s, a), b) in s.iter_mut().zip(a).zip(b) {
            *s += f(*a, *b);
        }
    }
    let mut sum = (s[0] + s[1]) + (s[2] + s[3]);
    for (a, b) in a_rest.iter().zip(b_rest) {
        sum += f(*a, *b);
    }
    sum
}

/// Inner product over the shorter length.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    fold(a, b, |a, b| a * b)
}

/// Squared Euclidean distance over the shorter length.
pub fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    fold(a, b, |a, b| (a - b) * (a - b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_right_at_every_length() {
        let a: [f32; 13] = core::array::from_fn(|i| i as f32);
        for n in 0..=a.len() {
            let squares: f32 = a[..n].iter().map(|x| x * x).sum();
            assert_eq!(dot(&a[..n], &a), squares);
            assert_eq!(squared_distance(&a[..n], &[0.0; 13]), squares);
            assert_eq!(dot(&a, &a[..n]), squares);
        }
    }
}
