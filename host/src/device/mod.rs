//! The desktop's end of the wire: a device on a serial port, behind a TCP socket, or simulated in this process.
//!
//! ```text
//! Session (numbers, time-outs, retries) -> Link (serial, TCP, simulated) -> device
//! ```
//! The simulated device is the firmware's own application, with memory for flash and recordings for a sensor.

mod actions;
mod error;
mod link;
mod serial;
mod session;
mod simulated;
mod tcp;

pub use actions::{Taught, Timing};
pub use error::DeviceError;
pub use link::Link;
pub use serial::SerialLink;
pub use session::Session;
pub use simulated::{MemoryFlash, Simulated, Simulation};
pub use tcp::TcpLink;
