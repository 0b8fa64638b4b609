//! Depthwise convolution: one filter for each channel.

use crate::arch::Activations;
use crate::kernel::{Constants, Geometry, Output, Window, mve, run_of};

/// Channels summed side by side; one or two vector registers of accumulators.
const BLOCK: usize = 8;

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
                let mut constants = self.constants.from(before).iter();
                for (block, channels) in channels.chunks_mut(BLOCK).enumerate() {
                    let acc =
                        self.accumulate(window, input, before + block * BLOCK, channels.len());
                    for ((out, acc), (bias, by)) in channels.iter_mut().zip(acc).zip(&mut constants)
                    {
                        *out = self.output.finish(bias.wrapping_add(acc), by);
                    }
                }
            });
    }

    /// Sums for `len` channels from `channel` on, at one position of the kernel.
    #[inline(always)]
    fn accumulate(&self, window: Window, input: &[i8], channel: usize, len: usize) -> [i32; BLOCK] {
        let geometry = &self.geometry;
        let channels = usize::from(geometry.input.c);
        let weights = |tap: usize| run_of(self.weights, tap * channels + channel, len);
        let mut acc = [0_i32; BLOCK];
        for tap in geometry.inside(window) {
            let x = run_of(input, tap.input.wrapping_add(channel), len);
            accumulate(&mut acc, x, weights(tap.index));
        }
        for tap in geometry.outside(window) {
            accumulate(&mut acc, &[self.input_zero_point; BLOCK], weights(tap));
        }
        acc
    }
}

/// `acc += x * w`, value by value.
#[inline(always)]
fn accumulate(acc: &mut [i32; BLOCK], x: &[i8], w: &[i8]) {
    let add = |(acc, (&x, &w)): (&mut i32, (&i8, &i8))| {
        *acc = acc.wrapping_add(i32::from(x) * i32::from(w));
    };
    // A known length lets the compiler unroll and vectorise.
    match (x.first_chunk::<BLOCK>(), w.first_chunk::<BLOCK>()) {
        (Some(x), Some(w)) => acc.iter_mut().zip(x.iter().zip(w)).for_each(add),
        _ => acc.iter_mut().zip(x.iter().zip(w)).for_each(add),
    }
}
