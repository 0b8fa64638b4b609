//! CRC-32 as in Ethernet and zip (polynomial 0xEDB88320, reflected, inverted).

/// One entry for each half byte: 64 bytes of flash.
const TABLE: [u32; 16] = {
    let mut table = [0; 16];
    let mut i = 0;
    while i < 16 {
        let mut crc = i as u32;
        let mut bit = 0;
        while bit < 4 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
            bit += 1;
        }
        table[i] = crc;
        i += 1;
    }
    table
};

macro_rules! step {
    ($crc:ident, $($byte:expr),*) => {$(
        $crc ^= $byte as u32;
        $crc = ($crc >> 4) ^ TABLE[($crc & 15) as usize];
        $crc = ($crc >> 4) ^ TABLE[($crc & 15) as usize];
    )*};
}

/// The CRC-32 of `bytes`.
///
/// Sixteen bytes a turn: rustc counts turns, and warns about a `const` that takes two million of them.
pub const fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = !0;
    let (chunks, rest) = bytes.as_chunks::<16>();
    let mut i = 0;
    while i < chunks.len() {
        let b = &chunks[i];
        step!(
            crc, b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
            b[13], b[14], b[15]
        );
        i += 1;
    }
    let mut i = 0;
    while i < rest.len() {
        step!(crc, rest[i]);
        i += 1;
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Check values of the CRC-32/ISO-HDLC entry in the catalogue of parametrised CRC algorithms, and of zlib 1.3.
    #[test]
    fn equals_known_values() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
        assert_eq!(crc32(&[0; 32]), 0x190A_55AD);
        assert_eq!(
            crc32(b"The quick brown fox jumps over the lazy dog"),
            0x414F_A339
        );
    }
}
