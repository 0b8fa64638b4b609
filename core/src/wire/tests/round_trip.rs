//! Each message comes back as it went, and fits.

use super::*;
use proptest::collection::vec;

proptest! {
    #[test]
    fn every_request_comes_back(bytes in vec(any::<u8>(), 0..=CHUNK), name in name(), what in upload(), n: u32) {
        let mut decoder = Decoder::<MAX_LEN>::new();
        for request in requests(&bytes, &name, what, n) {
            let frame = request_bytes(n, &request);
            // Zeros only at both ends.
            prop_assert!(frame[1..frame.len() - 1].iter().all(|byte| *byte != 0));
            let mut seen = 0;
            for byte in &frame {
                if let Some(frame) = decoder.push(*byte) {
                    let frame = frame.unwrap();
                    prop_assert_eq!(frame.sequence, n);
                    prop_assert_eq!(frame.direction, Direction::ToDevice);
                    let message = frame.message::<Request<'_>>();
                    prop_assert_eq!(message.as_ref(), Some(&request));
                    seen += 1;
                }
            }
            prop_assert_eq!(seen, 1);
        }
    }

    #[test]
    fn every_response_comes_back(
        bytes in vec(any::<u8>(), 0..=CHUNK), name in name(), what in upload(), n: u32, x in -1e9f32..1e9,
    ) {
        let mut client = Client::new(n);
        client.request(&Request::Status).unwrap();
        let mut buffer = [0; MAX_ENCODED];
        for response in responses(&bytes, &name, what, n, x) {
            let mut client = client.clone();
            let frame = encode(Direction::FromDevice, n.wrapping_add(1), &response, &mut buffer).unwrap();
            let (last, most) = frame.split_last().unwrap();
            for byte in most {
                prop_assert_eq!(client.push(*byte), None);
            }
            prop_assert_eq!(client.push(*last), Some(Ok(response)));
        }
    }
}

#[test]
fn the_largest_messages_fit() {
    let name: Name = "n".repeat(MAX_NAME).parse().unwrap();
    let bytes = [0xFF; CHUNK];
    let mut buffer = [0; MAX_ENCODED];
    for request in requests(&bytes, &name, Upload::Image, u32::MAX) {
        encode(Direction::ToDevice, u32::MAX, &request, &mut buffer).unwrap();
    }
    for n in [u32::MAX, u32::MAX - u32::MAX % 33 - 1] {
        for response in responses(&bytes, &name, Upload::Image, n, f32::MIN) {
            encode(Direction::FromDevice, u32::MAX, &response, &mut buffer).unwrap();
        }
    }
    let long = [0xFF; MAX_LEN];
    let part = Request::Part {
        what: Upload::Image,
        offset: 0,
        bytes: &long,
    };
    let e = encode(Direction::ToDevice, 0, &part, &mut buffer).unwrap_err();
    // variant, what, offset, two bytes of length, envelope, checksum; three blocks; two zeros
    let need = MAX_LEN + 5 + ENVELOPE + 4 + 5;
    assert!((need - 2..=need + 2).contains(&e.need), "{e}");
    assert_eq!(e.have, MAX_ENCODED);
}
