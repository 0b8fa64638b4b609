//! Links only if no panic is reachable from what it calls in `mote-core`: the panic handler calls a
//! function that exists nowhere. Not meant to run.
#![no_std]
#![no_main]

use core::hint::black_box;
use mote_core::image::ModelImage;
use mote_core::mel::{FrontEnd, MelStream};
use mote_core::probe::{Label, Lda, Learner, Normalisation, Prototypes, Softmax, SoftmaxOptions};
use mote_core::quant::Quant;
use mote_core::snapshot::{State, Values, decode, encode};
use mote_core::window::WindowRing;
use mote_core::wire::{Client, Incoming, Request, Response, Server};

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    unsafe extern "C" {
        safe fn a_panic_is_reachable_from_mote_core() -> !;
    }
    a_panic_is_reachable_from_mote_core()
}

fn learner<P: Learner<19, 3> + State>(mut probe: P) {
    let quant = Quant {
        scale: black_box(0.1),
        zero_point: black_box(3),
    };
    let q: &[i8] = black_box(&[1; 19]);
    let name = black_box("name");
    let label = black_box(Label(0));
    black_box(probe.add_label(name)).ok();
    black_box(probe.rename(label, name)).ok();
    black_box(probe.learn_i8(q, quant, label)).ok();
    black_box(probe.predict_i8(q, quant)).ok();
    black_box(probe.logits(black_box(&[0.5; 19]))).ok();
    black_box(probe.forget(label)).ok();
    black_box(probe.labels().find(name));
    let values = black_box(if label.0 == 0 {
        Values::F32
    } else {
        Values::F16
    });
    let mut bytes = [0; 2048];
    let buffer = black_box(&mut bytes[..]);
    black_box(encode(&probe, values, 1, buffer)).ok();
    black_box(decode(&mut probe, 1, buffer)).ok();
    black_box(probe);
}

/// From untrusted bytes to an embedding, through every layer of both formats.
fn encoder(bytes: &[u8]) {
    let Ok(image) = ModelImage::parse(black_box(bytes)) else {
        return;
    };
    let mut scratch = [0i8; 512];
    let input: &[i8] = black_box(&[1; 64]);
    black_box(image.embed(input, black_box(&mut scratch))).ok();
    let mut scratch = [0.0f32; 512];
    let floats: &[f32] = black_box(&[1.0; 64]);
    black_box(image.embed_f16(floats, black_box(&mut scratch))).ok();
    let normalisation = image.normalisation();
    let mut window = [0i8; 64];
    normalisation.quantize(
        floats,
        image.input_quant().zero_point,
        black_box(&mut window),
    );
    normalisation.normalise(black_box(&[1.0; 64]), black_box(&mut scratch));
    image.channel_names().for_each(|name| {
        black_box(name);
    });
    black_box(image.spec());
}

/// From samples to windows.
fn ring() {
    let (window, channels, hop) = black_box((10, 3, 5));
    if let Ok(mut ring) = WindowRing::<i8, 64>::new(window, channels, hop) {
        black_box(ring.push(black_box(&[0; 3])));
        ring.clear();
    }
}

/// From sound to log-mel frames, by any front end.
fn sound(bytes: &[u8]) {
    let Ok(front) = FrontEnd::parse(black_box(bytes)) else {
        return;
    };
    let mut stream = MelStream::<1024, 130>::new();
    black_box(stream.push(&front, black_box(0.5)));
    stream.clear();
    black_box(front.frames(black_box(7)));
}

/// Both ends of the wire, fed with any byte.
fn wire() {
    let mut server = Server::new();
    if let Some(Incoming::Request(request)) = server.push(black_box(0)) {
        black_box(request);
        black_box(server.answer(black_box(&Response::Done)));
    }
    let mut client = Client::new(black_box(1));
    black_box(client.request(black_box(&Request::Status))).ok();
    black_box(client.push(black_box(0)));
}

#[cortex_m_rt::entry]
fn main() -> ! {
    loop {
        encoder(&[0; 64]);
        ring();
        sound(&[0; 64]);
        wire();
        learner(Prototypes::<19, 3>::cosine());
        learner(Lda::<19, 3, { Lda::packed_len(19) }>::new(
            Normalisation::None,
            1.0,
        ));
        learner(Softmax::<19, 3, 7>::new(black_box(SoftmaxOptions::DEFAULT)));
        let mut softmax = Softmax::<19, 3, 7>::new(black_box(SoftmaxOptions::DEFAULT));
        softmax.rehearse(black_box(2));
        black_box(softmax.replay_len());
    }
}
