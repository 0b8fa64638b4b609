//! Little-endian reads that are `const` and cannot fail: beyond the end lie zeros.

pub const fn u8_at(bytes: &[u8], at: usize) -> u8 {
    if at < bytes.len() { bytes[at] } else { 0 }
}

/// `N` bytes from `at` on.
#[inline]
pub const fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    match bytes.split_at_checked(at) {
        Some((_, rest)) => match rest.first_chunk() {
            Some(chunk) => *chunk,
            None => last(rest),
        },
        None => [0; N],
    }
}

/// Fewer than `N` bytes, and zeros behind them.
#[cold]
const fn last<const N: usize>(rest: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    let mut i = 0;
    while i < N {
        array[i] = u8_at(rest, i);
        i += 1;
    }
    array
}

pub const fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(array_at(bytes, at))
}

pub const fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

pub const fn f32_at(bytes: &[u8], at: usize) -> f32 {
    f32::from_bits(u32_at(bytes, at))
}

/// `len` bytes from `at` on, or `None` where they are not all there.
pub const fn part(bytes: &[u8], at: usize, len: usize) -> Option<&[u8]> {
    match bytes.split_at_checked(at) {
        Some((_, rest)) => match rest.split_at_checked(len) {
            Some((part, _)) => Some(part),
            None => None,
        },
        None => None,
    }
}

/// Index of the first byte in `from..to` that is not zero.
pub const fn first_set(bytes: &[u8], from: usize, to: usize) -> Option<usize> {
    let mut at = from;
    while at < to {
        if u8_at(bytes, at) != 0 {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// The next multiple of `unit`, a power of two; saturates.
pub const fn align(len: usize, unit: usize) -> usize {
    len.saturating_add(unit - 1) & !(unit - 1)
}
