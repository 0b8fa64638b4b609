//! Images with f16 weights on the device: built in or uploaded, taught by wire and by the own sensor, to the bit as on
//! the desktop.

use crate::cruel_flash::Tear;
use crate::desk::*;
use crate::image::upload;
use host::export::embed;
use mote_core::image::ModelImage;
use mote_core::probe::{Label, Learner};
use mote_core::wire::{Fit, Refusal, Request, Response, Values};
use mote_firmware::app::Event;

/// What the desktop makes of raw values with this image.
fn twin(image: &ModelImage<'_>, raw: &[f32]) -> [f32; D] {
    let mut normalised = vec![0.0; raw.len()];
    image.normalisation().normalise(raw, &mut normalised);
    embed(image, &normalised).unwrap().try_into().unwrap()
}

/// What the device makes of the window that was sent.
fn embedding(session: &mut Session<'_, '_>) -> Vec<u32> {
    let mut found = Vec::new();
    while found.len() < D {
        let offset = found.len() as u16;
        session
            .ask(&Request::Embed { offset }, |response| match response {
                Response::Embedding { values, .. } => values.to_vec(),
                other => panic!("{other:?}"),
            })
            .as_chunks::<4>()
            .0
            .iter()
            .for_each(|word| found.push(u32::from_le_bytes(*word)));
    }
    found
}

#[test]
fn an_image_of_f16_is_taught_and_asked() {
    let bytes = image_f16(3);
    let image = ModelImage::parse(&bytes).unwrap();
    let mut flash = flash(Tear::Bits, 1);
    let mut session = Session::boot(image, &mut flash);
    let mut probe = Probe::cosine();
    for (index, name) in (0..).zip(["still", "wave", "punch"]) {
        session.add_label(name, index);
        probe.add_label(name).unwrap();
        for example in 0..5 {
            let raw = window(index.into(), example as usize * 3);
            session.send_window(&raw);
            let wanted = twin(&image, &raw);
            assert_eq!(embedding(&mut session), wanted.map(f32::to_bits));
            let id = u32::from(index) * 10 + example;
            let learned = Response::Learned {
                id,
                index,
                examples: example + 1,
            };
            session.expect(&Request::Learn { id, index }, &learned);
            probe.learn(&wanted, Label(index)).unwrap();
        }
    }
    session.expect(&Request::Save, &Response::Done);
    let before = session.infer();
    for (gesture, answer) in before.iter().enumerate() {
        let wanted = twin(&image, &window(gesture, 40));
        let logits = probe.logits(&wanted).unwrap();
        assert_eq!(answer.logits, logits, "gesture {gesture}");
        assert_eq!(answer.index, Some(gesture as u8));
    }
    // The own sensor's windows go the same way.
    session.app.board().gesture = 1;
    let hops: Vec<_> = (0..6).map(|_| session.next_event()).collect();
    assert_eq!(hops.last(), Some(&Event::Hop(Some(Label(1)))));
    session.ask(
        &Request::Bench {
            layer: None,
            repeats: 1,
        },
        |response| assert!(matches!(response, Response::Bench { macs, .. } if macs > 0)),
    );
    drop(session);
    let mut session = Session::boot(image, &mut flash);
    assert_eq!(session.infer(), before);
}

#[test]
fn an_image_of_f16_takes_the_place_of_int8_and_back() {
    let (old, new) = (image_bytes(3), image_f16(4));
    let image = ModelImage::parse(&old).unwrap();
    let mut flash = flash(Tear::Bits, 1);
    let mut session = Session::boot(image, &mut flash);
    upload(&mut session, &new);
    drop(session);
    let mut session = Session::boot(image, &mut flash);
    assert_eq!(session.app.device().image().bytes(), new);
    let raw = window(2, 5);
    session.send_window(&raw);
    let wanted = twin(&ModelImage::parse(&new).unwrap(), &raw);
    assert_eq!(embedding(&mut session), wanted.map(f32::to_bits));
    // Quantized values mean nothing to it.
    let quantized = Request::Window {
        total: (T * C) as u16,
        offset: 0,
        values: Values::I8(&[1, 2, 3]),
    };
    session.expect(&quantized, &Response::Refused(Refusal::Unsupported));
    let no_window = Refusal::NoWindow {
        need: (T * C) as u16,
        have: 0,
    };
    session.expect(&Request::Infer, &Response::Refused(no_window));
    upload(&mut session, &old);
    drop(session);
    let session = Session::boot(image, &mut flash);
    assert_eq!(session.app.device().image().bytes(), old);
}

#[test]
fn an_image_of_f16_without_room_is_refused_in_bytes() {
    let bytes = image_f16(1);
    let image = ModelImage::parse(&bytes).unwrap();
    type Small<'i> = mote_firmware::device::Device<'i, Probe, D, L, { 4 * T * C }, 512, B>;
    let refusal = Small::new(setup(image)).map(|_| ()).unwrap_err();
    let need = 4 * image.scratch_len() as u32;
    let have = 512;
    let what = Fit::Scratch;
    assert_eq!(refusal, Refusal::Misfit { what, need, have });
}
