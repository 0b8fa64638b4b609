//! What is common to all that writes flash.

use core::ops::Range;

/// Bytes of the buffer through which flash is read and programmed: the largest program unit that is served.
pub const CHUNK: usize = 256;

/// The value of erased flash.
pub(crate) const BLANK: u8 = 0xFF;

/// A piece of flash in RAM, aligned for drivers that copy words.
#[repr(align(4))]
pub(crate) struct Chunk(pub(crate) [u8; CHUNK]);

/// Flash whose bytes lie in the processor's address space, so that an image runs where it was written.
pub trait Mapped {
    /// The bytes in `range`, counted from the start of the flash; empty where there are none.
    fn mapped(&self, range: Range<u32>) -> &[u8];
}

impl<F: Mapped> Mapped for &mut F {
    fn mapped(&self, range: Range<u32>) -> &[u8] {
        (**self).mapped(range)
    }
}
