//! The header and the directory of sections.

use super::bytes::{first_set, part, u8_at, u16_at, u32_at};
use super::{Format, ImageError, Target, VERSION};
use crate::arch::RUNS_DSP;
use crate::crc::crc32;
use crate::spec::MAX_LAYERS;

/// First bytes of every image.
pub const MAGIC: [u8; 4] = *b"MOTE";
/// Bytes before the directory.
pub const HEADER_LEN: usize = 32;
/// Bytes of one directory entry.
pub const ENTRY_LEN: usize = 12;
/// Every section starts at a multiple of this.
pub const SECTION_ALIGN: usize = 16;
/// Flag of a section without which the image makes no sense.
pub const REQUIRED: u16 = 1;

/// Names, rate, window.
pub const ABOUT: u16 = 1;
/// Gain and offset of each input channel.
pub const AFFINE: u16 = 2;
/// Shape, quantization and place of each tensor.
pub const TENSORS: u16 = 3;
/// What each layer does.
pub const LAYERS: u16 = 4;
/// Weights, bias, multipliers and shifts.
pub const CONSTANTS: u16 = 5;
/// Names of symbols; an image may do without.
pub const VOCABULARY: u16 = 6;
/// The log-mel front end of sound; an image may do without.
pub const MEL: u16 = 7;
const KNOWN: usize = 8;

/// What the header says, and where the sections lie.
#[derive(Clone, Copy)]
pub(super) struct Directory<'a> {
    pub format: Format,
    pub target: Target,
    pub layers: u8,
    /// The whole image, without what may follow it.
    pub bytes: &'a [u8],
    pub sections: [&'a [u8]; KNOWN],
}

/// Checks everything that needs no knowledge of a section's content.
pub(super) const fn parse(bytes: &[u8]) -> Result<Directory<'_>, ImageError> {
    if bytes.len() < HEADER_LEN {
        // Even a stub says whether it was an image.
        if bytes.len() >= 4 && u32_at(bytes, 0) != u32::from_le_bytes(MAGIC) {
            return Err(ImageError::Magic {
                found: [bytes[0], bytes[1], bytes[2], bytes[3]],
            });
        }
        return Err(ImageError::Short {
            need: HEADER_LEN,
            have: bytes.len(),
        });
    }
    if u32_at(bytes, 0) != u32::from_le_bytes(MAGIC) {
        return Err(ImageError::Magic {
            found: [bytes[0], bytes[1], bytes[2], bytes[3]],
        });
    }
    if u16_at(bytes, 8) != VERSION {
        return Err(ImageError::Version {
            found: u16_at(bytes, 8),
        });
    }
    let need = u32_at(bytes, 12) as usize;
    let count = u8_at(bytes, 16) as usize;
    let first = HEADER_LEN + count * ENTRY_LEN;
    if need < first {
        return Err(ImageError::Short {
            need: first,
            have: need,
        });
    }
    let Some((bytes, _)) = bytes.split_at_checked(need) else {
        return Err(ImageError::Short {
            need,
            have: bytes.len(),
        });
    };
    let (stored, computed) = (u32_at(bytes, 4), crc32(bytes.split_at(8).1));
    if stored != computed {
        return Err(ImageError::Crc { stored, computed });
    }
    let format = match u8_at(bytes, 10) {
        0 => Format::I8,
        1 => Format::F16,
        found => return Err(ImageError::Format { found }),
    };
    let target = match u8_at(bytes, 11) {
        0 => Target::Portable,
        1 if RUNS_DSP && matches!(format, Format::I8) => Target::Dsp,
        found => return Err(ImageError::Target { found }),
    };
    let layers = u8_at(bytes, 17);
    if layers == 0 || layers as usize > MAX_LAYERS {
        return Err(ImageError::Layers { found: layers });
    }
    if let Some(offset) = first_set(bytes, 18, HEADER_LEN) {
        return Err(ImageError::Reserved { section: 0, offset });
    }
    let sections = match sections(bytes, count, first) {
        Ok(sections) => sections,
        Err(error) => return Err(error),
    };
    Ok(Directory {
        format,
        target,
        layers,
        bytes,
        sections,
    })
}

const fn sections(bytes: &[u8], count: usize, first: usize) -> Result<[&[u8]; KNOWN], ImageError> {
    let mut sections: [&[u8]; KNOWN] = [&[]; KNOWN];
    let mut seen = [0_u8; KNOWN];
    let mut free = first;
    let mut i = 0;
    while i < count {
        let entry = HEADER_LEN + i * ENTRY_LEN;
        let (section, flags) = (u16_at(bytes, entry), u16_at(bytes, entry + 2));
        let (offset, len) = (
            u32_at(bytes, entry + 4) as usize,
            u32_at(bytes, entry + 8) as usize,
        );
        if offset < free || !offset.is_multiple_of(SECTION_ALIGN) {
            return Err(ImageError::SectionStart {
                section,
                offset,
                free,
            });
        }
        let Some(content) = part(bytes, offset, len) else {
            let (end, have) = (offset.saturating_add(len), bytes.len());
            return Err(ImageError::SectionEnd { section, end, have });
        };
        if section != 0 && (section as usize) < KNOWN {
            sections[section as usize] = content;
            seen[section as usize] = seen[section as usize].saturating_add(1);
        } else if flags & REQUIRED != 0 {
            return Err(ImageError::SectionUnknown { section });
        }
        free = offset + len;
        i += 1;
    }
    let mut section = 1;
    while section < KNOWN {
        let optional = section == VOCABULARY as usize || section == MEL as usize;
        if seen[section] != 1 && !(optional && seen[section] == 0) {
            return Err(ImageError::SectionCount {
                section: section as u16,
                found: seen[section],
            });
        }
        section += 1;
    }
    Ok(sections)
}
