//! How the desktop talks to the device: one request, one response, over any stream of bytes.
//!
//! `WIRE.md` tells the bytes and what may change. Nothing here knows a port or a clock: a blocking loop
//! pushes bytes into a [`Server`] (or, on the desktop, a [`Client`]) and sends the bytes that it returns.
//!
//! ```
//! use mote_core::wire::{Client, Incoming, Request, Response, Server};
//! let (mut client, mut server) = (Client::new(0), Server::new());
//! let sent = client.request(&Request::Save)?.to_vec();
//! for byte in sent {
//!     let answer = match server.push(byte) {
//!         Some(Incoming::Request(Request::Save)) => server.answer(&Response::Done),
//!         Some(Incoming::Request(_)) => unreachable!("only `Save` was sent"),
//!         Some(Incoming::Reply(bytes)) => bytes,
//!         None => continue,
//!     };
//!     for byte in answer {
//!         if let Some(response) = client.push(*byte) {
//!             assert_eq!(response, Ok(Response::Done));
//!         }
//!     }
//! }
//! # Ok::<(), mote_core::wire::EncodeError>(())
//! ```

mod client;
mod decoder;
mod frame;
mod refusal;
mod request;
mod response;
mod server;
#[cfg(test)]
mod tests;

pub use client::{Client, ClientError};
pub use decoder::Decoder;
pub use frame::{Direction, ENVELOPE, EncodeError, Frame, FrameError, encode};
pub use refusal::{Fit, Refusal};
pub use request::{Request, Values};
pub use response::{Counters, Image, Inference, LinkCounters, Response, Status};
pub use server::{Incoming, Server};

use core::fmt;
use serde::{Deserialize, Serialize};

/// Version of the protocol, in `0..128`. `WIRE.md` says what changes it.
pub const VERSION: u8 = 2;

/// Most data bytes in one piece of a window, an embedding, a snapshot or an upload.
pub const CHUNK: usize = 256;

/// Most logits in an [`Inference`].
pub const MAX_LABELS: usize = 32;

/// Most bytes of a name in UTF-8.
pub const MAX_NAME: usize = 32;

/// Most bytes of a frame between envelope and checksum, both included.
pub const MAX_LEN: usize = 320;

/// Most bytes of a frame on the line: COBS adds two bytes to [`MAX_LEN`], the zeros two more.
pub const MAX_ENCODED: usize = MAX_LEN + 4;

/// A name of a label, an image or a build.
pub type Name = heapless::String<MAX_NAME>;

/// What can be uploaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Upload {
    /// A model image, into the slot that is not in use.
    Image,
    /// A learned state.
    Snapshot,
}

impl fmt::Display for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "image",
            Self::Snapshot => "snapshot",
        })
    }
}
