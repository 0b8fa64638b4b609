//! Taught by button, and what sensors are refused.

use crate::cruel_flash::Tear;
use crate::desk::*;
use host::export::{Method, int8};
use host::train::Network;
use mote_core::image::ModelImage;
use mote_core::preset::conv1d;
use mote_core::probe::{Label, Learner};
use mote_core::shape::Shape;
use mote_core::wire::{Fit, Refusal};
use mote_firmware::app::Event;
use mote_firmware::board::Signal;
use mote_firmware::device::Setup;

#[test]
fn it_shows_what_it_knows() {
    let bytes = image_bytes(3);
    let image = ModelImage::parse(&bytes).unwrap();
    let mut flash = flash(Tear::Bits, 1);
    let mut session = Session::boot(image, &mut flash);
    let app = &mut session.app;
    for gesture in 0..2 {
        app.board().gesture = gesture;
        app.board().button = true;
        let learned = (0..T + 8 * 6)
            .filter(|_| matches!(app.poll(), Ok(Event::Learned(_))))
            .count();
        assert!(learned >= 5, "{learned} windows learned");
        app.board().button = false;
        assert_eq!(app.poll(), Ok(Event::Saved));
    }
    let labels = app.device().probe().labels();
    let names: Vec<_> = labels.iter().map(|(_, name)| name.to_string()).collect();
    assert_eq!(names, ["1", "2"]);
    for gesture in [1, 0] {
        app.board().gesture = gesture;
        let mut last = Event::Idle;
        for _ in 0..T * 4 {
            match app.poll().unwrap() {
                Event::Idle => {}
                event => last = event,
            }
        }
        assert_eq!(last, Event::Hop(Some(Label(gesture as u8))));
        assert!(app.board().led);
    }
    drop(session);
    let session = Session::boot(image, &mut flash);
    assert_eq!(session.app.device().probe().labels().len(), 2);
}

#[test]
fn another_sensor_is_refused_in_words() {
    let bytes = image_bytes(3);
    let image = ModelImage::parse(&bytes).unwrap();
    let refusal = |signal| {
        let setup = Setup {
            signal,
            ..setup(image)
        };
        TestDevice::new(setup).map(|_| ()).unwrap_err()
    };
    let fast = refusal(Signal {
        rate_hz: 100.0,
        ..SIGNAL
    });
    let misfit = |what, need, have| Refusal::Misfit { what, need, have };
    assert_eq!(fast, misfit(Fit::Rate, 25_000, 100_000));
    assert_eq!(
        fast.to_string(),
        "the image was trained at 25 Hz, the sensor gives 100 Hz"
    );
    let six = refusal(Signal {
        channels: 6,
        ..SIGNAL
    });
    assert_eq!(six, misfit(Fit::Channels, 3, 6));
}

#[test]
fn an_image_without_room_is_refused_with_what_it_needs() {
    let refusal = |shape: Shape, width: f32| {
        let spec = conv1d(shape, width, None).unwrap();
        let values = vec![0.5; shape.len()];
        let encoder = Network::new(&spec, 1).unwrap().trained();
        let about = host::export::About {
            window_len: shape.w.into(),
            ..about("large", 25.0)
        };
        let bytes = int8(&encoder, &about, &values, Method::MinMax).unwrap();
        let image = ModelImage::parse(&bytes).unwrap();
        TestDevice::new(setup(image)).map(|_| ()).unwrap_err()
    };
    let (t, c) = (T as u16, C as u16);
    assert!(matches!(
        refusal(Shape::sequence(8 * t, c), 1.0),
        Refusal::Misfit {
            what: Fit::Window,
            need: 768,
            have: 384
        }
    ));
    assert!(matches!(
        refusal(Shape::sequence(t, c), 2.0),
        Refusal::Misfit {
            what: Fit::Embedding | Fit::Scratch,
            ..
        }
    ));
}
