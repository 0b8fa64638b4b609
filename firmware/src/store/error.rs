//! Why the store could not do as told, with the numbers that tell what to change.

use core::fmt;

/// An error of [`Store`](super::Store); `E` is the flash driver's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoreError<E> {
    /// The flash driver failed at an erase, a program or a read-back.
    Flash(E),
    /// The part programs, reads or erases in units that the layout cannot follow: the larger of
    /// `WRITE_SIZE` and `READ_SIZE` must be a power of two of at most `most` bytes that divides `ERASE_SIZE`.
    Unit {
        /// The part's unit in bytes.
        have: usize,
        /// The largest unit in bytes that the store can program.
        most: usize,
    },
    /// A bound of the range does not lie between two erase blocks.
    Unaligned {
        /// The bound, in bytes from the start of the flash.
        offset: u32,
        /// The part's erase block in bytes.
        block: usize,
    },
    /// The range is empty or reaches past the end of the flash.
    OutOfFlash {
        /// End of the range in bytes.
        need: u32,
        /// Size of the flash in bytes.
        have: usize,
    },
    /// The range cannot hold [`MIN_BANKS`](super::MIN_BANKS) banks for states of the wanted capacity.
    RangeTooSmall {
        /// Bytes of three banks.
        need: u64,
        /// Bytes of the range.
        have: u32,
    },
    /// The state is longer than the capacity that the store was made for.
    StateTooLong {
        /// Bytes of the state.
        need: usize,
        /// The store's capacity in bytes.
        have: usize,
    },
    /// The newest state does not fit into the caller's buffer.
    BufferTooShort {
        /// Bytes of the stored state.
        need: usize,
        /// Bytes of the buffer.
        have: usize,
    },
    /// Flash read back something other than what was programmed: the block is worn out or protected.
    Verify {
        /// First byte of the piece that differs, from the start of the flash.
        offset: u32,
    },
    /// All 2^32 - 1 generations were used.
    Exhausted,
}

impl<E: fmt::Debug> fmt::Display for StoreError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flash(e) => write!(f, "the flash driver failed: {e:?}"),
            Self::Unit { have, most } => write!(
                f,
                "the flash works in units of {have} bytes; the store needs a power of two of at most {most} that divides the erase block"
            ),
            Self::Unaligned { offset, block } => write!(
                f,
                "the store's range has a bound at {offset:#x}, which is not a multiple of the {block}-byte erase block"
            ),
            Self::OutOfFlash { need, have } => write!(
                f,
                "the store's range is empty or ends at {need:#x}, beyond the flash of {have:#x} bytes"
            ),
            Self::RangeTooSmall { need, have } => write!(
                f,
                "the store needs {need} bytes of flash for three banks, its range has {have}"
            ),
            Self::StateTooLong { need, have } => write!(
                f,
                "the state has {need} bytes, the store was made for at most {have}"
            ),
            Self::BufferTooShort { need, have } => write!(
                f,
                "the stored state has {need} bytes, the buffer only {have}"
            ),
            Self::Verify { offset } => write!(
                f,
                "flash at {offset:#x} does not read back as programmed: worn out or write-protected"
            ),
            Self::Exhausted => write!(f, "all generations are used up"),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for StoreError<E> {}
