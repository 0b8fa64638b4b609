//! Finds frames in a stream of bytes.

use super::{Frame, FrameError};

/// Takes bytes one by one and yields frames of at most `N` bytes (envelope, body and checksum).
///
/// A zero always ends a frame, whatever came before, so the decoder is in step again after at most one
/// damaged frame. Memory is `N` bytes and a few words; a flood costs time, not memory.
///
/// ```
/// use mote_core::wire::{Decoder, Direction, MAX_ENCODED, MAX_LEN, Request, encode};
/// let mut buffer = [0; MAX_ENCODED];
/// let frame = encode(Direction::ToDevice, 7, &Request::Status, &mut buffer)?;
/// let mut decoder = Decoder::<MAX_LEN>::new();
/// for byte in frame {
///     if let Some(Ok(frame)) = decoder.push(*byte) {
///         assert_eq!(frame.message(), Some(Request::Status));
///     }
/// }
/// # Ok::<(), mote_core::wire::EncodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder<const N: usize> {
    bytes: [u8; N],
    /// Bytes decoded, which may be more than there is room for.
    len: usize,
    /// Bytes that the open COBS block still expects.
    rest: u8,
    /// Whether a zero stands between the open block and the next one.
    zero_follows: bool,
}

impl<const N: usize> Default for Decoder<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Decoder<N> {
    /// A decoder between two frames.
    pub const fn new() -> Self {
        Self {
            bytes: [0; N],
            len: 0,
            rest: 0,
            zero_follows: false,
        }
    }

    /// Takes one byte. A zero may complete a frame, or show that what came before it was none.
    pub fn push(&mut self, byte: u8) -> Option<Result<Frame<'_>, FrameError>> {
        if byte == 0 {
            return self.end();
        }
        if self.rest > 0 {
            self.rest -= 1;
            self.put(byte);
            return None;
        }
        // The code of a block. 0xFF stands for 254 bytes and no zero after them.
        if self.zero_follows {
            self.put(0);
        }
        self.rest = byte - 1;
        self.zero_follows = byte != 0xFF;
        None
    }

    fn end(&mut self) -> Option<Result<Frame<'_>, FrameError>> {
        let (len, rest) = (self.len, usize::from(self.rest));
        let empty = len == 0 && rest == 0 && !self.zero_follows;
        (self.len, self.rest, self.zero_follows) = (0, 0, false);
        if empty {
            return None;
        }
        Some(match self.bytes.get(..len) {
            None => Err(FrameError::Long { need: len, have: N }),
            Some(_) if rest > 0 => Err(FrameError::Truncated { missing: rest }),
            Some(bytes) => Frame::parse(bytes),
        })
    }

    fn put(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
        }
        self.len = self.len.saturating_add(1);
    }
}
