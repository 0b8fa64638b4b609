//! A device on a serial port.

use super::link::received;
use super::{DeviceError, Link};
use serialport::SerialPort;
use std::io::{self, Read, Write};
use std::time::Duration;

/// A device on a serial port: 8 bits, no parity, one stop bit.
pub struct SerialLink(Box<dyn SerialPort>);

impl SerialLink {
    /// Opens a port such as `/dev/ttyACM0` or `COM3`.
    ///
    /// # Errors
    /// `Open`: there is no such port, or it is not ours to use.
    pub fn open(port: &str, baud: u32) -> Result<Self, DeviceError> {
        serialport::new(port, baud)
            .timeout(Duration::from_millis(100))
            .open()
            .map(Self)
            .map_err(|e| DeviceError::Open {
                what: port.into(),
                reason: match e.kind() {
                    serialport::ErrorKind::Io(io::ErrorKind::PermissionDenied) => {
                        format!("{e} (on Linux: add yourself to the group that owns the port)")
                    }
                    serialport::ErrorKind::NoDevice => {
                        format!("{e} (is it plugged in, and has no other program opened it?)")
                    }
                    _ => e.to_string(),
                },
            })
    }
}

impl Link for SerialLink {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)?;
        self.0.flush()
    }

    fn receive(&mut self, bytes: &mut [u8], wait: Duration) -> io::Result<usize> {
        self.0.set_timeout(wait.max(Duration::from_millis(1)))?;
        received(self.0.read(bytes))
    }
}
