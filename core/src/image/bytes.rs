//! Little-endian reads that are `const` and cannot fail: beyond the end lie zeros.

pub const fn u8_at(bytes: &[u8], at: usize) -> u8 {
    if at < bytes.len() { bytes[at] } else { 0 }
}

pub const fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([u8_at(bytes, at), u8_at(bytes, at + 1)])
}

pub const fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([
        u8_at(bytes, at),
        u8_at(bytes, at + 1),
        u8_at(bytes, at + 2),
        u8_at(bytes, at + 3),
    ])
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
