//! Another image over the wire: verified, then switched to, old or new at every cut.

use crate::cruel_flash::Tear;
use crate::desk::*;
use host::export::f16;
use host::train::Network;
use mote_core::crc::crc32;
use mote_core::image::ModelImage;
use mote_core::preset::conv1d;
use mote_core::shape::Shape;
use mote_core::wire::{Fit, Refusal, Request, Response, Upload};
use mote_firmware::device::Place;

const WHAT: Upload = Upload::Image;

fn begin(bytes: &[u8]) -> Request<'static> {
    Request::Begin {
        what: WHAT,
        total: bytes.len() as u32,
        crc: crc32(bytes),
    }
}

fn commit(bytes: &[u8]) -> Request<'static> {
    Request::Commit {
        what: WHAT,
        crc: crc32(bytes),
    }
}

/// Sends the bytes from `from` up to `to` in pieces of odd length.
fn send(session: &mut Session<'_, '_>, bytes: &[u8], from: usize, to: usize) {
    for offset in (from..to).step_by(251) {
        let piece = &bytes[offset..to.min(offset + 251)];
        let part = Request::Part {
            what: WHAT,
            offset: offset as u32,
            bytes: piece,
        };
        let next = (offset + piece.len()) as u32;
        session.expect(&part, &Response::Uploaded { what: WHAT, next });
    }
}

fn refused(session: &mut Session<'_, '_>, request: &Request<'_>, refusal: Refusal) {
    session.expect(request, &Response::Refused(refusal));
}

#[test]
fn an_uploaded_image_runs_from_the_next_boot_on() {
    let (old, new) = (image_bytes(3), image_bytes(4));
    let image = ModelImage::parse(&old).unwrap();
    let mut flash = flash(Tear::Bits, 1);
    let mut session = Session::boot(image, &mut flash);
    session.add_label("wave", 0);
    session.expect(&Request::Save, &Response::Done);
    let verify = Request::Verify { what: WHAT };
    let incomplete = |need, have| Refusal::Incomplete {
        what: WHAT,
        need,
        have,
    };
    refused(&mut session, &verify, incomplete(0, 0));
    session.expect(
        &begin(&new),
        &Response::Uploaded {
            what: WHAT,
            next: 0,
        },
    );
    send(&mut session, &new, 0, 700);
    // An interrupted upload goes on where it was; what is there already is not stored again.
    session.expect(
        &begin(&new),
        &Response::Uploaded {
            what: WHAT,
            next: 700,
        },
    );
    let again = Request::Part {
        what: WHAT,
        offset: 600,
        bytes: &new[600..720],
    };
    session.expect(
        &again,
        &Response::Uploaded {
            what: WHAT,
            next: 720,
        },
    );
    let ahead = Request::Part {
        what: WHAT,
        offset: 730,
        bytes: &new[730..740],
    };
    let gap = Refusal::Gap {
        need: 720,
        have: 730,
    };
    refused(&mut session, &ahead, gap);
    refused(
        &mut session,
        &commit(&new),
        incomplete(new.len() as u32, 720),
    );
    send(&mut session, &new, 720, new.len());
    session.expect(&verify, &Response::Done);
    // Until the commit nothing has changed.
    assert_eq!(session.app.device().image(), &image);
    for _ in 0..2 {
        session.expect(&commit(&new), &Response::Done);
    }
    // The old image runs on, but what it learns now would be lost.
    assert_eq!(session.app.device().image(), &image);
    refused(&mut session, &Request::Save, Refusal::RebootFirst);
    refused(&mut session, &begin(&old), Refusal::RebootFirst);
    drop(session);
    let mut session = Session::boot(image, &mut flash);
    assert_eq!(session.app.device().image().bytes(), new);
    assert_eq!(session.app.device().place(), Place::Slot(0));
    session.ask(&Request::Status, |response| match response {
        Response::Status(status) => assert_eq!((status.labels, status.unsaved), (0, false)),
        other => panic!("{other:?}"),
    });
    // A commit whose answer was lost is acknowledged after the boot too.
    session.expect(&commit(&new), &Response::Done);
    // It learns and saves, and the next image goes to the other slot.
    session.add_label("wave", 0);
    session.expect(&Request::Save, &Response::Done);
    drop(session);
    let mut session = Session::boot(image, &mut flash);
    assert_eq!(session.app.device().image().bytes(), new);
    session.add_label("wave", 0);
    upload(&mut session, &old);
    drop(session);
    let session = Session::boot(image, &mut flash);
    assert_eq!(session.app.device().place(), Place::Slot(1));
    assert_eq!(session.app.device().image().bytes(), old);
}

pub fn upload(session: &mut Session<'_, '_>, bytes: &[u8]) {
    session.expect(
        &begin(bytes),
        &Response::Uploaded {
            what: WHAT,
            next: 0,
        },
    );
    send(session, bytes, 0, bytes.len());
    session.expect(&commit(bytes), &Response::Done);
}

#[test]
fn an_image_that_rots_gives_way_to_the_one_before() {
    let (first, second, built_in) = (image_bytes(4), image_bytes(5), image_bytes(3));
    let image = ModelImage::parse(&built_in).unwrap();
    let mut flash = flash(Tear::Bits, 1);
    for bytes in [&first, &second] {
        let mut session = Session::boot(image, &mut flash);
        upload(&mut session, bytes);
    }
    for (slot, expected) in [(None, &second), (Some(1), &first), (Some(0), &built_in)] {
        if let Some(slot) = slot {
            flash.spoil(SLOTS[slot].start as usize + 999);
        }
        let session = Session::boot(image, &mut flash);
        assert_eq!(session.app.device().image().bytes(), *expected);
    }
}

#[test]
fn images_that_do_not_run_here_are_refused_before_the_switch() {
    let image_bytes = image_bytes(3);
    let image = ModelImage::parse(&image_bytes).unwrap();
    let mut flash = flash(Tear::Bits, 1);
    let mut session = Session::boot(image, &mut flash);
    let verify = Request::Verify { what: WHAT };
    let long = vec![0; 0x2_0001];
    let too_long = Refusal::TooLong {
        what: WHAT,
        need: 0x2_0001,
        have: 0x2_0000,
    };
    refused(&mut session, &begin(&long), too_long);

    let mut broken = image_bytes.clone();
    broken[5000] ^= 1;
    session.expect(
        &begin(&broken),
        &Response::Uploaded {
            what: WHAT,
            next: 0,
        },
    );
    send(&mut session, &broken, 0, broken.len());
    let unusable = Refusal::Unusable {
        what: WHAT,
        code: broken.len() as u32,
    };
    refused(&mut session, &verify, unusable);

    let spec = conv1d(Shape::sequence(T as u16, C as u16), 0.5, None).unwrap();
    let half = f16(
        &Network::new(&spec, 1).unwrap().trained(),
        &about("f16", 25.0),
    )
    .unwrap();
    session.expect(
        &begin(&half),
        &Response::Uploaded {
            what: WHAT,
            next: 0,
        },
    );
    send(&mut session, &half, 0, half.len());
    let misfit = Refusal::Misfit {
        what: Fit::Embedding,
        need: ModelImage::parse(&half).unwrap().embedding_len() as u32,
        have: D as u32,
    };
    refused(&mut session, &verify, misfit);
    refused(&mut session, &commit(&half), misfit);
    // A commit of something else than what came.
    let other = Refusal::Checksum {
        need: crc32(&broken),
        have: crc32(&half),
    };
    refused(&mut session, &commit(&broken), other);
    drop(session);
    assert_eq!(
        Session::boot(image, &mut flash).app.device().image(),
        &image
    );
}

#[test]
fn a_cut_anywhere_in_an_upload_leaves_the_old_or_the_new() {
    let (old, new) = (image_bytes(3), image_bytes(4));
    let image = ModelImage::parse(&old).unwrap();
    let before = {
        let mut flash = flash(Tear::Flicker, 1);
        let mut session = Session::boot(image, &mut flash);
        session.add_label("wave", 0);
        session.expect(&Request::Save, &Response::Done);
        drop(session);
        flash
    };
    let mut whole = before.clone();
    let begun = whole.spent;
    whole.marks.clear();
    let mut session = Session::boot(image, &mut whole);
    upload(&mut session, &new);
    drop(session);
    // At each program and erase of the commit, and at some of the upload.
    let marks: Vec<u64> = whole.marks.iter().map(|at| at - begun).collect();
    let (early, late) = marks.split_at(marks.len() - 40);
    for fuel in early.iter().step_by(early.len() / 8).chain(late) {
        let mut flash = before.clone();
        let mut session = Session::boot(image, &mut flash);
        session.battery(*fuel);
        session.ask(&begin(&new), |_| ());
        for offset in (0..new.len()).step_by(256) {
            let part = Request::Part {
                what: WHAT,
                offset: offset as u32,
                bytes: &new[offset..new.len().min(offset + 256)],
            };
            session.ask(&part, |_| ());
        }
        let done = session.ask(&commit(&new), |response| response == Response::Done);
        assert!(!done);
        drop(session);
        let session = Session::boot(image, &mut flash);
        let device = session.app.device();
        match device.place() {
            Place::BuiltIn => assert_eq!(device.image(), &image),
            Place::Slot(_) => assert_eq!(device.image().bytes(), new),
        }
        let labels = mote_core::probe::Learner::labels(device.probe()).len();
        assert_eq!(
            labels,
            usize::from(device.place() == Place::BuiltIn),
            "cut at {fuel}"
        );
    }
}
