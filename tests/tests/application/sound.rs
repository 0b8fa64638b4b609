//! An application with a microphone: sound by the sample, frames by the image's own front end, windows of frames.
//!
//! The image is the golden one of `core/tests`, whose maker is the exporter; see `host/src/export/golden.rs`.

use crate::cruel_flash::Tear;
use crate::desk::*;
use mote_core::image::ModelImage;
use mote_core::mel::{MAX_BANDS, MelStream};
use mote_core::probe::{Label, Learner, Prototypes};
use mote_core::wire::{Fit, Refusal};
use mote_firmware::app::{App, Event};
use mote_firmware::board::{Board, Clock, Signal};
use mote_firmware::device::{Device, Setup};
use mote_firmware::ear::{Ear, Hearing};
use mote_firmware::store::Store;
use std::convert::Infallible;

const IMAGE: &[u8] = include_bytes!("../../../core/tests/golden/sound.image");
/// Values of an embedding, and of a window.
const D: usize = 16;
const W: usize = 25 * 20;
/// Frames from one window to the next.
const HOP: usize = 12;
const RATE: f32 = 8000.0;

type Heard = Prototypes<D, L>;
type Listener = Device<'static, Heard, D, L, W, 4096, B>;
type Ears<const N: usize> = Hearing<'static, N>;
type ListeningApp<'f, const N: usize> =
    App<'static, Mic, Pipe, &'f mut Flash, Heard, D, L, W, 4096, B, Ears<N>>;

/// A microphone that hears one of two tones, which swell; and a button.
struct Mic {
    tone: usize,
    at: usize,
    button: bool,
}

fn sound(tone: usize, at: usize) -> f32 {
    let phase = [0.13, 0.71][tone] * at as f32;
    (0.2 + 0.15 * (0.001 * at as f32).sin()) * phase.sin()
}

impl Clock for Mic {
    fn now_ms(&mut self) -> u32 {
        self.at as u32 / 8
    }

    fn ticks(&mut self) -> u32 {
        self.at as u32
    }

    fn ticks_per_second(&self) -> u32 {
        RATE as u32
    }
}

impl Board for Mic {
    type Error = Infallible;

    fn signal(&self) -> Signal {
        MICROPHONE
    }

    fn sample(&mut self, values: &mut [f32]) -> Result<bool, Infallible> {
        values.fill(sound(self.tone, self.at));
        self.at += 1;
        Ok(true)
    }

    fn button(&mut self) -> bool {
        self.button
    }

    fn led(&mut self, _: bool) {}
}

const MICROPHONE: Signal = Signal {
    channels: 1,
    rate_hz: RATE,
};

fn listening(signal: Signal, hears: usize) -> Setup<'static, Heard> {
    Setup {
        image: ModelImage::parse(IMAGE).unwrap(),
        fresh: Heard::cosine,
        signal,
        hears: hears as u16,
        slots: Some(SLOTS),
        program: Default::default(),
    }
}

fn app<const N: usize>(flash: &mut Flash, hears: usize) -> Result<ListeningApp<'_, N>, Refusal> {
    let device = Listener::new(listening(MICROPHONE, hears)).unwrap();
    let store = Store::new(flash, STATES, B).unwrap();
    let device = Box::leak(Box::new(device));
    let mic = Mic {
        tone: 0,
        at: 0,
        button: false,
    };
    App::hearing(mic, Pipe::default(), store, device)
}

/// What the desktop makes of the windows in `count` samples of a tone, from sample `from` on.
fn twin(tone: usize, from: usize, count: usize) -> Vec<[f32; D]> {
    let image = ModelImage::parse(IMAGE).unwrap();
    let front = image.front_end().unwrap();
    let mut stream = MelStream::<1024, { MAX_BANDS + 2 }>::new();
    let mut frames = Vec::new();
    for at in from..from + count {
        if let Some(frame) = stream.push(&front, sound(tone, at)) {
            frames.extend_from_slice(frame);
        }
    }
    let mut scratch = vec![0; image.scratch_len()];
    let windows = frames.windows(W).step_by(HOP * front.bands());
    let embed = |window: &[f32]| {
        let mut input = [0; W];
        let zero_point = image.input_quant().zero_point;
        image
            .normalisation()
            .quantize(window, zero_point, &mut input);
        let embedding = image.embed(&input, &mut scratch).unwrap();
        let real = embedding
            .iter()
            .map(|&q| image.embedding_quant().dequantize(q));
        real.collect::<Vec<_>>().try_into().unwrap()
    };
    windows.map(embed).collect()
}

#[test]
fn sound_is_learned_by_the_sample_as_on_the_desktop() {
    const COUNT: usize = 12_000;
    let mut flash = flash(Tear::Bits, 1);
    let mut app = app::<256>(&mut flash, 256).unwrap();
    let mut probe = Heard::cosine();
    for tone in 0..2 {
        (app.board().tone, app.board().button) = (tone, true);
        let from = app.board().at;
        let mut learned = 0;
        for _ in 0..COUNT {
            match app.poll().unwrap() {
                Event::Idle => {}
                Event::Learned(label) => {
                    assert_eq!(usize::from(label.0), tone);
                    learned += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        let wanted = twin(tone, from, COUNT);
        assert!(wanted.len() > 3);
        assert_eq!(learned, wanted.len());
        let label = probe.add_label(&(tone + 1).to_string()).unwrap();
        wanted.iter().for_each(|h| probe.learn(h, label).unwrap());
        app.board().button = false;
        assert_eq!(app.poll(), Ok(Event::Saved));
    }
    for h in twin(1, 0, COUNT) {
        let bits = |probe: &Heard| probe.logits(&h).unwrap().map(f32::to_bits);
        assert_eq!(bits(app.device().probe()), bits(&probe));
    }
    let hops: Vec<_> = (0..2 * COUNT).map(|_| app.poll().unwrap()).collect();
    assert_eq!(
        hops.iter().rfind(|event| **event != Event::Idle),
        Some(&Event::Hop(Some(Label(1))))
    );
}

#[test]
fn without_room_or_microphone_sound_is_refused_in_words() {
    let refusal = |signal, hears| {
        let device = Listener::new(listening(signal, hears));
        device.map(|_| ()).unwrap_err()
    };
    let misfit = |what, need, have| Refusal::Misfit { what, need, have };
    let deaf = refusal(MICROPHONE, 0);
    assert_eq!(deaf, misfit(Fit::FrontEnd, 256, 0));
    assert!(deaf.to_string().contains("takes none"), "{deaf}");
    assert_eq!(refusal(MICROPHONE, 128), misfit(Fit::FrontEnd, 256, 128));
    assert_eq!(refusal(SIGNAL, 256), misfit(Fit::Channels, 1, 3));
    let fast = Signal {
        rate_hz: 16_000.0,
        ..MICROPHONE
    };
    assert_eq!(refusal(fast, 256), misfit(Fit::Rate, 8_000_000, 16_000_000));
    // The setup promised more than the ear holds.
    let mut flash = flash(Tear::Bits, 1);
    let small = app::<128>(&mut flash, 256).map(|_| ()).unwrap_err();
    assert_eq!(small, misfit(Fit::FrontEnd, 256, 128));
}

#[test]
fn what_is_no_sound_goes_past_the_ear() {
    let bytes = image_bytes(3);
    let image = ModelImage::parse(&bytes).unwrap();
    let mut ear = Ears::<256>::of(&ModelImage::parse(IMAGE).unwrap());
    assert_eq!(ear.listen(&[0.5]), None);
    let mut ear = Hearing::<'_, 256>::of(&image);
    assert_eq!(ear.listen(&[0.5, 1.0, 2.0]), Some(&[0.5, 1.0, 2.0][..]));
}
