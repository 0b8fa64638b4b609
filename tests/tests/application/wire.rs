//! Taught by wire.

use crate::cruel_flash::Tear;
use crate::desk::*;
use mote_core::image::ModelImage;
use mote_core::probe::{Label, Learner};
use mote_core::wire::{Client, Decoder, MAX_LEN, Refusal, Request, Response};
use mote_firmware::app::Event;
use mote_firmware::store::Store;

fn learn(session: &mut Session<'_, '_>, id: u32, index: u8, examples: u32) {
    let learned = Response::Learned {
        id,
        index,
        examples,
    };
    session.expect(&Request::Learn { id, index }, &learned);
}

#[test]
fn it_remembers_through_a_power_cut() {
    let bytes = image_bytes(3);
    let image = ModelImage::parse(&bytes).unwrap();
    let mut flash = flash(Tear::Flicker, 5);
    let mut session = Session::boot(image, &mut flash);
    let no_window = Refusal::NoWindow { need: 96, have: 0 };
    session.expect(&Request::Infer, &Response::Refused(no_window));
    for (index, name) in (0..).zip(["still", "wave", "punch"]) {
        // A second time it is the same label.
        for _ in 0..2 {
            session.add_label(name, index);
        }
        for example in 0..5 {
            session.send_window(&window(index.into(), example as usize * 3));
            // The same example twice, as after a reconnection, counts once.
            for _ in 0..2 {
                learn(
                    &mut session,
                    u32::from(index) * 100 + example,
                    index,
                    example + 1,
                );
            }
        }
    }
    session.expect(&Request::Save, &Response::Done);
    let before = session.infer();
    let best: Vec<_> = before.iter().map(|inference| inference.index).collect();
    assert_eq!(best, [Some(0), Some(1), Some(2)]);
    // The wire's answer is the desktop's own, to the bit.
    let embedding = host::export::embed(&image, &window(1, 40)).unwrap();
    let logits = session
        .app
        .device()
        .probe()
        .logits(embedding.as_slice().try_into().unwrap())
        .unwrap();
    assert_eq!(before[1].logits, logits);
    // It learns something else, and the battery falls out while that is saved.
    session.expect(&Request::ForgetAll, &Response::Done);
    drop(session);
    flash.set_fuel(Some(4500));
    let mut store = Store::new(&mut flash, STATES, B).unwrap();
    assert!(store.save(&[1; 2000]).is_err());
    let mut session = Session::boot(image, &mut flash);
    assert_eq!(session.infer(), before);
    session.ask(&Request::Status, |response| match response {
        Response::Status(status) => {
            assert_eq!(
                (status.labels, status.label_capacity, status.unsaved),
                (3, 4, false)
            );
            assert_eq!(status.image.unwrap().crc, image.crc());
            assert!(status.ram > 10_000, "{}", status.ram);
        }
        other => panic!("{other:?}"),
    });
}

#[test]
fn a_retry_after_a_power_cut_counts_once() {
    let bytes = image_bytes(3);
    let image = ModelImage::parse(&bytes).unwrap();
    let mut flash = flash(Tear::Bits, 5);
    let mut session = Session::boot(image, &mut flash);
    session.add_label("wave", 0);
    for example in 1..=20 {
        session.send_window(&window(1, example as usize));
        learn(&mut session, example, 0, example);
    }
    session.expect(&Request::Save, &Response::Done);
    session.send_window(&window(1, 30));
    learn(&mut session, 21, 0, 21);
    drop(session);
    // The cut took the example that was not saved, and with it the memory of its id.
    let mut session = Session::boot(image, &mut flash);
    session.send_window(&window(1, 30));
    learn(&mut session, 20, 0, 20);
    learn(&mut session, 5, 0, 20);
    learn(&mut session, 21, 0, 21);
    learn(&mut session, 21, 0, 21);
}

#[test]
fn the_desktop_teaches_with_the_device_s_own_sensor() {
    let bytes = image_bytes(3);
    let image = ModelImage::parse(&bytes).unwrap();
    let mut flash = flash(Tear::Bits, 5);
    let mut session = Session::boot(image, &mut flash);
    let nobody = Refusal::NoSuchLabel {
        capacity: 4,
        index: 0,
    };
    let teach = |index| Request::Teach { index };
    session.expect(&teach(Some(0)), &Response::Refused(nobody));
    session.add_label("wave", 0);
    session.expect(&teach(Some(0)), &Response::Done);
    assert!(matches!(session.next_event(), Event::Learned(_)));
    assert!(matches!(session.next_event(), Event::Learned(_)));
    session.expect(&teach(None), &Response::Done);
    assert!(matches!(session.next_event(), Event::Hop(_)));
    assert_eq!(session.app.device().probe().labels().total_learned(), 2);
}

#[test]
fn layers_are_timed_by_the_board_s_clock() {
    let bytes = image_bytes(3);
    let image = ModelImage::parse(&bytes).unwrap();
    let mut flash = flash(Tear::Bits, 5);
    let mut session = Session::boot(image, &mut flash);
    let bench = |layer, repeats| Request::Bench { layer, repeats };
    let layers = image.layer_count() as u8;
    let mut sum = 0;
    for layer in 0..layers {
        sum += session.ask(&bench(Some(layer), 5), |response| match response {
            Response::Bench {
                layers: all,
                macs,
                ticks: 1500,
                ticks_per_second: 1_000_000,
            } if all == layers => u64::from(macs),
            other => panic!("{other:?}"),
        });
    }
    let all = Response::Bench {
        layers,
        macs: sum as u32,
        ticks: 300 * u64::from(layers),
        ticks_per_second: 1_000_000,
    };
    session.expect(&bench(None, 1), &all);
    let none = Refusal::NoSuchLayer {
        layers,
        layer: layers,
    };
    session.expect(&bench(Some(layers), 1), &Response::Refused(none));
    for have in [0, 65, u16::MAX] {
        let refusal = Refusal::Repeats { most: 64, have };
        session.expect(&bench(None, have), &Response::Refused(refusal));
    }
}

/// Whole responses in what has come over the line.
fn responses(bytes: &[u8]) -> Vec<u32> {
    let mut decoder = Decoder::<MAX_LEN>::new();
    let frames = bytes.iter().filter_map(|byte| {
        let frame = decoder.push(*byte)?.unwrap();
        assert!(frame.message::<Response<'_>>().is_some());
        Some(frame.sequence)
    });
    frames.collect()
}

#[test]
fn frames_out_of_turn_count_once_and_a_flood_is_answered() {
    let bytes = image_bytes(3);
    let image = ModelImage::parse(&bytes).unwrap();
    let mut flash = flash(Tear::Bits, 2);
    let mut session = Session::boot(image, &mut flash);
    session.add_label("wave", 0);
    session.send_window(&window(1, 3));
    let mut client = Client::new(1000);
    let mut frame = |id| {
        let bytes = client.request(&Request::Learn { id, index: 0 }).unwrap();
        bytes.to_vec()
    };
    let (first, second, third) = (frame(1), frame(2), frame(3));
    // The second overtakes the first, which comes twice more afterwards, once cut short.
    let line = [&second[..], &first, &third, &first[..9], &first, &second];
    let answers = responses(&session.line(&line.concat()));
    assert_eq!(answers, [1002, 1001, 1003, 1001, 1002]);
    learn(&mut session, 3, 0, 3);
    let learned = session.app.device().probe().labels().learned(Label(0));
    assert_eq!(learned, 3);
    // Two thousand at once, between noise without an end.
    let mut flood = vec![0x55; 100_000];
    for _ in 0..2000 {
        flood.extend(client.request(&Request::Status).unwrap());
    }
    flood.extend([0xAA; 10_000]);
    assert_eq!(responses(&session.line(&flood)).len(), 2000);
    learn(&mut session, 4, 0, 4);
}
