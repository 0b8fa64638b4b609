//! Links the kernels of one image's layers and no others, and no panic: as `main.rs`. Not meant to run.
#![no_std]
#![no_main]

use core::hint::black_box;
use mote_core::image::ModelImage;

/// Convolutions, statistics of a window, and a dense layer, over plain weights; `tests/tests/budgets/flash.rs` looks for them.
const IMAGE: ModelImage<'static> =
    mote_core::include_image!("../../../../../core/tests/golden/conv1d.image", only);

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    unsafe extern "C" {
        safe fn a_panic_is_reachable_from_mote_core() -> !;
    }
    a_panic_is_reachable_from_mote_core()
}

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut scratch = [0; IMAGE.scratch_len()];
    loop {
        let input: &[i8] = black_box(&[1; IMAGE.input_shape().len()]);
        black_box(IMAGE.embed(input, black_box(&mut scratch))).ok();
        // An image that came over a wire, say, runs with the same kernels or not at all.
        if let Ok(other) = IMAGE.parse_like(black_box(&[0; 64])) {
            black_box(other.embed(input, black_box(&mut scratch))).ok();
        }
    }
}
