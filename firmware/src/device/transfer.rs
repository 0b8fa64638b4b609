//! Snapshots in pieces over the wire, out and in.

use super::Device;
use super::memory::HEAD_LEN;
use heapless::Vec;
use mote_core::crc::crc32;
use mote_core::probe::Learner;
use mote_core::snapshot::{self, State};
use mote_core::wire::{CHUNK, Refusal, Response, Upload};

const WHAT: Upload = Upload::Snapshot;

impl<P, const D: usize, const L: usize, const W: usize, const S: usize, const B: usize>
    Device<'_, P, D, L, W, S, B>
where
    P: Learner<D, L> + State,
{
    /// Puts the record of what the device knows into the buffer, from where it goes to the store.
    pub(super) fn take_record(&mut self) -> Result<(), Refusal> {
        self.incoming = None;
        let _ = self.buffer.resize(B, 0);
        let values = snapshot::Values::F32;
        let too_long = Refusal::TooLong {
            what: WHAT,
            need: snapshot::encoded_len(&self.probe, values) as u32,
            have: B.saturating_sub(HEAD_LEN) as u32,
        };
        let (head, rest) = self
            .buffer
            .split_first_chunk_mut::<HEAD_LEN>()
            .ok_or(too_long)?;
        *head = self.memory.to_bytes();
        let len =
            snapshot::encode(&self.probe, values, self.image.crc(), rest).map_err(|_| too_long)?;
        self.buffer.truncate(HEAD_LEN + len);
        Ok(())
    }

    pub(super) fn read_snapshot(&mut self, offset: u32) -> Result<Response<'_>, Refusal> {
        // A snapshot depends on what was learned alone, so pieces of two equal ones fit together; the
        // checksum tells the desktop when it has changed.
        self.take_record()?;
        let snapshot = self.buffer.get(HEAD_LEN..).unwrap_or_default();
        let total = snapshot.len() as u32;
        let rest = snapshot.get(offset as usize..);
        let rest = rest.ok_or(Refusal::Offset {
            most: total,
            have: offset,
        })?;
        let bytes = rest.get(..CHUNK).unwrap_or(rest);
        Ok(Response::Snapshot {
            total,
            crc: crc32(snapshot),
            offset,
            bytes,
        })
    }

    pub(super) fn begin_snapshot(&mut self, total: u32, crc: u32) -> Result<Response<'_>, Refusal> {
        if total as usize > B {
            return Err(Refusal::TooLong {
                what: WHAT,
                need: total,
                have: B as u32,
            });
        }
        if self.incoming != Some((total, crc)) {
            (self.incoming, self.buffer) = (Some((total, crc)), Vec::new());
        }
        Ok(self.arrived())
    }

    pub(super) fn snapshot_part(
        &mut self,
        offset: u32,
        bytes: &[u8],
    ) -> Result<Response<'_>, Refusal> {
        let (total, next) = (
            self.incoming.map_or(0, |(total, _)| total),
            self.buffer.len() as u32,
        );
        let have = offset.saturating_add(bytes.len() as u32);
        if self.incoming.is_none() || have > total {
            return Err(Refusal::Incomplete {
                what: WHAT,
                need: total,
                have,
            });
        }
        let known = next.checked_sub(offset).ok_or(Refusal::Gap {
            need: next,
            have: offset,
        })?;
        let _ = self
            .buffer
            .extend_from_slice(bytes.get(known as usize..).unwrap_or_default());
        Ok(self.arrived())
    }

    fn arrived(&self) -> Response<'_> {
        Response::Uploaded {
            what: WHAT,
            next: self.buffer.len() as u32,
        }
    }

    /// The checksum of a snapshot that is whole.
    pub(super) fn verify_snapshot(&self) -> Result<u32, Refusal> {
        let have = self.buffer.len() as u32;
        let incomplete = |need| Refusal::Incomplete {
            what: WHAT,
            need,
            have,
        };
        let (total, need) = self.incoming.ok_or(incomplete(0))?;
        if have != total {
            return Err(incomplete(total));
        }
        match crc32(&self.buffer) {
            have if have == need => Ok(have),
            have => Err(Refusal::Checksum { need, have }),
        }
    }

    pub(super) fn commit_snapshot(&mut self, crc: u32) -> Result<Response<'_>, Refusal> {
        if self.incoming.is_none() && self.committed == Some(crc) {
            return Ok(Response::Done);
        }
        let have = self.verify_snapshot()?;
        if have != crc {
            return Err(Refusal::Checksum { need: crc, have });
        }
        let code = self.buffer.len() as u32;
        snapshot::decode(&mut self.probe, self.image.crc(), &self.buffer)
            .map_err(|_| Refusal::Unusable { what: WHAT, code })?;
        (self.incoming, self.committed, self.unsaved) = (None, Some(crc), true);
        Ok(Response::Done)
    }
}
