//! Any bytes: parsing answers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mote_core::image::ModelImage;

fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = ModelImage::parse(bytes) {
        let _ = error.to_string();
    }
});
