//! A learned state on its way to another device.

use crate::cruel_flash::Tear;
use crate::desk::*;
use mote_core::crc::crc32;
use mote_core::image::ModelImage;
use mote_core::wire::{Refusal, Request, Response, Upload};

#[test]
fn a_snapshot_travels_to_another_device() {
    let bytes = image_bytes(3);
    let image = ModelImage::parse(&bytes).unwrap();
    let (mut one, mut two) = (flash(Tear::Bits, 1), flash(Tear::Bits, 2));
    let mut session = Session::boot(image, &mut one);
    for (index, name) in (0..).zip(["a", "b"]) {
        session.add_label(name, index);
        session.send_window(&window(index.into(), 0));
        let id = index.into();
        session.ask(&Request::Learn { id, index }, |_| ());
    }
    let mut snapshot = Vec::new();
    loop {
        let read = Request::SnapshotRead {
            offset: snapshot.len() as u32,
        };
        let (total, piece) = session.ask(&read, |response| match response {
            Response::Snapshot { total, bytes, .. } => (total, bytes.to_vec()),
            other => panic!("{other:?}"),
        });
        snapshot.extend(piece);
        if snapshot.len() == total as usize {
            break;
        }
    }
    let probe = session.app.device().probe().clone();
    let mut session = Session::boot(image, &mut two);
    let (what, crc) = (Upload::Snapshot, crc32(&snapshot));
    let total = snapshot.len() as u32;
    let begin = Request::Begin { what, total, crc };
    session.expect(&begin, &Response::Uploaded { what, next: 0 });
    let incomplete = Refusal::Incomplete {
        what,
        need: total,
        have: 0,
    };
    session.expect(&Request::Verify { what }, &Response::Refused(incomplete));
    for (i, piece) in snapshot.chunks(200).enumerate() {
        let offset = i as u32 * 200;
        let part = Request::Part {
            what,
            offset,
            bytes: piece,
        };
        // Sent twice, stored once.
        for _ in 0..2 {
            let next = offset + piece.len() as u32;
            session.expect(&part, &Response::Uploaded { what, next });
        }
    }
    for request in [
        Request::Verify { what },
        Request::Commit { what, crc },
        Request::Commit { what, crc },
    ] {
        session.expect(&request, &Response::Done);
    }
    assert_eq!(session.app.device().probe(), &probe);
}
