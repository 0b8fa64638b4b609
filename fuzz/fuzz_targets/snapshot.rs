//! Any bytes as the state inside a sound snapshot: a learner takes them or refuses, and what it took can be used,
//! written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mote_core::crc::crc32;
use mote_core::probe::{Lda, Learner, Normalisation, Prototypes, Softmax, SoftmaxOptions};
use mote_core::snapshot::{State, Values, decode, encode};

const D: usize = 4;
const L: usize = 3;

/// Bytes of a snapshot before its state; see `mote_core::snapshot`.
const HEADER_LEN: usize = 24;

fn learner<P: Learner<D, L> + State + Clone>(mut probe: P, state: &[u8], values: Values) {
    let mut snapshot = [0; 4096];
    encode(&probe, values, 1, &mut snapshot).unwrap();
    let Some(room) = snapshot.get_mut(HEADER_LEN..HEADER_LEN + state.len()) else {
        return;
    };
    room.copy_from_slice(state);
    snapshot[20..HEADER_LEN].copy_from_slice(&(state.len() as u32).to_le_bytes());
    let end = HEADER_LEN + state.len();
    let crc = crc32(&snapshot[..end]);
    snapshot[end..end + 4].copy_from_slice(&crc.to_le_bytes());
    if decode(&mut probe, 1, &snapshot[..end + 4]).is_err() {
        return;
    }
    let _ = probe.predict(&[0.5; D]);
    let mut buffer = [0; 4096];
    let len = encode(&probe, Values::F32, 1, &mut buffer).unwrap();
    let mut again = probe.clone();
    decode(&mut again, 1, &buffer[..len]).unwrap();
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, state)) = bytes.split_first() else {
        return;
    };
    let values = if first & 1 == 0 {
        Values::F32
    } else {
        Values::F16
    };
    if state.len() > 4000 {
        return;
    }
    learner(Prototypes::<D, L>::cosine(), state, values);
    learner(
        Lda::<D, L, { Lda::packed_len(D) }>::new(Normalisation::None, 1.0),
        state,
        values,
    );
    learner(
        Softmax::<D, L, 5>::new(SoftmaxOptions::DEFAULT),
        state,
        values,
    );
});
