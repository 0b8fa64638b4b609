//! CRC-32 (ISO-HDLC: zlib, PNG, Ethernet), in `const` context too.
//!
//! Reflected polynomial `0xEDB88320`, initial value and final xor `0xFFFF_FFFF`; the check value of
//! `"123456789"` is `0xCBF4_3926`. Works on nibbles: 64 bytes of table, two look-ups a byte.

/// Remainder of each nibble.
const TABLE: [u32; 16] = {
    let mut table = [0; 16];
    let mut i = 0;
    while i < 16 {
        let mut r = i as u32;
        let mut bit = 0;
        while bit < 4 {
            r = if r & 1 == 1 {
                (r >> 1) ^ 0xEDB8_8320
            } else {
                r >> 1
            };
            bit += 1;
        }
        table[i] = r;
        i += 1;
    }
    table
};

/// Appends bytes one after the other, without a loop.
macro_rules! append {
    ($r:ident, $($byte:expr),*) => {$(
        $r ^= $byte as u32;
        $r = ($r >> 4) ^ TABLE[($r & 15) as usize];
        $r = ($r >> 4) ^ TABLE[($r & 15) as usize];
    )*};
}

/// A checksum in progress, for bytes that do not lie in one piece.
///
/// ```
/// use mote_core::crc::{Crc32, crc32};
/// assert_eq!(Crc32::new().update(b"1234").update(b"56789").finish(), crc32(b"123456789"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Crc32(u32);

impl Crc32 {
    /// The checksum of nothing.
    pub const fn new() -> Self {
        Self(u32::MAX)
    }

    /// Appends `bytes`, sixteen a turn: rustc counts turns and warns of a `const` that takes two million.
    #[must_use]
    pub const fn update(self, bytes: &[u8]) -> Self {
        let mut r = self.0;
        let (chunks, rest) = bytes.as_chunks::<16>();
        let mut i = 0;
        while i < chunks.len() {
            let b = &chunks[i];
            append!(r, b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]);
            append!(r, b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
            i += 1;
        }
        let mut i = 0;
        while i < rest.len() {
            append!(r, rest[i]);
            i += 1;
        }
        Self(r)
    }

    /// The checksum of everything appended.
    pub const fn finish(self) -> u32 {
        !self.0
    }
}

impl Default for Crc32 {
    fn default() -> Self {
        Self::new()
    }
}

/// The checksum of `bytes`.
///
/// ```
/// const CHECK: u32 = mote_core::crc::crc32(b"123456789");
/// assert_eq!(CHECK, 0xCBF4_3926);
/// ```
pub const fn crc32(bytes: &[u8]) -> u32 {
    Crc32::new().update(bytes).finish()
}

#[cfg(test)]
mod tests {
    use super::crc32;

    /// Values of `zlib.crc32` in Python 3.11.
    #[test]
    fn agrees_with_zlib() {
        assert_eq!(crc32(b""), 0);
        assert_eq!(crc32(b"\0"), 0xD202_EF8D);
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        let ramp: [u8; 256] = core::array::from_fn(|i| i as u8);
        assert_eq!(crc32(&ramp), 0x2905_8C73);
    }
}
