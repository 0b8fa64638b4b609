//! Parsing and framing; the values themselves are compared with f64 where the tables are made, in `host`.

use super::*;
use std::vec::Vec;

/// A front end of four bands without overlap, over windows of ones.
fn section(frame: u16, hop: u16) -> Vec<u8> {
    let mut bytes = 8000.0_f32.to_le_bytes().to_vec();
    for number in [frame, hop, 128, 4] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(1e-6_f32.to_le_bytes());
    bytes.extend((0..frame).flat_map(|_| 1.0_f32.to_le_bytes()));
    bytes.extend((0..65).flat_map(|bin| if bin < 48 { 1.0_f32 } else { 0.0 }.to_le_bytes()));
    bytes.extend((0..65_u8).map(|bin| (bin / 12).min(4)));
    bytes
}

type Stream = MelStream<128, 6>;

fn frames(bytes: &[u8], sound: &[f32]) -> Vec<Vec<f32>> {
    let front = FrontEnd::parse(bytes).unwrap();
    let mut stream = Stream::new();
    let frames = sound.iter().filter_map(|&sample| {
        let frame = stream.push(&front, sample)?;
        Some(frame.to_vec())
    });
    frames.collect()
}

fn sound(length: usize) -> Vec<f32> {
    (0..length)
        .map(|i| ((i * i * 7 + i) % 201) as f32 / 100.0 - 1.0)
        .collect()
}

#[test]
fn a_stream_gives_the_frames_of_its_stretches() {
    for (frame, hop) in [(128, 128), (128, 50), (100, 30), (1, 1), (60, 200)] {
        let bytes = section(frame, hop);
        let sound = sound(700);
        let all = frames(&bytes, &sound);
        let front = FrontEnd::parse(&bytes).unwrap();
        assert_eq!(all.len(), front.frames(sound.len()), "{frame} {hop}");
        for (at, found) in all.iter().enumerate() {
            let start = at * usize::from(hop);
            let alone = frames(&bytes, &sound[start..start + usize::from(frame)]);
            assert_eq!(alone, std::slice::from_ref(found), "{frame} {hop} {at}");
        }
    }
}

#[test]
fn powers_go_to_their_bands() {
    let bytes = section(128, 128);
    let tone = |bin: usize| -> Vec<f32> {
        let turn = |i: usize| (2 * bin * i % 256) as f64 / 128.0 * std::f64::consts::PI;
        (0..128).map(|i| turn(i).cos() as f32).collect()
    };
    for (bin, band) in [(1, 0), (11, 0), (12, 1), (47, 3)] {
        let frame = &frames(&bytes, &tone(bin))[0];
        // A tone on a bin has half the samples in amplitude.
        assert!(
            (frame[band] - 4096.0_f32.ln()).abs() < 1e-3,
            "{bin}: {frame:?}"
        );
        let others = frame.iter().enumerate().filter(|(b, _)| *b != band);
        assert!(
            others.map(|(_, v)| *v).all(|v| v < -12.0),
            "{bin}: {frame:?}"
        );
    }
    // Half the rate falls to the last band only by its share of 0 above edge 4, which is the falling side of band 3.
    assert!((frames(&bytes, &tone(64))[0][3] - 16384.0_f32.ln()).abs() < 1e-3);
}

#[test]
fn what_does_not_fit_is_silent_and_clearing_forgets() {
    let bytes = section(128, 64);
    let front = FrontEnd::parse(&bytes).unwrap();
    assert!(!MelStream::<64, 6>::fits(&front) && !MelStream::<128, 5>::fits(&front));
    let mut small = MelStream::<128, 5>::new();
    assert!(sound(300).iter().all(|&s| small.push(&front, s).is_none()));
    let mut stream = Stream::new();
    sound(100)
        .iter()
        .for_each(|&s| assert!(stream.push(&front, s).is_none()));
    stream.clear();
    let found: Vec<bool> = sound(128)
        .iter()
        .map(|&s| stream.push(&front, s).is_some())
        .collect();
    assert_eq!(found.iter().position(|&done| done), Some(127));
}

#[test]
fn every_number_out_of_its_range_is_refused_with_its_place() {
    let good = section(100, 30);
    let places = |bin| FrontEnd::parse(&good).unwrap().place(bin);
    assert_eq!([0, 12, 47].map(places), [1.0, 2.0, 4.0].map(Some));
    assert_eq!([64, 65].map(places), [Some(4.0), None]);
    let shares = HEAD_LEN + 400;
    for (offset, bytes) in [
        (0, &f32::NAN.to_le_bytes()[..]),
        (0, &0_f32.to_le_bytes()),
        (4, &[0, 0]),
        (4, &[129, 0]),
        (6, &[0, 0]),
        (8, &[127, 0]),
        (8, &[0, 8]),
        (10, &[0, 0]),
        (10, &[129, 0]),
        (12, &0_f32.to_le_bytes()),
        (HEAD_LEN, &(-1_f32).to_le_bytes()),
        (HEAD_LEN + 4, &f32::INFINITY.to_le_bytes()),
        (shares, &1.5_f32.to_le_bytes()),
        (shares + 260, &[5]),
    ] {
        let mut bad = good.clone();
        bad[offset..offset + bytes.len()].copy_from_slice(bytes);
        assert_eq!(FrontEnd::parse(&bad), Err(ImageError::FrontEnd { offset }));
    }
    for len in [0, 15, 16, good.len() - 1] {
        let found = FrontEnd::parse(&good[..len]);
        assert!(
            matches!(found, Err(ImageError::SectionLen { section: 7, .. })),
            "{len}"
        );
    }
}
