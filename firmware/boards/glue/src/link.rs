//! A link whose driver can only be waited for.

use embassy_futures::block_on;
use embedded_io::{ErrorType, Read, ReadReady, Write};

/// Waits for each read and write of an asynchronous driver. Nothing is read before it is there.
#[derive(Debug)]
pub struct Waiting<K>(pub K);

impl<K: embedded_io_async::ErrorType> ErrorType for Waiting<K> {
    type Error = K::Error;
}

impl<K: ReadReady> ReadReady for Waiting<K> {
    fn read_ready(&mut self) -> Result<bool, Self::Error> {
        self.0.read_ready()
    }
}

impl<K: embedded_io_async::Read> Read for Waiting<K> {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Self::Error> {
        block_on(self.0.read(bytes))
    }
}

impl<K: embedded_io_async::Write> Write for Waiting<K> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        block_on(self.0.write(bytes))
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        block_on(self.0.flush())
    }
}
