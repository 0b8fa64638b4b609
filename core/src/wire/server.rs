//! The device's end: requests out of bytes, responses into bytes, retries without repetition.

use super::{
    Decoder, Direction, Frame, LinkCounters, MAX_ENCODED, MAX_LEN, Refusal, Request, Response,
    VERSION, encode,
};

/// What a byte has brought.
#[derive(Debug)]
pub enum Incoming<'a> {
    /// Carry this out, then give the response to [`Server::answer`].
    Request(Request<'a>),
    /// Send these bytes; there is nothing to carry out.
    Reply(&'a [u8]),
}

/// Turns bytes of a link into requests and responses into bytes, one at a time.
///
/// **The last-response rule.** The last response stays in the buffer until the next one is made. A request
/// with the sequence number *and* the checksum of the last answered one is a retry: it is not carried out
/// again, the bytes of the last response are sent again.
#[derive(Clone, Debug)]
pub struct Server {
    decoder: Decoder<MAX_LEN>,
    reply: Reply,
    counters: LinkCounters,
}

/// The last response and what it answers. A request is known by its sequence number and checksum.
#[derive(Clone, Debug)]
struct Reply {
    bytes: [u8; MAX_ENCODED],
    len: usize,
    /// The request that the bytes answer.
    answered: Option<(u32, u32)>,
    /// The request handed out last.
    open: (u32, u32),
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

/// What is to be done with a frame, decided before anything is borrowed for long.
enum Verdict {
    Accept,
    Repeat,
    Refuse(Refusal),
    Ignore,
}

impl Server {
    /// A server that has heard nothing.
    pub const fn new() -> Self {
        Self {
            decoder: Decoder::new(),
            reply: Reply {
                bytes: [0; MAX_ENCODED],
                len: 0,
                answered: None,
                open: (0, 0),
            },
            counters: LinkCounters {
                requests: 0,
                repeats: 0,
                refused: 0,
                dropped: 0,
            },
        }
    }

    /// Takes one byte of the link.
    ///
    /// A whole frame of another version or with an unknown body is answered with a [`Refusal`]; damaged frames
    /// and frames of other devices are dropped. A request that is handed out and never answered counts as not
    /// carried out: its retry is handed out again.
    pub fn push(&mut self, byte: u8) -> Option<Incoming<'_>> {
        let frame = match self.decoder.push(byte)? {
            Ok(frame) => frame,
            Err(_) => {
                self.counters.dropped = self.counters.dropped.wrapping_add(1);
                return None;
            }
        };
        let id = (frame.sequence, frame.crc);
        let request = frame.message::<Request<'_>>();
        match judge(&frame, request.is_some(), self.reply.answered == Some(id)) {
            Verdict::Accept => {
                self.counters.requests = self.counters.requests.wrapping_add(1);
                self.reply.open = id;
                request.map(Incoming::Request)
            }
            Verdict::Repeat => {
                self.counters.repeats = self.counters.repeats.wrapping_add(1);
                Some(Incoming::Reply(self.reply.bytes()))
            }
            Verdict::Refuse(refusal) => {
                self.counters.refused = self.counters.refused.wrapping_add(1);
                self.reply.open = id;
                Some(Incoming::Reply(
                    self.reply.write(&Response::Refused(refusal)),
                ))
            }
            Verdict::Ignore => {
                self.counters.refused = self.counters.refused.wrapping_add(1);
                None
            }
        }
    }

    /// The bytes that answer the request handed out last. They stay for its retries.
    ///
    /// A response that does not fit a frame is replaced by [`Refusal::ResponseTooLong`].
    pub fn answer(&mut self, response: &Response<'_>) -> &[u8] {
        self.reply.write(response)
    }

    /// What has come over the link.
    pub fn counters(&self) -> LinkCounters {
        self.counters
    }
}

impl Reply {
    fn write(&mut self, response: &Response<'_>) -> &[u8] {
        let (sequence, direction) = (self.open.0, Direction::FromDevice);
        self.len = match encode(direction, sequence, response, &mut self.bytes) {
            Ok(bytes) => bytes.len(),
            Err(e) => {
                let (need, have) = (saturate(e.need), saturate(e.have));
                let refusal = Response::Refused(Refusal::ResponseTooLong { need, have });
                encode(direction, sequence, &refusal, &mut self.bytes).map_or(0, <[u8]>::len)
            }
        };
        self.answered = Some(self.open);
        self.bytes()
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

fn judge(frame: &Frame<'_>, is_request: bool, is_answered: bool) -> Verdict {
    if frame.direction != Direction::ToDevice {
        // Our own echo, or another device on the same line.
        Verdict::Ignore
    } else if is_answered {
        Verdict::Repeat
    } else if frame.version != VERSION {
        Verdict::Refuse(Refusal::Version {
            need: VERSION,
            have: frame.version,
        })
    } else if is_request {
        Verdict::Accept
    } else {
        Verdict::Refuse(Refusal::Malformed)
    }
}

fn saturate(n: usize) -> u16 {
    n.min(usize::from(u16::MAX)) as u16
}
