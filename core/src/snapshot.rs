//! A learner's state as bytes: what a device keeps in flash and sends over the wire.
//!
//! Little-endian, version 1:
//!
//! | offset | bytes | content |
//! |---|---|---|
//! | 0 | 4 | magic `MOTS` |
//! | 4 | 1 | version, 1 |
//! | 5 | 1 | learner: 1 prototypes, 2 LDA, 3 softmax |
//! | 6 | 1 | values: 0 `f32`, 1 `f16` |
//! | 7 | 1 | normalisation: 0 none, 1 L2, 2 cosine |
//! | 8 | 2 | `D` |
//! | 10 | 2 | `L` |
//! | 12 | 2 | `R`, places of the reservoir; 0 without one |
//! | 14 | 2 | 0 |
//! | 16 | 4 | the encoder whose embeddings were learned, e.g. the CRC of its image |
//! | 20 | 4 | `N`, length of the state |
//! | 24 | `N` | the state, in the order of each learner's [`State::save`] |
//! | 24 + `N` | 4 | CRC-32 of everything before |
//!
//! The state has `L` places of labels. A place is the length of its name (`u8`; 0: free, nothing
//! follows), the name, how often it was learned (`u32`; 0: nothing follows), its observed distances
//! (`u32` count, two `f32`) and the learner's vectors for it. Then comes what the labels share:
//!
//! * LDA: trace (`f32`), degrees of freedom (`u32`), and if these are not 0 the factor (vector).
//! * softmax: state of the random numbers (`u32`), examples in the reservoir (`u16`), each with label
//!   (`u8`), scale (`bf16`) and `D` times `i8`.
//!
//! A vector is `f32`s, or with `f16` one `f32` power of two followed by `f16`s to be multiplied by
//! it, so that no value overflows. With `f32` the state comes back to the bit.
//!
//! Decoding first checks everything, then writes: a learner that refused a snapshot is unchanged.

mod codec;
mod error;

pub use codec::{Reader, Writer};
pub use error::SnapshotError;

use crate::crc::crc32;
use core::fmt;

/// Bytes before the state.
const HEADER_LEN: usize = 24;
const MAGIC: [u8; 4] = *b"MOTS";
const VERSION: u8 = 1;

/// How vectors are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Values {
    /// Exactly.
    #[default]
    F32,
    /// In half the bytes, each value rounded to 11 bits of mantissa relative to the largest.
    F16,
}

/// What a snapshot must agree on with the learner that reads it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Layout {
    /// Which learner: 1 prototypes, 2 LDA, 3 softmax.
    pub learner: u8,
    /// Scaling of embeddings: 0 none, 1 L2, 2 cosine.
    pub normalisation: u8,
    /// Values of an embedding.
    pub d: u16,
    /// Places for labels.
    pub l: u16,
    /// Places of the reservoir.
    pub r: u16,
}

/// A learner whose state can be kept. [`encode`] and [`decode`] use it.
pub trait State {
    /// What a snapshot of this learner must agree on.
    fn layout(&self) -> Layout;

    /// Writes the state.
    fn save(&self, writer: &mut Writer<'_>);

    /// Reads what [`State::save`] wrote. Assigns only what the reader returns, since that is the value
    /// passed in while the reader still checks.
    ///
    /// # Errors
    /// The bytes end early, or a value is impossible.
    fn load(&mut self, reader: &mut Reader<'_>) -> Result<(), SnapshotError>;
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let learner = match self.learner {
            1 => "prototypes",
            2 => "lda",
            3 => "softmax",
            _ => "unknown learner",
        };
        let normalisation = match self.normalisation {
            0 => "no normalisation",
            1 => "L2",
            2 => "cosine",
            _ => "unknown normalisation",
        };
        let Self { d, l, r, .. } = self;
        write!(
            f,
            "{learner} with {normalisation}, D = {d}, L = {l}, R = {r}"
        )
    }
}

/// A size as a layout stores it; too large a one saturates, and no such learner fits a device.
pub(crate) const fn size(n: usize) -> u16 {
    if n > u16::MAX as usize {
        u16::MAX
    } else {
        n as u16
    }
}

/// Bytes that [`encode`] writes for this learner now; grows with what it learns.
pub fn encoded_len(learner: &impl State, values: Values) -> usize {
    let mut writer = Writer::new(&mut [], values);
    learner.save(&mut writer);
    HEADER_LEN + writer.len + 4
}

/// Writes a snapshot of `learner` to the start of `buffer` and returns its length. `encoder` names the
/// encoder whose embeddings were learned.
///
/// # Errors
/// [`SnapshotError::Buffer`]; the buffer's content is then unspecified.
pub fn encode(
    learner: &impl State,
    values: Values,
    encoder: u32,
    buffer: &mut [u8],
) -> Result<usize, SnapshotError> {
    let have = buffer.len();
    let need = encoded_len(learner, values);
    let error = SnapshotError::Buffer { need, have };
    let state_len = u32::try_from(need - HEADER_LEN - 4).map_err(|_| error)?;
    let (body, crc) = buffer
        .get_mut(..need)
        .and_then(|b| b.split_last_chunk_mut::<4>())
        .ok_or(error)?;
    let (header, state) = body.split_first_chunk_mut::<HEADER_LEN>().ok_or(error)?;
    let layout = learner.layout();
    let mut writer = Writer::new(header, values);
    writer.bytes(&MAGIC);
    writer.bytes(&[VERSION, layout.learner, values as u8, layout.normalisation]);
    writer.u16(layout.d);
    writer.u16(layout.l);
    writer.u16(layout.r);
    writer.u16(0);
    writer.u32(encoder);
    writer.u32(state_len);
    learner.save(&mut Writer::new(state, values));
    *crc = crc32(body).to_le_bytes();
    Ok(need)
}

/// Replaces the state of `learner` by the snapshot in `bytes`, all of them.
///
/// # Errors
/// Any [`SnapshotError`] but `Buffer`; `learner` is then unchanged.
pub fn decode(learner: &mut impl State, encoder: u32, bytes: &[u8]) -> Result<(), SnapshotError> {
    let have = bytes.len();
    let short = SnapshotError::Length {
        need: HEADER_LEN + 4,
        have,
    };
    let (body, stored) = bytes.split_last_chunk::<4>().ok_or(short)?;
    let (header, state) = body.split_first_chunk::<HEADER_LEN>().ok_or(short)?;
    let mut reader = Reader::new(header, Values::F32, 0, true);
    let magic = reader.array::<4>()?;
    if magic != MAGIC {
        return Err(SnapshotError::Magic { found: magic });
    }
    let [version, kind, values, normalisation] = reader.array::<4>()?;
    if version != VERSION {
        return Err(SnapshotError::Version {
            need: VERSION,
            found: version,
        });
    }
    let (d, l, r) = (reader.u16(0)?, reader.u16(0)?, reader.u16(0)?);
    let reserved = reader.u16(0)?;
    let (found_encoder, state_len) = (reader.u32(0)?, reader.u32(0)?);
    let need = usize::try_from(state_len)
        .ok()
        .and_then(|n| n.checked_add(HEADER_LEN + 4))
        .unwrap_or(usize::MAX);
    if need != have {
        return Err(SnapshotError::Length { need, have });
    }
    let (stored, computed) = (u32::from_le_bytes(*stored), crc32(body));
    if stored != computed {
        return Err(SnapshotError::Crc { stored, computed });
    }
    let values = match values {
        0 => Values::F32,
        1 => Values::F16,
        _ => return Err(SnapshotError::Value { offset: 6 }),
    };
    if reserved != 0 {
        return Err(SnapshotError::Value { offset: 14 });
    }
    let found = Layout {
        learner: kind,
        normalisation,
        d,
        l,
        r,
    };
    let need = learner.layout();
    if found != need {
        return Err(SnapshotError::Layout { need, found });
    }
    if found_encoder != encoder {
        return Err(SnapshotError::Encoder {
            need: encoder,
            found: found_encoder,
        });
    }
    for write in [false, true] {
        let mut reader = Reader::new(state, values, HEADER_LEN, write);
        learner.load(&mut reader)?;
        if !reader.rest.is_empty() {
            return Err(SnapshotError::Value {
                offset: reader.offset,
            });
        }
    }
    Ok(())
}
