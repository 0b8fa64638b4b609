//! Bytes to a device and back.

use std::io;
use std::time::Duration;

/// A stream of bytes to a device and back.
pub trait Link {
    /// Sends all `bytes`.
    ///
    /// # Errors
    /// The link is gone.
    fn send(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Waits for at most `wait` for bytes and returns how many came; 0 when none did.
    ///
    /// # Errors
    /// The link is gone.
    fn receive(&mut self, bytes: &mut [u8], wait: Duration) -> io::Result<usize>;
}

impl Link for Box<dyn Link> {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        (**self).send(bytes)
    }

    fn receive(&mut self, bytes: &mut [u8], wait: Duration) -> io::Result<usize> {
        (**self).receive(bytes, wait)
    }
}

/// What a read with a time-out gives, with silence as 0 and an end as an error.
pub(super) fn received(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Ok(0) => Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the other end closed it",
        )),
        Err(e) => match e.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => {
                Ok(0)
            }
            _ => Err(e),
        },
        count => count,
    }
}
