//! Links only if no panic is reachable from what it calls in `mote-core`: the panic handler calls a
//! function that exists nowhere. Not meant to run.
#![no_std]
#![no_main]

use core::hint::black_box;
use mote_core::probe::{Label, Lda, Learner, Normalisation, Prototypes, Softmax, SoftmaxOptions};
use mote_core::quant::Quant;
use mote_core::snapshot::{State, Values, decode, encode};

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

#[cortex_m_rt::entry]
fn main() -> ! {
    loop {
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
