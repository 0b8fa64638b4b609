//! Depthwise convolution, pixel by pixel.

use crate::arch::Activations;
use crate::arch::mve::{LANES, Lanes, MOST_TAPS};
use crate::kernel::i8::DepthwiseConv2d;

/// Most channels: so much padding lies in memory.
const MOST_CHANNELS: usize = 512;

/// A depthwise convolution; whether it was done.
pub(in crate::kernel) fn depthwise_conv2d(
    conv: &DepthwiseConv2d<'_>,
    activations: &mut Activations<'_, i8>,
) -> bool {
    let geometry = &conv.geometry;
    let [height, width] = geometry.size.map(usize::from);
    let channels = usize::from(geometry.output.c);
    let count = height * width;
    if !(LANES..=MOST_CHANNELS).contains(&channels) || geometry.input.c != geometry.output.c {
        return false;
    }
    let lanes = Lanes::new(
        conv.weights,
        count,
        channels,
        conv.constants,
        conv.output.zero_point,
    );
    let Some(lanes) = lanes else {
        return false;
    };
    let padding = [conv.input_zero_point; MOST_CHANNELS];
    let mut places = [None; MOST_TAPS];
    let Some(places) = places.get_mut(..count) else {
        return false;
    };
    let mut at = 0;
    for y in 0..geometry.output.h {
        let rows = geometry.taps::<0>(y, geometry.input.h);
        for x in 0..geometry.output.w {
            let columns = geometry.taps::<1>(x, geometry.input.w);
            let [down, right] = geometry.dilation.map(|d| usize::from(d.max(1)));
            let (mut start, pitch) = (
                geometry.offset(rows.at, columns.at),
                geometry.offset(down, 0),
            );
            for (row, places) in places.chunks_exact_mut(width.max(1)).enumerate() {
                let inside = row >= rows.first && row < rows.end;
                let mut tap = start;
                for (column, place) in places.iter_mut().enumerate() {
                    *place = None;
                    if inside && column >= columns.first && column < columns.end {
                        *place = Some(tap);
                        tap = tap.wrapping_add(right * channels);
                    }
                }
                if inside {
                    start = start.wrapping_add(pitch);
                }
            }
            lanes.pixel(activations, places, &padding, at);
            at += channels;
        }
    }
    conv.output.clamp_all(activations.output());
    true
}
