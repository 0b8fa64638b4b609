//! The desktop's end: numbers requests and picks out the responses to them.

use super::{
    Decoder, Direction, EncodeError, MAX_ENCODED, MAX_LEN, Request, Response, VERSION, encode,
};
use core::fmt;

/// A response came that this version cannot read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientError {
    /// The device speaks another version of the protocol.
    Version {
        /// Ours.
        need: u8,
        /// The device's.
        have: u8,
    },
    /// The device claims our version, but its response is none that we know.
    Malformed,
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { need, have } => write!(
                f,
                "the device speaks protocol version {have}, this program version {need}: update the older one"
            ),
            Self::Malformed => write!(
                f,
                "the device sent a response that this program does not know"
            ),
        }
    }
}

impl core::error::Error for ClientError {}

/// Writes requests and waits for the response to the last one; knows neither link nor clock.
///
/// When no response comes in time, send [`Client::last`] again: the same bytes, so that the device can see that
/// it is a retry.
#[derive(Clone, Debug)]
pub struct Client {
    decoder: Decoder<MAX_LEN>,
    request: [u8; MAX_ENCODED],
    request_len: usize,
    sequence: u32,
    waiting: bool,
}

impl Client {
    /// A client whose first request has the number after `sequence`. Draw it at random for each
    /// connection, lest the device takes a new client's request for a retry of the last one's.
    pub const fn new(sequence: u32) -> Self {
        Self {
            decoder: Decoder::new(),
            request: [0; MAX_ENCODED],
            request_len: 0,
            sequence,
            waiting: false,
        }
    }

    /// The bytes of a new request. Responses to earlier requests are dropped from now on.
    ///
    /// # Errors
    /// The request holds more than [`CHUNK`](super::CHUNK) bytes of data.
    pub fn request(&mut self, request: &Request<'_>) -> Result<&[u8], EncodeError> {
        self.sequence = self.sequence.wrapping_add(1);
        self.waiting = false;
        self.request_len = 0;
        let bytes = encode(
            Direction::ToDevice,
            self.sequence,
            request,
            &mut self.request,
        )?;
        self.request_len = bytes.len();
        self.waiting = true;
        Ok(bytes)
    }

    /// The bytes of the last request, for a retry.
    pub fn last(&self) -> &[u8] {
        self.request.get(..self.request_len).unwrap_or_default()
    }

    /// Takes one byte of the link; yields the response to the last request once.
    ///
    /// Noise, damaged frames, echoes of requests, and responses to other requests are dropped.
    pub fn push(&mut self, byte: u8) -> Option<Result<Response<'_>, ClientError>> {
        let frame = self.decoder.push(byte)?.ok()?;
        let ours = frame.direction == Direction::FromDevice && frame.sequence == self.sequence;
        if !ours || !self.waiting {
            return None;
        }
        self.waiting = false;
        if frame.version != VERSION {
            return Some(Err(ClientError::Version {
                need: VERSION,
                have: frame.version,
            }));
        }
        Some(frame.message().ok_or(ClientError::Malformed))
    }
}
