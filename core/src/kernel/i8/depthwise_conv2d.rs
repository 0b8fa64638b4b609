//! Depthwise convolution: one filter for each channel.

use super::channels::each_sum_of;
use crate::arch::{Activations, Rows, TapRows, add_taps};
use crate::kernel::{Constants, Geometry, Output, Window, mve};
use core::ops::Range;

/// Depthwise convolution with channel multiplier 1.
#[derive(Clone, Copy, Debug)]
pub struct DepthwiseConv2d<'a> {
    /// How the kernel slides; as many output as input channels.
    pub geometry: Geometry,
    /// Fills the padding.
    pub input_zero_point: i8,
    /// `HWC`: `size[0] * size[1] * input.c` values.
    pub weights: &'a [i8],
    /// One entry a channel.
    pub constants: Constants<'a>,
    /// Quantization and clamp of the result.
    pub output: Output,
}

impl DepthwiseConv2d<'_> {
    /// Reads `geometry.input`, writes `geometry.output`.
    pub fn run(&self, input: &[i8], output: &mut [i8]) {
        self.run_in(&mut Activations::Apart { input, output });
    }

    /// The same, perhaps over its input.
    #[inline(never)]
    pub(crate) fn run_in(&self, activations: &mut Activations<'_, i8>) {
        if mve::depthwise_conv2d(self, activations) {
            return;
        }
        self.geometry
            .slide(activations, |window, input, before, channels| {
                let constants = self.constants.from(before);
                each_sum_of(channels, constants, self.output, |more, sums| {
                    let channel = before + more;
                    let (fours, rest) = sums.as_chunks_mut();
                    self.fours(window, input, channel, fours);
                    let channel = channel + 4 * fours.len();
                    for (more, sum) in rest.iter_mut().enumerate() {
                        *sum = sum.wrapping_add(self.one(window, input, channel + more));
                    }
                });
            });
    }

    /// Adds to the sums of channels from `channel` on, at one position of the kernel.
    fn fours(&self, window: Window, input: &[i8], channel: usize, sums: &mut [[i32; 4]]) {
        let geometry = &self.geometry;
        let channels = usize::from(geometry.input.c);
        let [height, width] = geometry.size.map(usize::from);
        let [down, right] = geometry.dilation.map(|d| usize::from(d.max(1)));
        let weights = |row: usize, column: usize| {
            let at = (row * width + column) * channels + channel;
            self.weights.get(at..).unwrap_or(&[])
        };
        let (rows, columns) = (window.rows, window.columns);
        let at = geometry.offset(rows.at, columns.at).wrapping_add(channel);
        let inside = TapRows {
            rows: Rows {
                count: rows.len(),
                len: columns.len(),
                pitch: geometry.offset(down, 0),
                weight_pitch: width * channels,
            },
            step: right * channels,
            weight_step: channels,
            apart: 4,
        };
        let under = weights(rows.first, columns.first);
        add_taps(input.get(at..).unwrap_or(&[]), under, &inside, sums);
        if window.len() < height * width {
            let mut pad = |down: Range<usize>, right: Range<usize>| {
                // The same four values under every tap of all channels.
                let outside = TapRows {
                    rows: Rows {
                        count: down.len(),
                        len: right.len(),
                        pitch: 0,
                        ..inside.rows
                    },
                    step: 0,
                    apart: 0,
                    ..inside
                };
                let under = weights(down.start, right.start);
                add_taps(&[self.input_zero_point; 4], under, &outside, sums);
            };
            pad(0..rows.first, 0..width);
            pad(rows.first..rows.end, 0..columns.first);
            pad(rows.first..rows.end, columns.end..width);
            pad(rows.end..height, 0..width);
        }
    }

    /// The sum for one channel.
    fn one(&self, window: Window, input: &[i8], channel: usize) -> i32 {
        let geometry = &self.geometry;
        let weight = |tap: usize| {
            let at = tap * usize::from(geometry.input.c) + channel;
            self.weights.get(at).copied().map_or(0, i32::from)
        };
        let mut acc = 0_i32;
        for tap in geometry.inside(window) {
            let x = input.get(tap.input.wrapping_add(channel)).copied();
            acc = acc.wrapping_add(x.map_or(0, i32::from) * weight(tap.index));
        }
        for tap in geometry.outside(window) {
            acc = acc.wrapping_add(i32::from(self.input_zero_point) * weight(tap));
        }
        acc
    }
}
