//! The device's application in-process: taught by wire and by button, and still knowing it after a power cut.

#[path = "../../firmware/tests/cruel_flash/mod.rs"]
mod cruel_flash;

use cruel_flash::{CruelFlash, Tear};
use embedded_io::{ErrorType, Read, ReadReady, Write};
use host::export::{About, Method, int8};
use host::train::Network;
use mote_core::crc::crc32;
use mote_core::image::ModelImage;
use mote_core::preset::conv1d;
use mote_core::probe::{Label, Learner, Prototypes};
use mote_core::shape::Shape;
use mote_core::wire::{Client, Refusal, Request, Response, Upload, Values};
use mote_firmware::app::{App, Board, Event, SensorError};
use mote_firmware::device::Device;
use mote_firmware::store::Store;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

const T: usize = 32;
const C: usize = 3;
const D: usize = 64;
const L: usize = 4;

type Probe = Prototypes<D, L>;
type Flash = CruelFlash<8, 2048>;
type TestDevice<'i> = Device<'i, Probe, D, L, { T * C }, 8192, 2500>;
type TestApp<'i, 'f> = App<'i, Bench, Pipe, &'f mut Flash, Probe, D, L, { T * C }, 8192, 2500>;

/// One end of a cable that lies in memory.
#[derive(Clone, Default)]
struct Pipe {
    incoming: Rc<RefCell<VecDeque<u8>>>,
    outgoing: Rc<RefCell<VecDeque<u8>>>,
}

impl Pipe {
    fn other_end(&self) -> Self {
        Self {
            incoming: self.outgoing.clone(),
            outgoing: self.incoming.clone(),
        }
    }
}

impl ErrorType for Pipe {
    type Error = core::convert::Infallible;
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error> {
        let mut incoming = self.incoming.borrow_mut();
        let count = buffer.len().min(incoming.len());
        for (to, from) in buffer.iter_mut().zip(incoming.drain(..count)) {
            *to = from;
        }
        Ok(count)
    }
}

impl ReadReady for Pipe {
    fn read_ready(&mut self) -> Result<bool, Self::Error> {
        Ok(!self.incoming.borrow().is_empty())
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        self.outgoing.borrow_mut().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// A desk with a sensor that waves in one of several ways, a button and a lamp.
struct Bench {
    gesture: usize,
    step: usize,
    button: bool,
    led: bool,
}

impl Bench {
    fn new() -> Self {
        Self {
            gesture: 0,
            step: 0,
            button: false,
            led: false,
        }
    }
}

/// Value of a gesture at one step: each has its own frequency and axis.
fn wave(gesture: usize, step: usize, channel: usize) -> f32 {
    let phase = step as f32 * (0.2 + 0.35 * gesture as f32);
    if channel == gesture % C {
        2.0 * phase.sin()
    } else {
        0.3 * (0.7 * phase).cos()
    }
}

impl Board for Bench {
    type Error = core::convert::Infallible;

    fn channels(&self) -> usize {
        C
    }

    fn rate_hz(&self) -> f32 {
        25.0
    }

    fn sample(&mut self, values: &mut [f32]) -> Result<bool, Self::Error> {
        for (channel, value) in values.iter_mut().enumerate() {
            *value = wave(self.gesture, self.step, channel);
        }
        self.step += 1;
        Ok(true)
    }

    fn button(&mut self) -> bool {
        self.button
    }

    fn led(&mut self, on: bool) {
        self.led = on;
    }

    fn now_ms(&mut self) -> u32 {
        self.step as u32 * 40
    }
}

fn image_bytes() -> Vec<u8> {
    let spec = conv1d(Shape::sequence(T as u16, C as u16), 1.0, None).unwrap();
    let encoder = Network::new(&spec, 3).unwrap().trained();
    let windows: Vec<f32> = (0..12).flat_map(|i| window(i % 3, i * 5)).collect();
    let about = About {
        rate_hz: 25.0,
        hop_len: 8,
        ..About::plain("gestures", T as u32, C)
    };
    int8(&encoder, &about, &windows, Method::MinMax).unwrap()
}

fn window(gesture: usize, start: usize) -> Vec<f32> {
    (start..start + T)
        .flat_map(|t| (0..C).map(move |c| wave(gesture, t, c)))
        .collect()
}

fn boot<'i, 'f>(image: ModelImage<'i>, flash: &'f mut Flash) -> (TestApp<'i, 'f>, Pipe) {
    flash.power_on();
    let mut store = Store::new(flash, 0..8192, 2500).unwrap();
    let mut device = TestDevice::new(image, Probe::cosine, "desk 1".parse().unwrap()).unwrap();
    device.restore(&mut store).unwrap();
    let pipe = Pipe::default();
    (
        App::new(Bench::new(), pipe.clone(), store, device).unwrap(),
        pipe.other_end(),
    )
}

/// Sends a request and returns what `look` makes of the response.
fn ask<R>(
    app: &mut TestApp<'_, '_>,
    cable: &mut Pipe,
    client: &mut Client,
    request: &Request<'_>,
    look: impl Fn(Response<'_>) -> R,
) -> R {
    cable.write_all(client.request(request).unwrap()).unwrap();
    for _ in 0..10 {
        app.poll().unwrap();
        let mut bytes = [0; 1000];
        let count = cable.read(&mut bytes).unwrap();
        for byte in &bytes[..count] {
            if let Some(response) = client.push(*byte) {
                return look(response.unwrap());
            }
        }
    }
    panic!("no answer to {request:?}");
}

fn send_window(app: &mut TestApp<'_, '_>, cable: &mut Pipe, client: &mut Client, values: &[f32]) {
    let total = values.len() as u16;
    for (i, piece) in values.chunks(50).enumerate() {
        let bytes: Vec<u8> = piece.iter().flat_map(|value| value.to_le_bytes()).collect();
        let offset = i as u16 * 50;
        let request = Request::Window {
            total,
            offset,
            values: Values::F32(&bytes),
        };
        let next = offset + piece.len() as u16;
        ask(app, cable, client, &request, |response| {
            assert_eq!(response, Response::Window { next })
        });
    }
}

#[test]
fn taught_by_wire_it_remembers_through_a_power_cut() {
    let bytes = image_bytes();
    let image = ModelImage::parse(&bytes).unwrap();
    let mut flash = Flash::new(4, Tear::Flicker, 5);
    let mut client = Client::new(99);
    let (mut app, mut cable) = boot(image, &mut flash);
    ask(
        &mut app,
        &mut cable,
        &mut client,
        &Request::Infer,
        |response| {
            assert_eq!(
                response,
                Response::Refused(Refusal::NoWindow { need: 96, have: 0 })
            );
        },
    );
    for (index, name) in ["still", "wave", "punch"].into_iter().enumerate() {
        let request = Request::AddLabel {
            name: name.parse().unwrap(),
        };
        // A second time it is the same label.
        for _ in 0..2 {
            ask(&mut app, &mut cable, &mut client, &request, |response| {
                let index = index as u8;
                assert_eq!(
                    response,
                    Response::Label {
                        index,
                        name: name.parse().unwrap(),
                        examples: 0
                    }
                );
            });
        }
        for example in 0..5 {
            send_window(
                &mut app,
                &mut cable,
                &mut client,
                &window(index, example * 3),
            );
            // The same example twice, as after a reconnection, counts once.
            for _ in 0..2 {
                let id = (index * 100 + example) as u32;
                let request = Request::Learn {
                    id,
                    index: index as u8,
                };
                ask(&mut app, &mut cable, &mut client, &request, |response| {
                    let examples = example as u32 + 1;
                    assert_eq!(
                        response,
                        Response::Learned {
                            id,
                            index: index as u8,
                            examples
                        }
                    );
                });
            }
        }
    }
    ask(&mut app, &mut cable, &mut client, &Request::Save, |r| {
        assert_eq!(r, Response::Done)
    });
    let infer = |app: &mut TestApp<'_, '_>, cable: &mut Pipe, client: &mut Client| {
        let mut all = Vec::new();
        for gesture in 0..3 {
            send_window(app, cable, client, &window(gesture, 40));
            all.push(ask(
                app,
                cable,
                client,
                &Request::Infer,
                |response| match response {
                    Response::Inference(inference) => inference,
                    other => panic!("{other:?}"),
                },
            ));
        }
        all
    };
    let before = infer(&mut app, &mut cable, &mut client);
    let best: Vec<_> = before.iter().map(|inference| inference.index).collect();
    assert_eq!(best, [Some(0), Some(1), Some(2)]);
    // The wire's answer is the desktop's own, to the bit.
    let embedding = host::export::embed(&image, &window(1, 40)).unwrap();
    let logits = app
        .device()
        .probe()
        .logits(embedding.as_slice().try_into().unwrap())
        .unwrap();
    assert_eq!(before[1].logits, logits);
    // It learns something else, and the battery falls out while that is saved.
    ask(
        &mut app,
        &mut cable,
        &mut client,
        &Request::ForgetAll,
        |r| assert_eq!(r, Response::Done),
    );
    drop(app);
    flash.set_fuel(Some(2300));
    let mut store = Store::new(&mut flash, 0..8192, 2500).unwrap();
    assert!(store.save(&[1; 2000]).is_err());
    let (mut app, mut cable) = boot(image, &mut flash);
    assert_eq!(infer(&mut app, &mut cable, &mut client), before);
    ask(
        &mut app,
        &mut cable,
        &mut client,
        &Request::Status,
        |response| match response {
            Response::Status(status) => {
                assert_eq!(
                    (status.labels, status.label_capacity, status.unsaved),
                    (3, 4, false)
                );
                assert_eq!(status.image.unwrap().crc, image.crc());
            }
            other => panic!("{other:?}"),
        },
    );
}

#[test]
fn a_snapshot_travels_to_another_device() {
    let bytes = image_bytes();
    let image = ModelImage::parse(&bytes).unwrap();
    let (mut one, mut two) = (Flash::new(4, Tear::Bits, 1), Flash::new(4, Tear::Bits, 2));
    let mut client = Client::new(5);
    let (mut app, mut cable) = boot(image, &mut one);
    for (index, name) in ["a", "b"].into_iter().enumerate() {
        let add = Request::AddLabel {
            name: name.parse().unwrap(),
        };
        ask(&mut app, &mut cable, &mut client, &add, |_| ());
        send_window(&mut app, &mut cable, &mut client, &window(index, 0));
        let learn = Request::Learn {
            id: index as u32,
            index: index as u8,
        };
        ask(&mut app, &mut cable, &mut client, &learn, |_| ());
    }
    let mut snapshot = Vec::new();
    loop {
        let read = Request::SnapshotRead {
            offset: snapshot.len() as u32,
        };
        let (total, piece) = ask(
            &mut app,
            &mut cable,
            &mut client,
            &read,
            |response| match response {
                Response::Snapshot { total, bytes, .. } => (total, bytes.to_vec()),
                other => panic!("{other:?}"),
            },
        );
        snapshot.extend(piece);
        if snapshot.len() == total as usize {
            break;
        }
    }
    let probe = app.device().probe().clone();
    let (mut app, mut cable) = boot(image, &mut two);
    let (what, crc) = (Upload::Snapshot, crc32(&snapshot));
    let begin = Request::Begin {
        what,
        total: snapshot.len() as u32,
        crc,
    };
    ask(&mut app, &mut cable, &mut client, &begin, |r| {
        assert_eq!(r, Response::Uploaded { what, next: 0 })
    });
    ask(
        &mut app,
        &mut cable,
        &mut client,
        &Request::Verify { what },
        |response| {
            let need = snapshot.len() as u32;
            assert_eq!(
                response,
                Response::Refused(Refusal::Incomplete {
                    what,
                    need,
                    have: 0
                })
            );
        },
    );
    for (i, piece) in snapshot.chunks(200).enumerate() {
        let part = Request::Part {
            what,
            offset: i as u32 * 200,
            bytes: piece,
        };
        // Sent twice, stored once.
        for _ in 0..2 {
            let next = i as u32 * 200 + piece.len() as u32;
            ask(&mut app, &mut cable, &mut client, &part, |r| {
                assert_eq!(r, Response::Uploaded { what, next })
            });
        }
    }
    for request in [
        Request::Verify { what },
        Request::Commit { what, crc },
        Request::Commit { what, crc },
    ] {
        ask(&mut app, &mut cable, &mut client, &request, |r| {
            assert_eq!(r, Response::Done)
        });
    }
    assert_eq!(app.device().probe(), &probe);
}

#[test]
fn taught_by_button_it_shows_what_it_knows() {
    let bytes = image_bytes();
    let image = ModelImage::parse(&bytes).unwrap();
    let mut flash = Flash::new(4, Tear::Bits, 1);
    let (mut app, _cable) = boot(image, &mut flash);
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
    let names: Vec<_> = app
        .device()
        .probe()
        .labels()
        .iter()
        .map(|(_, name)| name.to_string())
        .collect();
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
    drop(app);
    let (app, _cable) = boot(image, &mut flash);
    assert_eq!(app.device().probe().labels().len(), 2);
}

#[test]
fn another_sensor_is_refused() {
    let about = About {
        rate_hz: 100.0,
        ..About::plain("fast", T as u32, C)
    };
    let spec = conv1d(Shape::sequence(T as u16, C as u16), 1.0, None).unwrap();
    let bytes = int8(
        &Network::new(&spec, 1).unwrap().trained(),
        &about,
        &window(0, 0),
        Method::MinMax,
    )
    .unwrap();
    let device = TestDevice::new(
        ModelImage::parse(&bytes).unwrap(),
        Probe::cosine,
        "x".parse().unwrap(),
    )
    .unwrap();
    let mut flash = Flash::new(4, Tear::Bits, 1);
    let store = Store::new(&mut flash, 0..8192, 2500).unwrap();
    let app = App::new(Bench::new(), Pipe::default(), store, device);
    assert_eq!(
        app.map(|_| ()).unwrap_err(),
        SensorError::Rate {
            need: 100.0,
            have: 25.0
        }
    );
}
