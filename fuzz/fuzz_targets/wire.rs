//! Any bytes on the wire: both ends answer or drop them, and still understand a request that follows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mote_core::wire::{Client, Incoming, Request, Response, Server};

fuzz_target!(|bytes: &[u8]| {
    let mut server = Server::new();
    let mut client = Client::new(7);
    for &byte in bytes {
        if let Some(Incoming::Request(_)) = server.push(byte) {
            server.answer(&Response::Done);
        }
        let _ = client.push(byte);
    }
    let request = client.request(&Request::Status).unwrap().to_vec();
    // A frame may be open: its end closes it, and the request comes again as a client would send it.
    let asked = (0..2).any(|_| {
        request
            .iter()
            .any(|&byte| matches!(server.push(byte), Some(Incoming::Request(Request::Status))))
    });
    assert!(asked, "the link did not resynchronise");
});
