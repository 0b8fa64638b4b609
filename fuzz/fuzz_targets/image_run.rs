//! Any bytes, with their checksum made right: parsing answers, and what it lets through runs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mote_core::crc::crc32;
use mote_core::image::{Format, ModelImage};

/// Larger encoders are right but slow.
const MAX_SCRATCH: usize = 1 << 20;
const MAX_MACS: u64 = 1 << 22;

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes.to_vec();
    if bytes.len() < 16 {
        return;
    }
    let len = u32::from_le_bytes([bytes[12], bytes[13], bytes[14], bytes[15]]) as usize;
    if let Some(covered) = bytes.get(8..len) {
        let crc = crc32(covered);
        bytes[4..8].copy_from_slice(&crc.to_le_bytes());
    }
    let Ok(image) = ModelImage::parse(&bytes) else {
        return;
    };
    let macs: u64 = image.layers().map(|layer| layer.macs()).sum();
    if image.scratch_len() > MAX_SCRATCH || macs > MAX_MACS {
        return;
    }
    let len = image.input_shape().len();
    match image.format() {
        Format::I8 => {
            let window: Vec<i8> = (0..len).map(|i| i as i8).collect();
            image
                .embed(&window, &mut vec![0; image.scratch_len()])
                .unwrap();
        }
        Format::F16 => {
            let window: Vec<f32> = (0..len).map(|i| i as f32 - 3.0).collect();
            image
                .embed_f16(&window, &mut vec![0.0; image.scratch_len()])
                .unwrap();
        }
    }
});
