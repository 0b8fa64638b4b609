//! Event files for TensorBoard: the curves of a training, for those who keep theirs there.
//!
//! The crates for it are unmaintained or bring a protobuf compiler along, and a curve needs five fields. A file is a
//! TFRecord: for each event its length, the masked CRC-32C of that, the event, and the masked CRC-32C of it. An event
//! is a protobuf message `Event` with wall time (field 1), step (2), and either the version of the file (3) or a
//! `Summary` (5) of values (1), each with a tag (1) and a number (2).

use super::{RunError, atomic};
use std::path::Path;

/// One number of a curve.
#[derive(Clone, PartialEq, Debug)]
pub struct Scalar {
    /// Seconds since 1970.
    pub time: f64,
    /// The step of the training.
    pub step: u64,
    /// The name of the curve, such as `loss`.
    pub tag: &'static str,
    /// The number.
    pub value: f32,
}

/// Writes an event file of `scalars`, in their order, whole or not at all.
///
/// # Errors
/// If it cannot be written.
pub fn write(path: &Path, scalars: &[Scalar]) -> Result<(), RunError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| RunError::at(folder, e))?;
    }
    atomic::write(path, &events(scalars))
}

fn events(scalars: &[Scalar]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut first = Vec::new();
    let begun = scalars.first().map_or(0.0, |scalar| scalar.time);
    fixed(&mut first, 1, &begun.to_le_bytes());
    bytes(&mut first, 3, b"brain.Event:2");
    record(&mut file, &first);
    for Scalar {
        time,
        step,
        tag,
        value,
    } in scalars
    {
        let (mut event, mut summary, mut entry) = (Vec::new(), Vec::new(), Vec::new());
        bytes(&mut entry, 1, tag.as_bytes());
        fixed(&mut entry, 2, &value.to_le_bytes());
        bytes(&mut summary, 1, &entry);
        fixed(&mut event, 1, &time.to_le_bytes());
        number(&mut event, 2 << 3);
        number(&mut event, *step);
        bytes(&mut event, 5, &summary);
        record(&mut file, &event);
    }
    file
}

/// A field of four or eight bytes.
fn fixed(message: &mut Vec<u8>, field: u64, value: &[u8]) {
    number(message, field << 3 | if value.len() == 8 { 1 } else { 5 });
    message.extend(value);
}

/// A field of any length.
fn bytes(message: &mut Vec<u8>, field: u64, value: &[u8]) {
    number(message, field << 3 | 2);
    number(message, value.len() as u64);
    message.extend(value);
}

/// Seven bits a byte, the lowest first.
fn number(message: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        message.push(value as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}

fn record(file: &mut Vec<u8>, event: &[u8]) {
    let length = (event.len() as u64).to_le_bytes();
    file.extend(length);
    file.extend(masked(&length).to_le_bytes());
    file.extend(event);
    file.extend(masked(event).to_le_bytes());
}

/// TFRecord's mask over the CRC-32C (Castagnoli).
fn masked(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        let shift = |crc: u32, _| crc >> 1 ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 };
        (0..8).fold(crc ^ u32::from(*byte), shift)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_castagnolis() {
        // RFC 3720, appendix B.4.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(&(0..32).collect::<Vec<u8>>()), 0x46dd_794e);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn an_event_is_what_tensorboard_writes() {
        let scalar = Scalar {
            time: 1.5,
            step: 300,
            tag: "loss",
            value: 0.25,
        };
        let file = events(&[scalar]);
        // `Event(...).SerializeToString()` of Python's tensorboard 2.21.0 with protobuf 7.36.2.
        let expected: &[u8] =
            b"\x09\0\0\0\0\0\0\xf8\x3f\x10\xac\x02\x2a\x0d\x0a\x0b\x0a\x04loss\x15\0\0\x80\x3e";
        let first = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
        let second = &file[8 + 4 + first + 4..];
        assert_eq!(
            u64::from_le_bytes(second[..8].try_into().unwrap()),
            expected.len() as u64
        );
        assert_eq!(&second[12..12 + expected.len()], expected);
        assert_eq!(second.len(), 12 + expected.len() + 4);
    }
}
