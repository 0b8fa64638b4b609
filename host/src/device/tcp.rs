//! A device behind a TCP socket: in QEMU, or behind a serial server.

use super::link::received;
use super::{DeviceError, Link};
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// How long the other end may take to accept.
const CONNECT: Duration = Duration::from_secs(5);

/// A device behind a TCP socket.
#[derive(Debug)]
pub struct TcpLink(TcpStream);

impl TcpLink {
    /// Connects to `HOST:PORT`.
    ///
    /// # Errors
    /// `Open`: there is no such host, or nobody listens there.
    pub fn connect(address: &str) -> Result<Self, DeviceError> {
        let open = |reason: String| DeviceError::Open {
            what: address.into(),
            reason,
        };
        let addresses = address
            .to_socket_addrs()
            .map_err(|e| open(format!("expected HOST:PORT of a device, {e}")))?;
        let mut reason = "no such host".to_owned();
        for address in addresses {
            match TcpStream::connect_timeout(&address, CONNECT) {
                Ok(stream) => return Self::new(stream).map_err(|e| open(e.to_string())),
                Err(e) => reason = e.to_string(),
            }
        }
        Err(open(reason))
    }

    /// Takes over a connection.
    ///
    /// # Errors
    /// The socket is gone.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        // Frames are small and each waits for its answer.
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }
}

impl Link for TcpLink {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn receive(&mut self, bytes: &mut [u8], wait: Duration) -> io::Result<usize> {
        self.0
            .set_read_timeout(Some(wait.max(Duration::from_millis(1))))?;
        received(self.0.read(bytes))
    }
}
