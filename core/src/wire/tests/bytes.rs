//! The bytes that `WIRE.md` and released devices know.

use super::*;

#[test]
fn the_bytes_are_those_of_the_documentation() {
    let sequence = 0x0403_0201;
    assert_eq!(
        request_bytes(sequence, &Request::Status),
        // zero, code, version, sequence, variant 0, CRC-32, zero
        [0, 0x06, 2, 1, 2, 3, 4, 0x05, 0xCE, 0x9A, 0x49, 0x0D, 0]
    );
    let mut all = Vec::new();
    for request in requests(&[0, 1, 2], &"nod".parse().unwrap(), Upload::Snapshot, 300) {
        all.push(postcard::to_slice(&request, &mut [0; 64]).unwrap().to_vec());
    }
    let expected: [&[u8]; 23] = [
        &[0],
        &[1, 44],
        b"\x02\x03nod",
        b"\x03\x2c\x03nod",
        b"\x04\x2c\x03nod",
        &[5],
        &[6, 0xD3, 0xFD, 0x03, 0xAC, 0x02, 0, 3, 0, 1, 2],
        &[6, 0xAC, 0x02, 0xAC, 0x02, 1, 3, 0, 1, 2],
        &[7],
        &[8, 0xAC, 0x02],
        &[9, 0xAC, 0x02, 44],
        &[10],
        &[11],
        &[12, 0xAC, 0x02],
        &[13, 1, 0xAC, 0x02, 0xD3, 0xFD, 0xFF, 0xFF, 0x0F],
        &[14, 1, 0xAC, 0x02, 3, 0, 1, 2],
        &[15, 1],
        &[16, 1, 0xAC, 0x02],
        &[17, 0, 0xAC, 0x02],
        &[17, 1, 44, 0xAC, 0x02],
        &[18],
        &[19, 0],
        &[19, 1, 44],
    ];
    assert_eq!(all, expected);
    let inference = Inference {
        hop: 5,
        index: Some(2),
        confidence: 0.5,
        novelty: 1.0,
        logits: heapless::Vec::from_slice(&[1.0, -2.0]).unwrap(),
    };
    assert_eq!(
        postcard::to_slice(&Response::Inference(inference), &mut [0; 64]).unwrap(),
        [
            5, 5, 1, 2, 0, 0, 0, 0x3F, 0, 0, 0x80, 0x3F, 2, 0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0
        ]
    );
    let gap = Response::Refused(Refusal::Gap { need: 1, have: 2 });
    assert_eq!(
        postcard::to_slice(&gap, &mut [0; 64]).unwrap(),
        [0, 6, 1, 2]
    );
    let misfit = Refusal::Misfit {
        what: Fit::Rate,
        need: 1,
        have: 2,
    };
    let most = Refusal::Repeats { most: 1, have: 2 };
    for (refusal, bytes) in [
        (misfit, &[0, 19, 5, 1, 2][..]),
        (Refusal::RebootFirst, &[0, 20]),
        (most, &[0, 21, 1, 2]),
    ] {
        let response = Response::Refused(refusal);
        assert_eq!(postcard::to_slice(&response, &mut [0; 64]).unwrap(), bytes);
    }
}
