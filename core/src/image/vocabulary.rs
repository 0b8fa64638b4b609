//! The names of symbols: what a device needs to turn what it reads into the numbers that an encoder reads.

use super::bytes::{part, u8_at, u16_at};
use super::{ImageError, section};

/// Bytes before the names.
const HEAD_LEN: usize = 4;

/// Checks the section's content: as many names as `symbols`, each in UTF-8.
pub const fn check(bytes: &[u8], symbols: u16) -> Result<(), ImageError> {
    let section = section::VOCABULARY;
    if bytes.len() < HEAD_LEN {
        let (need, have) = (HEAD_LEN, bytes.len());
        return Err(ImageError::SectionLen {
            section,
            need,
            have,
        });
    }
    if u16_at(bytes, 0) != symbols {
        return Err(ImageError::Names);
    }
    if u16_at(bytes, 2) != 0 {
        return Err(ImageError::Reserved { section, offset: 2 });
    }
    let (mut at, mut symbol) = (HEAD_LEN, 0);
    while symbol < symbols {
        let len = u8_at(bytes, at) as usize;
        at += 1;
        match part(bytes, at, len) {
            Some(name) if core::str::from_utf8(name).is_ok() => {}
            _ => return Err(ImageError::Names),
        }
        at += len;
        symbol += 1;
    }
    if at != bytes.len() {
        let (need, have) = (at, bytes.len());
        return Err(ImageError::SectionLen {
            section,
            need,
            have,
        });
    }
    Ok(())
}

/// The names in a checked section, by the number of their symbol; none where there is no section.
pub fn names(bytes: &[u8]) -> impl Iterator<Item = &str> {
    let mut at = HEAD_LEN;
    (0..u16_at(bytes, 0)).map(move |_| {
        let len = usize::from(u8_at(bytes, at));
        let name = part(bytes, at + 1, len).unwrap_or(&[]);
        at += 1 + len;
        core::str::from_utf8(name).unwrap_or("")
    })
}
