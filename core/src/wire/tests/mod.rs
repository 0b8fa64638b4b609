//! Messages of every kind, and frames made by the plain rule, for the tests beside this file.

mod bytes;
mod line;
mod round_trip;
mod stream;

use super::*;
use crate::crc::crc32;
use proptest::prelude::*;
use std::vec::Vec;

fn name() -> impl Strategy<Value = Name> {
    "[a-zäß ]{0,16}".prop_map(|s| s.parse().unwrap())
}

fn upload() -> impl Strategy<Value = Upload> {
    prop_oneof![Just(Upload::Image), Just(Upload::Snapshot)]
}

/// Calls `check` with each kind of request, filled from `seed`-like parts.
fn requests<'a>(bytes: &'a [u8], name: &Name, what: Upload, n: u32) -> Vec<Request<'a>> {
    let (index, offset) = (n as u8, n as u16);
    Vec::from([
        Request::Status,
        Request::Label { index },
        Request::AddLabel { name: name.clone() },
        Request::Rename {
            index,
            name: name.clone(),
        },
        Request::ForgetLabel {
            index,
            name: name.clone(),
        },
        Request::ForgetAll,
        Request::Window {
            total: !offset,
            offset,
            values: Values::I8(bytes),
        },
        Request::Window {
            total: offset,
            offset,
            values: Values::F32(bytes),
        },
        Request::Infer,
        Request::Embed { offset },
        Request::Learn { id: n, index },
        Request::Latest,
        Request::Save,
        Request::SnapshotRead { offset: n },
        Request::Begin {
            what,
            total: n,
            crc: !n,
        },
        Request::Part {
            what,
            offset: n,
            bytes,
        },
        Request::Verify { what },
        Request::Commit { what, crc: n },
        Request::Bench {
            layer: None,
            repeats: offset,
        },
        Request::Bench {
            layer: Some(index),
            repeats: offset,
        },
        Request::Reboot,
        Request::Teach { index: None },
        Request::Teach { index: Some(index) },
    ])
}

fn refusals(what: Upload, n: u32) -> Vec<Refusal> {
    let (byte, half) = (n as u8, n as u16);
    Vec::from([
        Refusal::Version {
            need: byte,
            have: !byte,
        },
        Refusal::Malformed,
        Refusal::Unsupported,
        Refusal::NoImage,
        Refusal::NoWindow {
            need: half,
            have: !half,
        },
        Refusal::WindowLength {
            need: half,
            have: !half,
        },
        Refusal::Gap { need: n, have: !n },
        Refusal::Offset { most: n, have: !n },
        Refusal::NoSuchLabel {
            capacity: byte,
            index: !byte,
        },
        Refusal::NothingLearned,
        Refusal::LabelsFull { capacity: byte },
        Refusal::Name { index: byte },
        Refusal::TooLong {
            what,
            need: n,
            have: !n,
        },
        Refusal::Incomplete {
            what,
            need: n,
            have: !n,
        },
        Refusal::Checksum { need: n, have: !n },
        Refusal::Unusable { what, code: n },
        Refusal::Flash { code: n },
        Refusal::NoSuchLayer {
            layers: byte,
            layer: !byte,
        },
        Refusal::ResponseTooLong {
            need: half,
            have: !half,
        },
        Refusal::Misfit {
            what: [
                Fit::Format,
                Fit::Embedding,
                Fit::Window,
                Fit::Scratch,
                Fit::Channels,
                Fit::Rate,
                Fit::FrontEnd,
            ][n as usize % 7],
            need: n,
            have: !n,
        },
        Refusal::RebootFirst,
        Refusal::Repeats {
            most: half,
            have: !half,
        },
    ])
}

fn responses<'a>(bytes: &'a [u8], name: &Name, what: Upload, n: u32, x: f32) -> Vec<Response<'a>> {
    let (index, half) = (n as u8, n as u16);
    let link = LinkCounters {
        requests: n,
        repeats: !n,
        refused: n / 3,
        dropped: n / 5,
    };
    let counters = Counters {
        uptime_ms: n,
        windows: !n,
        lost_samples: n / 7,
        learned: n / 9,
        saves: 1,
        link,
    };
    let image = Image {
        name: name.clone(),
        crc: n,
        len: !n,
        scratch: n / 3,
        samples: half,
        channels: !half,
        rate_hz: x,
        embedding: half / 3,
    };
    let status = Status {
        build: name.clone(),
        image: Some(image),
        labels: index,
        label_capacity: !index,
        generation: Some(n),
        unsaved: n & 1 == 1,
        ram: n,
        flash: !n,
        stack: 5,
        counters,
    };
    let logits = (0..n % 33).map(|i| x * i as f32).collect();
    let mut all = Vec::from([
        Response::Done,
        Response::Status(Status::default()),
        Response::Status(status),
        Response::Label {
            index,
            name: name.clone(),
            examples: n,
        },
        Response::Window { next: half },
        Response::Inference(Inference {
            hop: n,
            index: None,
            confidence: x,
            novelty: -x,
            logits,
        }),
        Response::Inference(Inference {
            index: Some(index),
            ..Inference::default()
        }),
        Response::Embedding {
            total: !half,
            offset: half,
            values: bytes,
        },
        Response::Learned {
            id: n,
            index,
            examples: !n,
        },
        Response::Snapshot {
            total: n,
            crc: !n,
            offset: n / 3,
            bytes,
        },
        Response::Uploaded { what, next: n },
        Response::Bench {
            layers: index,
            macs: n,
            ticks: u64::from(n) << 17,
            ticks_per_second: !n,
        },
    ]);
    all.extend(refusals(what, n).into_iter().map(Response::Refused));
    all
}

/// Frames that `stream` yields, as (sequence, body), and the number of errors.
fn decode(stream: &[u8]) -> (Vec<(u32, Vec<u8>)>, usize) {
    let mut decoder = Decoder::<MAX_LEN>::new();
    let (mut frames, mut errors) = (Vec::new(), 0);
    for byte in stream {
        match decoder.push(*byte) {
            Some(Ok(frame)) => frames.push((frame.sequence, frame.body.to_vec())),
            Some(Err(_)) => errors += 1,
            None => {}
        }
    }
    (frames, errors)
}

fn request_bytes(sequence: u32, request: &Request<'_>) -> Vec<u8> {
    encode(
        Direction::ToDevice,
        sequence,
        request,
        &mut [0; MAX_ENCODED],
    )
    .unwrap()
    .to_vec()
}

/// A frame with a right checksum around any contents.
fn raw_frame(first: u8, sequence: u32, body: &[u8]) -> Vec<u8> {
    let mut plain = [&[first][..], &sequence.to_le_bytes(), body].concat();
    plain.extend(crc32(&plain).to_le_bytes());
    let mut frame = Vec::from([0]);
    // The plain rule: each run up to a zero gets its length in front; runs are split at 254.
    for mut piece in plain.split(|byte| *byte == 0) {
        while piece.len() >= 254 {
            frame.push(0xFF);
            frame.extend(&piece[..254]);
            piece = &piece[254..];
        }
        frame.push(piece.len() as u8 + 1);
        frame.extend(piece);
    }
    frame.push(0);
    frame
}
