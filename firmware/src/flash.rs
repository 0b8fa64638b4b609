//! What is common to all that writes flash.

use core::ops::Range;

/// Bytes of the buffer through which flash is read and programmed: the largest program unit that is served.
pub const CHUNK: usize = 256;

/// The value of erased flash.
pub(crate) const BLANK: u8 = 0xFF;

/// A piece of flash in RAM, aligned for drivers that copy words.
#[repr(align(4))]
pub(crate) struct Chunk(pub(crate) [u8; CHUNK]);

/// Flash whose bytes lie in the processor's address space, so that an image can be checked where it was written.
pub trait Mapped {
    /// What `look` makes of the bytes in `range`, counted from the start of the flash; it is shown none where there are
    /// none.
    fn look<R>(&self, range: Range<u32>, look: impl FnOnce(&[u8]) -> R) -> R;
}

impl<F: Mapped> Mapped for &mut F {
    fn look<R>(&self, range: Range<u32>, look: impl FnOnce(&[u8]) -> R) -> R {
        (**self).look(range, look)
    }
}
