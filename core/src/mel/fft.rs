//! The real FFT by size, from microfft.

use microfft::Complex32;
use microfft::real::{rfft_128, rfft_256, rfft_512, rfft_1024};

/// Transforms `values` in place: the real bins at 0 Hz and at half the rate, and the bins between them. `None` for a
/// length that [`super::POINTS`] does not allow.
#[inline]
pub fn real(values: &mut [f32]) -> Option<([f32; 2], &[Complex32])> {
    let bins: &[Complex32] = match values.len() {
        128 => rfft_128(values.try_into().ok()?),
        256 => rfft_256(values.try_into().ok()?),
        512 => rfft_512(values.try_into().ok()?),
        1024 => rfft_1024(values.try_into().ok()?),
        _ => return None,
    };
    // The last bin is real, so the library packs it beside the first.
    let (ends, bins) = bins.split_first()?;
    Some(([ends.re, ends.im], bins))
}
