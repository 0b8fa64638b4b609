//! The desk of these tests: a board with a waving sensor, cruel flash, and a cable to the desktop's end of the wire.

use crate::cruel_flash::{CruelFlash, Tear};
use embedded_io::{ErrorType, Read, ReadReady, Write};
use host::export::{About, Method, f16, int8};
use host::train::Network;
use mote_core::image::ModelImage;
use mote_core::preset::conv1d;
use mote_core::probe::Prototypes;
use mote_core::shape::Shape;
use mote_core::wire::{Client, Inference, Request, Response, Values};
use mote_firmware::app::{App, Event};
use mote_firmware::board::{Board, Clock, Signal};
use mote_firmware::device::{Device, HEAD_LEN, Program, Setup};
use mote_firmware::flash::Mapped;
use mote_firmware::store::Store;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

pub const T: usize = 32;
pub const C: usize = 3;
pub const D: usize = 64;
pub const L: usize = 4;
/// Bytes of a record in flash.
pub const B: usize = HEAD_LEN + 2400;
/// Bytes of scratch, and of a window of f16.
const S: usize = 16 * 1024;
const W: usize = 4 * T * C;

/// Where learned states lie, three banks of 4096 bytes.
pub const STATES: Range<u32> = 0..0x3000;
/// Where uploaded images lie.
pub const SLOTS: [Range<u32>; 2] = [0x3000..0x2_3000, 0x2_3000..0x4_3000];

pub type Probe = Prototypes<D, L>;
pub type Flash = CruelFlash<8, 2048>;
pub type TestDevice<'i> = Device<'i, Probe, D, L, W, S, B>;
pub type TestApp<'i, 'f> = App<'i, Desk, Pipe, &'f mut Flash, Probe, D, L, W, S, B>;

/// Flash with room for states and two images.
pub fn flash(tear: Tear, seed: u64) -> Flash {
    Flash::new(SLOTS[1].end as usize / 2048, tear, seed)
}

/// One end of a cable that lies in memory.
#[derive(Clone, Default)]
pub struct Pipe {
    incoming: Rc<RefCell<VecDeque<u8>>>,
    outgoing: Rc<RefCell<VecDeque<u8>>>,
}

impl Pipe {
    /// The end at which the other one's writes arrive.
    pub fn other_end(&self) -> Self {
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
pub struct Desk {
    pub gesture: usize,
    pub step: usize,
    pub button: bool,
    pub led: bool,
    ticks: u32,
}

/// What its sensor delivers.
pub const SIGNAL: Signal = Signal {
    channels: C as u16,
    rate_hz: 25.0,
};

impl Desk {
    pub fn new() -> Self {
        Self {
            gesture: 0,
            step: 0,
            button: false,
            led: false,
            // Soon wraps around.
            ticks: u32::MAX - 1000,
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

impl Clock for Desk {
    fn now_ms(&mut self) -> u32 {
        self.step as u32 * 40
    }

    fn ticks(&mut self) -> u32 {
        self.ticks = self.ticks.wrapping_add(300);
        self.ticks
    }

    fn ticks_per_second(&self) -> u32 {
        1_000_000
    }
}

impl Board for Desk {
    type Error = core::convert::Infallible;

    fn signal(&self) -> Signal {
        SIGNAL
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
}

/// An image of an untrained encoder of this seed.
pub fn image_bytes(seed: u64) -> Vec<u8> {
    let spec = conv1d(Shape::sequence(T as u16, C as u16), 1.0, None).unwrap();
    let encoder = Network::new(&spec, seed).unwrap().trained();
    let windows: Vec<f32> = (0..12).flat_map(|i| window(i % 3, i * 5)).collect();
    int8(&encoder, &about("gestures", 25.0), &windows, Method::MinMax).unwrap()
}

/// An image of an untrained encoder of this seed, with weights of f16.
pub fn image_f16(seed: u64) -> Vec<u8> {
    let spec = conv1d(Shape::sequence(T as u16, C as u16), 1.0, None).unwrap();
    let encoder = Network::new(&spec, seed).unwrap().trained();
    f16(&encoder, &about("gestures f16", 25.0)).unwrap()
}

pub fn about(name: &str, rate_hz: f32) -> About {
    About {
        rate_hz,
        hop_len: 8,
        ..About::plain(name, T as u32, C)
    }
}

pub fn window(gesture: usize, start: usize) -> Vec<f32> {
    (start..start + T)
        .flat_map(|t| (0..C).map(move |c| wave(gesture, t, c)))
        .collect()
}

pub fn setup(image: ModelImage<'_>) -> Setup<'_, Probe> {
    Setup {
        image,
        fresh: Probe::cosine,
        signal: SIGNAL,
        hears: 0,
        slots: Some(SLOTS),
        program: Program {
            build: "desk 1".parse().unwrap(),
            flash: 1,
            ram: size_of::<TestDevice<'_>>() as u32,
            stack: Some(|| 77),
        },
    }
}

/// A running device and the desktop's end of its cable.
pub struct Session<'i, 'f> {
    pub app: TestApp<'i, 'f>,
    cable: Pipe,
    client: Client,
}

impl<'i, 'f> Session<'i, 'f> {
    /// Boots from `flash`. What lies there as an image runs until the end of the program, as on a board.
    pub fn boot(image: ModelImage<'i>, flash: &'f mut Flash) -> Self {
        flash.power_on();
        let cells = flash.clone();
        let mut store = Store::new(flash, STATES, B).unwrap();
        let mut device = TestDevice::new(setup(image)).unwrap();
        let map = |range: Range<u32>| {
            let bytes = cells.look(range, <[u8]>::to_vec);
            &*bytes.leak()
        };
        device.restore(&mut store, map).unwrap();
        // As on a board, the device lives as long as the program.
        let device = Box::leak(Box::new(device));
        let pipe = Pipe::default();
        Self {
            app: App::new(Desk::new(), pipe.clone(), store, device).unwrap(),
            cable: pipe.other_end(),
            client: Client::new(99),
        }
    }

    /// The power goes after so many bytes were programmed or erased.
    pub fn battery(&mut self, bytes: u64) {
        self.app.store().flash().set_fuel(Some(bytes));
    }

    /// Sends a request and returns what `look` makes of the response.
    pub fn ask<R>(&mut self, request: &Request<'_>, look: impl Fn(Response<'_>) -> R) -> R {
        let bytes = self.client.request(request).unwrap();
        self.cable.write_all(bytes).unwrap();
        for _ in 0..10 {
            self.app.poll().unwrap();
            let mut bytes = [0; 1000];
            let count = self.cable.read(&mut bytes).unwrap();
            for byte in &bytes[..count] {
                if let Some(response) = self.client.push(*byte) {
                    return look(response.unwrap());
                }
            }
        }
        panic!("no answer to {request:?}");
    }

    /// Puts `frames` on the line as they are and returns all responses.
    pub fn line(&mut self, frames: &[u8]) -> Vec<u8> {
        self.cable.write_all(frames).unwrap();
        self.app.poll().unwrap();
        let mut bytes = vec![0; 1 << 20];
        let count = self.cable.read(&mut bytes).unwrap();
        bytes.truncate(count);
        bytes
    }

    /// Sends a request that must be answered so.
    #[track_caller]
    pub fn expect(&mut self, request: &Request<'_>, response: &Response<'_>) {
        self.ask(request, |found| assert_eq!(&found, response));
    }

    pub fn add_label(&mut self, name: &str, index: u8) {
        let name: mote_core::wire::Name = name.parse().unwrap();
        let label = Response::Label {
            index,
            name: name.clone(),
            examples: 0,
        };
        self.expect(&Request::AddLabel { name }, &label);
    }

    pub fn send_window(&mut self, values: &[f32]) {
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
            self.expect(&request, &Response::Window { next });
        }
    }

    /// What the device says of one window of each of three gestures.
    pub fn infer(&mut self) -> Vec<Inference> {
        let one = |gesture| {
            self.send_window(&window(gesture, 40));
            self.ask(&Request::Infer, |response| match response {
                Response::Inference(inference) => inference,
                other => panic!("{other:?}"),
            })
        };
        (0..3).map(one).collect()
    }

    /// Polls until a hop was judged or learned.
    pub fn next_event(&mut self) -> Event {
        for _ in 0..1000 {
            match self.app.poll().unwrap() {
                Event::Idle => {}
                event => return event,
            }
        }
        panic!("nothing happens");
    }
}
