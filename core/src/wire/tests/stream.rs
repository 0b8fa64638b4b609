//! Hostile bytes: noise, damage, floods, foreign frames.

use super::*;
use proptest::collection::vec;

proptest! {
    #[test]
    fn no_stream_of_bytes_does_harm(stream in vec(prop_oneof![3 => any::<u8>(), 1 => 0u8..3], 0..2000)) {
        let mut server = Server::new();
        for byte in &stream {
            server.push(*byte);
        }
        // Random bytes pass the checksum once in 2^32 times.
        prop_assert!(decode(&stream).0.is_empty());
    }

    #[test]
    fn a_valid_checksum_over_any_body_is_answered(body in vec(any::<u8>(), 0..300), sequence: u32, first in 0u8..0x80) {
        let frame = raw_frame(first, sequence, &body);
        let mut server = Server::new();
        let mut handed_out = 0;
        for byte in frame {
            handed_out += usize::from(server.push(byte).is_some());
        }
        prop_assert_eq!(handed_out, usize::from(body.len() + ENVELOPE + 4 <= MAX_LEN));
    }

    #[test]
    fn a_frame_after_any_noise_is_found(noise in vec(any::<u8>(), 0..1000), bytes in vec(any::<u8>(), 0..=CHUNK), n: u32) {
        let request = Request::Part { what: Upload::Image, offset: n, bytes: &bytes };
        let frame = request_bytes(n, &request);
        let stream = [noise, frame.clone(), frame].concat();
        let (frames, _) = decode(&stream);
        prop_assert_eq!(frames.len(), 2);
        prop_assert_eq!(&frames[0].1, &postcard::to_slice(&request, &mut [0; 400]).unwrap().to_vec());
    }

    #[test]
    fn bent_and_cut_frames_are_dropped(bytes in vec(any::<u8>(), 0..=CHUNK), flips in vec((any::<prop::sample::Index>(), 0u8..8), 1..4), cut: prop::sample::Index) {
        let frame = request_bytes(9, &Request::Part { what: Upload::Image, offset: 0, bytes: &bytes });
        let mut bent = frame.clone();
        for (at, bit) in flips {
            let at = at.index(bent.len());
            bent[at] ^= 1 << bit;
        }
        if bent[1..bent.len() - 1] != frame[1..frame.len() - 1] {
            bent.push(0);
            prop_assert!(decode(&bent).0.is_empty());
        }
        let mut short = frame[..1 + cut.index(frame.len() - 2)].to_vec();
        short.push(0);
        prop_assert!(decode(&short).0.is_empty());
        // The next frame is not harmed.
        prop_assert_eq!(decode(&[bent, short, frame].concat()).0.last().map(|f| f.0), Some(9));
    }
}

#[test]
fn overlong_frames_and_floods_are_dropped() {
    let mut decoder = Decoder::<16>::new();
    for _ in 0..100_000 {
        assert_eq!(decoder.push(0x55), None);
    }
    assert!(matches!(
        decoder.push(0),
        Some(Err(FrameError::Long { have: 16, .. }))
    ));
    for _ in 0..100_000 {
        assert_eq!(decoder.push(0), None);
    }
    for byte in request_bytes(1, &Request::Infer) {
        if let Some(frame) = decoder.push(byte) {
            assert_eq!(frame.unwrap().message(), Some(Request::Infer));
            return;
        }
    }
    panic!("the frame after the flood was lost");
}

#[test]
fn frame_errors_carry_numbers() {
    let mut decoder = Decoder::<MAX_LEN>::new();
    let mut error = |bytes: &[u8]| {
        bytes
            .iter()
            .find_map(|byte| decoder.push(*byte).map(Result::unwrap_err))
            .unwrap()
    };
    assert_eq!(error(&[3, 1, 2, 0]), FrameError::Short { need: 9, have: 2 });
    assert_eq!(error(&[9, 1, 2, 0]), FrameError::Truncated { missing: 6 });
    let nothing = crc32(&[1; 5]);
    assert_eq!(
        error(&[10, 1, 1, 1, 1, 1, 2, 2, 2, 2, 0]),
        FrameError::Checksum {
            need: nothing,
            have: 0x0202_0202
        }
    );
}

#[test]
fn our_own_echo_is_ignored() {
    let mut client = Client::new(0);
    let echo = client.request(&Request::Status).unwrap().to_vec();
    assert!(echo.iter().all(|byte| client.push(*byte).is_none()));
    let mut server = Server::new();
    for byte in &echo {
        server.push(*byte);
    }
    let echo = server.answer(&Response::Done).to_vec();
    assert!(echo.iter().all(|byte| server.push(*byte).is_none()));
    assert_eq!(server.counters().refused, 1);
}
