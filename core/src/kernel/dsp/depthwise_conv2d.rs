//! Depthwise convolution with 3 x 3 taps over packed weights.

use super::packing::{DEPTHWISE_WORDS, DepthwisePlane};
use crate::arch::{Line, Plane, dsp};
use crate::kernel::{Geometry, Output};

/// Depthwise convolution of 3 x 3 neighbouring taps, stride 1, a multiple of four channels.
#[derive(Clone, Copy, Debug)]
pub struct DepthwiseConv2d<'a> {
    /// How the kernel slides; as many output as input channels.
    pub geometry: Geometry,
    /// Fills the padding.
    pub input_zero_point: i8,
    /// For each channel: start, three numbers, three words of weights. See `KERNELS.md`.
    pub stream: &'a [u32],
    /// Quantization and clamp of the result.
    pub output: Output,
}

impl DepthwiseConv2d<'_> {
    /// Reads `geometry.input`, writes `geometry.output`; `work` holds [`Packing::work`](super::Packing::work) bytes.
    pub fn run(&self, input: &[i8], output: &mut [i8], work: &mut [u32]) {
        let Geometry {
            input: from,
            output: to,
            pad,
            ..
        } = self.geometry;
        let channels = usize::from(from.c);
        let shape = DepthwisePlane::of(to);
        let (width, [top, left]) = (usize::from(from.w), pad.map(usize::from));
        let row = usize::from(to.w) * channels;
        // Along the axis of pairs, and across it: pixels of the input, padding, and how far apart they lie.
        let (along, across, plane) = if shape.down {
            let plane = Plane {
                lines: shape.lines,
                count: shape.count,
                pair_stride: row,
                line_stride: channels,
            };
            (
                (usize::from(from.h), top, width * channels),
                (width, left, channels),
                plane,
            )
        } else {
            let plane = Plane {
                lines: shape.lines,
                count: shape.count,
                pair_stride: channels,
                line_stride: row,
            };
            (
                (width, left, channels),
                (usize::from(from.h), top, width * channels),
                plane,
            )
        };
        let (extent, before, step) = along;
        let (lines, above, apart) = across;
        let zeros = u32::from(i16::from(self.input_zero_point) as u16) * 0x1_0001;
        work.fill(zeros);
        let words = shape.words();
        let padding = [self.input_zero_point; 4];
        let (fours, _) = self.stream.as_chunks::<DEPTHWISE_WORDS>();
        for (group, four) in fours.chunks(4).enumerate() {
            let channel = 4 * group;
            for s in 0..shape.steps() {
                // Input positions of both halves of this step's words; beyond the input lies padding.
                let line = |position: usize| {
                    position
                        .checked_sub(before)
                        .filter(|&p| p < extent)
                        .map(|p| Line {
                            start: p * step + channel,
                            step: apart,
                        })
                };
                let count = lines.min(shape.lines + 2 - above.min(shape.lines + 2));
                let Some(to) = work.get_mut(s * (shape.lines + 2) + above..) else {
                    break;
                };
                match [line(2 * s), line(2 * s + 1)] {
                    [Some(a), Some(b)] => dsp::split(input, [a, b], count, to, words),
                    [None, None] => {}
                    halves => border(input, &padding, halves, count, to, words),
                }
            }
            for (k, numbers) in four.iter().enumerate() {
                let (Some(plane_words), Some(to)) = (
                    work.get(k * words..(k + 1) * words),
                    output.get_mut(channel + k..),
                ) else {
                    return;
                };
                dsp::three(
                    plane_words,
                    &plane,
                    numbers,
                    to,
                    self.output.zero_point == i8::MIN,
                );
            }
        }
        self.output.clamp_all(output);
    }
}

/// A step with padding in one half.
fn border(
    input: &[i8],
    padding: &[i8; 4],
    halves: [Option<Line>; 2],
    count: usize,
    to: &mut [u32],
    words: usize,
) {
    for i in 0..count {
        for k in 0..4 {
            let value = |line: Option<Line>| {
                let x = line.and_then(|line| input.get(line.start + i * line.step + k));
                u32::from(i16::from(*x.unwrap_or(&padding[0])) as u16)
            };
            if let Some(word) = to.get_mut(k * words + i) {
                *word = value(halves[0]) | value(halves[1]) << 16;
            }
        }
    }
}
