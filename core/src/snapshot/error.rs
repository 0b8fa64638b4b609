//! Why a snapshot is refused.

use super::Layout;
use core::fmt;

/// Why a snapshot is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SnapshotError {
    /// The buffer to write to is too short.
    Buffer {
        /// Bytes that the snapshot has.
        need: usize,
        /// Bytes of the buffer.
        have: usize,
    },
    /// The bytes end early or go on too long.
    Length {
        /// Bytes that the snapshot should have; at least, if the header itself is cut.
        need: usize,
        /// Bytes given.
        have: usize,
    },
    /// Not a snapshot.
    Magic {
        /// The first four bytes.
        found: [u8; 4],
    },
    /// A version that this program does not read.
    Version {
        /// The version read here.
        need: u8,
        /// The snapshot's.
        found: u8,
    },
    /// The bytes were altered.
    Crc {
        /// The checksum stored.
        stored: u32,
        /// The checksum of the bytes.
        computed: u32,
    },
    /// A snapshot of another learner, or of one with other sizes.
    Layout {
        /// The reader's.
        need: Layout,
        /// The snapshot's.
        found: Layout,
    },
    /// Learned from another encoder's embeddings, which mean nothing to this one.
    Encoder {
        /// The encoder in use.
        need: u32,
        /// The snapshot's.
        found: u32,
    },
    /// A value that no learner writes.
    Value {
        /// Where in the snapshot.
        offset: usize,
    },
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Buffer { need, have } => {
                write!(
                    f,
                    "the snapshot needs a buffer of {need} bytes, this one has {have}"
                )
            }
            Self::Length { need, have } => {
                write!(
                    f,
                    "the snapshot should have {need} bytes, but there are {have}"
                )
            }
            Self::Magic { found } => {
                write!(
                    f,
                    "not a snapshot: it begins with {found:02x?}, not with \"MOTS\""
                )
            }
            Self::Version { need, found } => {
                write!(
                    f,
                    "the snapshot has version {found}, this program reads version {need}"
                )
            }
            Self::Crc { stored, computed } => write!(
                f,
                "the snapshot is damaged: its checksum is {computed:08x}, stored is {stored:08x}"
            ),
            Self::Layout { need, found } => {
                write!(
                    f,
                    "the snapshot is for another probe: {found}; here is {need}"
                )
            }
            Self::Encoder { need, found } => write!(
                f,
                "the snapshot was learned with encoder {found:08x}, here runs {need:08x}; teach again"
            ),
            Self::Value { offset } => {
                write!(f, "the snapshot has an impossible value at byte {offset}")
            }
        }
    }
}

impl core::error::Error for SnapshotError {}
