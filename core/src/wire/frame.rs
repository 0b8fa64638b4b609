//! One frame: an envelope that never changes, a postcard body, CRC-32, and COBS between two zeros.

use super::VERSION;
use crate::crc::{Crc32, crc32};
use core::fmt;
use postcard::ser_flavors::Flavor;
use serde::Serialize;

/// Bytes of version and direction, and of the sequence number.
pub const ENVELOPE: usize = 5;
/// Bytes of the checksum.
const SUM: usize = 4;
/// Set in the first byte of what the device sends.
const FROM_DEVICE: u8 = 0x80;

/// Who sent a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Direction {
    /// The desktop: a request.
    ToDevice,
    /// The device: a response.
    FromDevice,
}

/// The contents of a frame whose checksum was right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Frame<'a> {
    /// Protocol version of the sender, in `0..128`.
    pub version: u8,
    /// Who sent it.
    pub direction: Direction,
    /// The request's number, which its response repeats.
    pub sequence: u32,
    /// The message, as postcard writes it in the sender's version.
    pub body: &'a [u8],
    /// The frame's checksum.
    pub crc: u32,
}

impl<'a> Frame<'a> {
    /// The frame in `bytes`: envelope, body, checksum.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, FrameError> {
        let short = FrameError::Short {
            need: ENVELOPE + SUM,
            have: bytes.len(),
        };
        let (checked, sum) = bytes.split_last_chunk::<SUM>().ok_or(short)?;
        let (envelope, body) = checked.split_first_chunk::<ENVELOPE>().ok_or(short)?;
        let (need, have) = (crc32(checked), u32::from_le_bytes(*sum));
        if need != have {
            return Err(FrameError::Checksum { need, have });
        }
        let [first, a, b, c, d] = *envelope;
        let from_device = first & FROM_DEVICE != 0;
        Ok(Self {
            version: first & !FROM_DEVICE,
            direction: if from_device {
                Direction::FromDevice
            } else {
                Direction::ToDevice
            },
            sequence: u32::from_le_bytes([a, b, c, d]),
            body,
            crc: have,
        })
    }

    /// The message in the body, if it is one of our version and nothing follows it.
    pub fn message<M: serde::Deserialize<'a>>(&self) -> Option<M> {
        let (message, rest) = postcard::take_from_bytes(self.body).ok()?;
        rest.is_empty().then_some(message)
    }
}

/// Why bytes between two zeros were no frame. Such bytes are dropped: nobody can tell whom to answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum FrameError {
    /// Too few bytes for envelope and checksum.
    Short {
        /// Bytes of both.
        need: usize,
        /// Bytes that came.
        have: usize,
    },
    /// More bytes than the decoder's buffer holds.
    Long {
        /// Bytes that came.
        need: usize,
        /// Bytes of the buffer.
        have: usize,
    },
    /// The frame ended inside a COBS block.
    Truncated {
        /// Bytes that the block lacks.
        missing: usize,
    },
    /// The checksum is wrong.
    Checksum {
        /// CRC-32 of the bytes.
        need: u32,
        /// CRC-32 that came with them.
        have: u32,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { need, have } => {
                write!(f, "a frame has at least {need} bytes, not {have}")
            }
            Self::Long { need, have } => {
                write!(f, "a frame of {need} bytes exceeds the buffer of {have}")
            }
            Self::Truncated { missing } => write!(f, "the frame ended {missing} bytes too early"),
            Self::Checksum { need, have } => {
                write!(
                    f,
                    "the frame has CRC-32 {need:#010x} but claims {have:#010x}"
                )
            }
        }
    }
}

impl core::error::Error for FrameError {}

/// The buffer is too small for a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct EncodeError {
    /// Bytes of the frame, zeros included.
    pub need: usize,
    /// Bytes of the buffer.
    pub have: usize,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the frame needs {} bytes, the buffer has {}",
            self.need, self.have
        )
    }
}

impl core::error::Error for EncodeError {}

/// Writes `message` as one frame of our version to the start of `buffer` and returns the frame's bytes.
///
/// # Errors
/// The buffer is too small; its contents are then unspecified.
pub fn encode<'b>(
    direction: Direction,
    sequence: u32,
    message: &impl Serialize,
    buffer: &'b mut [u8],
) -> Result<&'b [u8], EncodeError> {
    let have = buffer.len();
    let mut writer = Writer {
        buffer,
        len: 0,
        code_at: 0,
        run: 0,
        crc: Crc32::new(),
    };
    // The leading zero ends whatever noise the line has carried before.
    writer.put(0);
    writer.open_block();
    let flag = if direction == Direction::FromDevice {
        FROM_DEVICE
    } else {
        0
    };
    writer.push(VERSION | flag);
    sequence
        .to_le_bytes()
        .into_iter()
        .for_each(|byte| writer.push(byte));
    // The writer accepts every byte and our messages are plain data, so this cannot fail.
    let complete = postcard::serialize_with_flavor(message, &mut writer).is_ok();
    writer
        .crc
        .finish()
        .to_le_bytes()
        .into_iter()
        .for_each(|byte| writer.push(byte));
    writer.close_block();
    writer.put(0);
    let (need, buffer) = (writer.len, writer.buffer);
    let frame = buffer.get(..need).filter(|_| complete);
    frame.ok_or(EncodeError { need, have })
}

/// Checksums and COBS-encodes what is pushed; past the end of the buffer it only counts.
struct Writer<'b> {
    buffer: &'b mut [u8],
    len: usize,
    /// Where the code of the open block goes.
    code_at: usize,
    /// Bytes in the open block, at most 253.
    run: u8,
    crc: Crc32,
}

impl Writer<'_> {
    fn put(&mut self, byte: u8) {
        if let Some(place) = self.buffer.get_mut(self.len) {
            *place = byte;
        }
        self.len += 1;
    }

    fn open_block(&mut self) {
        self.code_at = self.len;
        self.run = 0;
        self.put(0);
    }

    fn close_block(&mut self) {
        if let Some(place) = self.buffer.get_mut(self.code_at) {
            *place = self.run + 1;
        }
    }

    fn push(&mut self, byte: u8) {
        self.crc = self.crc.update(&[byte]);
        if byte != 0 {
            self.put(byte);
            self.run += 1;
        }
        if byte == 0 || self.run == 254 {
            self.close_block();
            self.open_block();
        }
    }
}

impl Flavor for &mut Writer<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.push(byte);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}
