//! Depthwise convolution with 3 x 3 taps over packed weights.

use super::packing::{DEPTHWISE_WORDS, DepthwisePlane};
use crate::arch::{Activations, Lines, Plane, Splits, dsp};
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
        self.run_in(&mut Activations::Apart { input, output }, work);
    }

    /// The same, perhaps over its input: four channels are read whole before they are written.
    #[inline(never)]
    pub(crate) fn run_in(&self, activations: &mut Activations<'_, i8>, work: &mut [u32]) {
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
        let (chunks, rest) = work.as_chunks_mut::<8>();
        for chunk in chunks {
            *chunk = [zeros; 8];
        }
        rest.fill(zeros);
        let words = shape.words();
        let row = shape.lines + 2;
        let padding = [self.input_zero_point; 4];
        let count = lines.min(row - above.min(row));
        // Steps with both halves inside the input.
        let inside = before.div_ceil(2)..((extent + before) / 2).min(shape.steps());
        let (fours, _) = self.stream.as_chunks::<DEPTHWISE_WORDS>();
        for (group, four) in fours.chunks(4).enumerate() {
            let channel = 4 * group;
            let input = activations.input();
            // The input at a position; beyond it lies padding.
            let line = |position: usize| {
                let inside = position.checked_sub(before).filter(|&p| p < extent);
                let values = inside.and_then(|p| input.get(p * step + channel..));
                match values {
                    Some(values) => Lines {
                        values,
                        step: apart,
                        pitch: 2 * step,
                    },
                    None => Lines {
                        values: &padding,
                        step: 0,
                        pitch: 0,
                    },
                }
            };
            let mut s = 0;
            while s < shape.steps() {
                let lines = match s == inside.start {
                    true => inside.len().max(1),
                    false => 1,
                };
                let splits = Splits {
                    lines,
                    count,
                    plane: words,
                    row,
                };
                let to = work.get_mut(s * row + above..).unwrap_or_default();
                dsp::split([line(2 * s), line(2 * s + 1)], &splits, to);
                s += lines;
            }
            let output = activations.output().get_mut(channel..);
            let positive = self.output.zero_point == i8::MIN;
            dsp::three(work, &plane, four, output.unwrap_or_default(), positive);
        }
        self.output.clamp_all(activations.output());
    }
}
