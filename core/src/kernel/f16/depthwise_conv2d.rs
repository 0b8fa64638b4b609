//! Depthwise convolution: one filter for each channel.

use super::half::widen;
use crate::arch::Activations;
use crate::kernel::{Geometry, Window, run_of};
use crate::spec::Activation;

/// Channels summed side by side.
const BLOCK: usize = 8;

/// Depthwise convolution with channel multiplier 1; padding is 0.
///
/// Each output is its bias, plus one product a tap, taps row by row.
#[derive(Clone, Copy, Debug)]
pub struct DepthwiseConv2d<'a> {
    /// How the kernel slides; as many output as input channels.
    pub geometry: Geometry,
    /// `HWC`: `size[0] * size[1] * input.c` IEEE halves, little-endian.
    pub weights: &'a [[u8; 2]],
    /// One f32 a channel, little-endian.
    pub bias: &'a [[u8; 4]],
    /// The fused non-linearity.
    pub activation: Activation,
}

impl DepthwiseConv2d<'_> {
    /// Reads `geometry.input`, writes `geometry.output`.
    pub fn run(&self, input: &[f32], output: &mut [f32]) {
        self.run_in(&mut Activations::Apart { input, output });
    }

    /// The same, perhaps over its input.
    #[inline(never)]
    pub(crate) fn run_in(&self, activations: &mut Activations<'_, f32>) {
        self.geometry
            .slide(activations, |window, input, before, channels| {
                let mut biases = self.bias.get(before..).unwrap_or(&[]).iter();
                for (block, channels) in channels.chunks_mut(BLOCK).enumerate() {
                    let mut acc = [0.0_f32; BLOCK];
                    for (acc, &bias) in acc.iter_mut().zip(&mut biases) {
                        *acc = f32::from_le_bytes(bias);
                    }
                    self.accumulate(window, input, before + block * BLOCK, &mut acc);
                    for (out, acc) in channels.iter_mut().zip(acc) {
                        *out = self.activation.apply(acc);
                    }
                }
            });
    }

    /// Adds the products for the block of channels from `channel` on, at one position of the kernel.
    #[inline(always)]
    fn accumulate(&self, window: Window, input: &[f32], channel: usize, acc: &mut [f32; BLOCK]) {
        let geometry = &self.geometry;
        let channels = usize::from(geometry.input.c);
        let len = channels.saturating_sub(channel).min(BLOCK);
        for tap in geometry.inside(window) {
            let x = run_of(input, tap.input.wrapping_add(channel), len);
            let w = run_of(self.weights, tap.index * channels + channel, len);
            let add = |(acc, (&x, &w)): (&mut f32, (&f32, &[u8; 2]))| *acc += x * widen(w);
            match (x.first_chunk::<BLOCK>(), w.first_chunk::<BLOCK>()) {
                (Some(x), Some(w)) => acc.iter_mut().zip(x.iter().zip(w)).for_each(add),
                _ => acc.iter_mut().zip(x.iter().zip(w)).for_each(add),
            }
        }
    }
}
