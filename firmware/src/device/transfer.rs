//! Snapshots in pieces over the wire, out and in.

use super::Device;
use heapless::Vec;
use mote_core::crc::crc32;
use mote_core::probe::Learner;
use mote_core::snapshot::{self, State};
use mote_core::wire::{CHUNK, Refusal, Response, Upload};

impl<P, const D: usize, const L: usize, const W: usize, const S: usize, const B: usize>
    Device<'_, P, D, L, W, S, B>
where
    P: Learner<D, L> + State,
{
    pub(super) fn take_snapshot(&mut self) -> Result<(), Refusal> {
        self.incoming = None;
        let _ = self.snapshot.resize(B, 0);
        let values = snapshot::Values::F32;
        let need = snapshot::encoded_len(&self.probe, values) as u32;
        let len = snapshot::encode(&self.probe, values, self.image.crc(), &mut self.snapshot)
            .map_err(|_| Refusal::TooLong {
                what: Upload::Snapshot,
                need,
                have: B as u32,
            })?;
        self.snapshot.truncate(len);
        Ok(())
    }

    pub(super) fn read_snapshot(&mut self, offset: u32) -> Result<Response<'_>, Refusal> {
        // A snapshot depends on what was learned alone, so pieces of two equal ones fit together; the
        // checksum tells the desktop when it has changed.
        self.take_snapshot()?;
        let total = self.snapshot.len() as u32;
        let rest = self.snapshot.get(offset as usize..);
        let rest = rest.ok_or(Refusal::Offset {
            most: total,
            have: offset,
        })?;
        let bytes = rest.get(..CHUNK).unwrap_or(rest);
        Ok(Response::Snapshot {
            total,
            crc: crc32(&self.snapshot),
            offset,
            bytes,
        })
    }

    pub(super) fn begin(&mut self, total: u32, crc: u32) -> Result<Response<'_>, Refusal> {
        if total as usize > B {
            return Err(Refusal::TooLong {
                what: Upload::Snapshot,
                need: total,
                have: B as u32,
            });
        }
        if self.incoming != Some((total, crc)) {
            (self.incoming, self.snapshot) = (Some((total, crc)), Vec::new());
        }
        Ok(self.uploaded())
    }

    pub(super) fn part(&mut self, offset: u32, bytes: &[u8]) -> Result<Response<'_>, Refusal> {
        let (total, next) = (
            self.incoming.map_or(0, |(total, _)| total),
            self.snapshot.len() as u32,
        );
        let have = offset.saturating_add(bytes.len() as u32);
        if self.incoming.is_none() || have > total {
            return Err(Refusal::Incomplete {
                what: Upload::Snapshot,
                need: total,
                have,
            });
        }
        let known = next.checked_sub(offset).ok_or(Refusal::Gap {
            need: next,
            have: offset,
        })?;
        let _ = self
            .snapshot
            .extend_from_slice(bytes.get(known as usize..).unwrap_or_default());
        Ok(self.uploaded())
    }

    pub(super) fn uploaded(&self) -> Response<'_> {
        Response::Uploaded {
            what: Upload::Snapshot,
            next: self.snapshot.len() as u32,
        }
    }

    /// The checksum of a snapshot that is whole.
    pub(super) fn verify(&self) -> Result<u32, Refusal> {
        let have = self.snapshot.len() as u32;
        let incomplete = |need| Refusal::Incomplete {
            what: Upload::Snapshot,
            need,
            have,
        };
        let (total, need) = self.incoming.ok_or(incomplete(0))?;
        if have != total {
            return Err(incomplete(total));
        }
        match crc32(&self.snapshot) {
            have if have == need => Ok(have),
            have => Err(Refusal::Checksum { need, have }),
        }
    }

    pub(super) fn commit(&mut self, crc: u32) -> Result<Response<'_>, Refusal> {
        if self.incoming.is_none() && self.committed == Some(crc) {
            return Ok(Response::Done);
        }
        let have = self.verify()?;
        if have != crc {
            return Err(Refusal::Checksum { need: crc, have });
        }
        let code = self.snapshot.len() as u32;
        snapshot::decode(&mut self.probe, self.image.crc(), &self.snapshot).map_err(|_| {
            Refusal::Unusable {
                what: Upload::Snapshot,
                code,
            }
        })?;
        (self.incoming, self.committed, self.unsaved) = (None, Some(crc), true);
        Ok(Response::Done)
    }
}
