//! Both ends over a line that loses, repeats, delays and bends frames.

use super::*;
use proptest::collection::vec;

proptest! {
    /// A device that adds, a desktop that retries, and a line that loses, repeats, delays and bends frames in
    /// both directions: each sum is right, each addition is done exactly once.
    #[test]
    fn each_request_counts_once_over_a_bad_line(ids in vec(any::<u32>(), 1..20), fates in vec(0u8..8, 400), start: u32) {
        let (mut client, mut server) = (Client::new(start), Server::new());
        let (mut sum, mut expected, mut fates) = (0u32, 0u32, fates.into_iter().chain(core::iter::repeat(7)));
        let mut late = Vec::<u8>::new();
        for id in ids {
            expected = expected.wrapping_add(id);
            client.request(&Request::Learn { id, index: 0 }).unwrap();
            let mut response = None;
            while response.is_none() {
                let sent = on_the_line(client.last(), fates.next().unwrap(), &mut Vec::new());
                let mut back = Vec::new();
                for byte in sent {
                    let answer = match server.push(byte) {
                        Some(Incoming::Request(Request::Learn { id, .. })) => {
                            sum = sum.wrapping_add(id);
                            server.answer(&Response::Learned { id, index: 0, examples: sum })
                        }
                        Some(Incoming::Reply(bytes)) => bytes,
                        _ => continue,
                    };
                    back.extend(on_the_line(answer, fates.next().unwrap(), &mut late));
                }
                for byte in back {
                    if let Some(answer) = client.push(byte) {
                        prop_assert!(response.is_none(), "one response to one request");
                        response = Some(match answer {
                            Ok(Response::Learned { id, examples, .. }) => (id, examples),
                            other => panic!("{other:?}"),
                        });
                    }
                }
            }
            prop_assert_eq!(response, Some((id, expected)));
        }
        prop_assert_eq!(sum, expected);
    }
}

/// What becomes of a frame; one that is late comes before the next one that is not lost.
fn on_the_line(frame: &[u8], fate: u8, late: &mut Vec<u8>) -> Vec<u8> {
    let mut frame = frame.to_vec();
    let middle = frame.len() / 2;
    match fate {
        0 => Vec::new(),
        1 => [frame.clone(), frame].concat(),
        2 => {
            frame[middle] ^= 0x10;
            frame
        }
        3 => frame[..middle].to_vec(),
        4 => {
            late.extend(frame);
            Vec::new()
        }
        5 => [&b"garbage"[..], &frame, &[0, 0, 3, 0xFF]].concat(),
        _ => [core::mem::take(late), frame].concat(),
    }
}

#[test]
fn a_request_never_answered_is_handed_out_again() {
    let mut server = Server::new();
    let frame = request_bytes(5, &Request::Save);
    for _ in 0..2 {
        let handed_out = frame
            .iter()
            .filter(|byte| matches!(server.push(**byte), Some(Incoming::Request(_))))
            .count();
        assert_eq!(handed_out, 1);
    }
    server.answer(&Response::Done);
    let replies = frame
        .iter()
        .filter(|byte| matches!(server.push(**byte), Some(Incoming::Reply(_))))
        .count();
    assert_eq!(replies, 1);
    assert_eq!(
        server.counters(),
        LinkCounters {
            requests: 2,
            repeats: 1,
            refused: 0,
            dropped: 0
        }
    );
}

#[test]
fn a_response_that_is_too_long_says_so() {
    let mut server = Server::new();
    for byte in request_bytes(5, &Request::SnapshotRead { offset: 0 }) {
        server.push(byte);
    }
    let bytes = [7; MAX_LEN];
    let reply = server.answer(&Response::Snapshot {
        total: 1,
        crc: 2,
        offset: 3,
        bytes: &bytes,
    });
    let (frames, _) = decode(reply);
    let response: Response<'_> = postcard::from_bytes(&frames[0].1).unwrap();
    assert!(matches!(
        response,
        Response::Refused(Refusal::ResponseTooLong { have: 324, .. })
    ));
}

#[test]
fn another_version_gets_an_explanation() {
    let mut server = Server::new();
    let stream = raw_frame(VERSION + 1, 77, &[200, 200, 200]);
    let reply = stream.iter().find_map(|byte| match server.push(*byte) {
        Some(Incoming::Reply(bytes)) => Some(bytes.to_vec()),
        _ => None,
    });
    let refusal = Refusal::Version {
        need: VERSION,
        have: VERSION + 1,
    };
    let mut client = Client::new(76);
    client.request(&Request::Status).unwrap();
    let mut seen = false;
    for byte in reply.unwrap() {
        if let Some(response) = client.push(byte) {
            assert_eq!(response, Ok(Response::Refused(refusal)));
            seen = true;
        }
    }
    assert!(seen);
    // A newer device answers with what we cannot read, but the envelope tells its version.
    client.request(&Request::Status).unwrap();
    let newer = raw_frame(0x80 | (VERSION + 1), 78, &[255]);
    let seen = newer
        .iter()
        .find_map(|byte| client.push(*byte).map(|r| r.unwrap_err()));
    assert_eq!(
        seen,
        Some(ClientError::Version {
            need: VERSION,
            have: VERSION + 1
        })
    );
}
