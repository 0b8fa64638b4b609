//! What the encoder was made for: names, rate and window.

use super::bytes::{f32_at, first_set, part, u8_at, u32_at};
use super::{ImageError, section};

/// Bytes before the names.
pub const ABOUT_LEN: usize = 16;

/// The section's content, checked.
#[derive(Clone, Copy)]
pub struct About<'a> {
    bytes: &'a [u8],
}

impl<'a> About<'a> {
    pub const fn parse(bytes: &'a [u8], channels: u16) -> Result<Self, ImageError> {
        let section = section::ABOUT;
        if bytes.len() < ABOUT_LEN {
            return Err(ImageError::SectionLen {
                section,
                need: ABOUT_LEN,
                have: bytes.len(),
            });
        }
        let rate = f32_at(bytes, 0);
        if !(rate.is_finite() && rate >= 0.0) {
            return Err(ImageError::Rate);
        }
        let names = u8_at(bytes, 13);
        if names != 0 && names as u16 != channels {
            return Err(ImageError::Names);
        }
        if let Some(offset) = first_set(bytes, 14, ABOUT_LEN) {
            return Err(ImageError::Reserved { section, offset });
        }
        let mut at = ABOUT_LEN;
        let mut len = u8_at(bytes, 12) as usize;
        let mut i = 0;
        loop {
            match part(bytes, at, len) {
                Some(name) if core::str::from_utf8(name).is_ok() => {}
                _ => return Err(ImageError::Names),
            }
            at += len;
            if i == names {
                break;
            }
            len = u8_at(bytes, at) as usize;
            at += 1;
            i += 1;
        }
        if at != bytes.len() {
            return Err(ImageError::SectionLen {
                section,
                need: at,
                have: bytes.len(),
            });
        }
        Ok(Self { bytes })
    }

    pub const fn rate_hz(&self) -> f32 {
        f32_at(self.bytes, 0)
    }

    pub const fn window_len(&self) -> u32 {
        u32_at(self.bytes, 4)
    }

    pub const fn hop_len(&self) -> u32 {
        u32_at(self.bytes, 8)
    }

    pub const fn name(&self) -> &'a str {
        text(self.bytes, ABOUT_LEN, u8_at(self.bytes, 12) as usize)
    }

    pub fn channel_names(self) -> impl Iterator<Item = &'a str> {
        let mut at = ABOUT_LEN + usize::from(u8_at(self.bytes, 12));
        (0..u8_at(self.bytes, 13)).map(move |_| {
            let len = usize::from(u8_at(self.bytes, at));
            let name = text(self.bytes, at + 1, len);
            at += 1 + len;
            name
        })
    }
}

const fn text(bytes: &[u8], at: usize, len: usize) -> &str {
    match part(bytes, at, len) {
        Some(bytes) => match core::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(_) => "",
        },
        None => "",
    }
}
