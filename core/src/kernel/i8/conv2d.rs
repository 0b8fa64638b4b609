//! Convolution.

use super::dot::{dot, dot4, sum};
use crate::arch::Activations;
use crate::kernel::{Constants, Geometry, Output, Window, mve, run_of};

/// Convolution of int8 activations with int8 weights.
#[derive(Clone, Copy, Debug)]
pub struct Conv2d<'a> {
    /// How the kernel slides; `output.c` filters.
    pub geometry: Geometry,
    /// Fills the padding.
    pub input_zero_point: i8,
    /// `OHWI`: `output.c * size[0] * size[1] * input.c` values.
    pub weights: &'a [i8],
    /// One entry a filter.
    pub constants: Constants<'a>,
    /// Quantization and clamp of the result.
    pub output: Output,
}

impl Conv2d<'_> {
    /// Reads `geometry.input`, writes `geometry.output`.
    pub fn run(&self, input: &[i8], output: &mut [i8]) {
        self.run_in(&mut Activations::Apart { input, output });
    }

    /// The same, perhaps over its input.
    #[inline(never)]
    pub(crate) fn run_in(&self, activations: &mut Activations<'_, i8>) {
        if mve::conv2d(self, activations) {
            return;
        }
        let [height, width] = self.geometry.size;
        let row = usize::from(width) * usize::from(self.geometry.input.c);
        let filter = usize::from(height).wrapping_mul(row);
        self.geometry
            .slide(activations, |window, input, before, channels| {
                let mut constants = self.constants.from(before).iter();
                let mut weights = self
                    .weights
                    .get(before.wrapping_mul(filter)..)
                    .unwrap_or(&[]);
                let mut next = || weights.split_off(..filter).unwrap_or(&[]);
                let (fours, rest) = channels.as_chunks_mut::<4>();
                for four in fours {
                    let filters = [next(), next(), next(), next()];
                    let acc = self.accumulate(window, input, filters, dot4);
                    for ((out, acc), (bias, by)) in four.iter_mut().zip(acc).zip(&mut constants) {
                        *out = self.output.finish(bias.wrapping_add(acc), by);
                    }
                }
                for (out, (bias, by)) in rest.iter_mut().zip(constants) {
                    let [acc] = self.accumulate(window, input, [next()], |x, [w]| [dot(x, w)]);
                    *out = self.output.finish(bias.wrapping_add(acc), by);
                }
            });
    }

    /// Sums of input times weight for `N` filters at one position of the kernel.
    #[inline(always)]
    fn accumulate<const N: usize>(
        &self,
        window: Window,
        input: &[i8],
        filters: [&[i8]; N],
        dot: impl Fn(&[i8], [&[i8]; N]) -> [i32; N],
    ) -> [i32; N] {
        let geometry = &self.geometry;
        let channels = usize::from(geometry.input.c);
        let row = usize::from(geometry.size[1]) * channels;
        let runs = geometry.runs(window);
        let mut acc = [0_i32; N];
        for tap in window.rows.first..window.rows.end {
            let below = (tap - window.rows.first) * usize::from(geometry.dilation[0]);
            let at = geometry.offset(window.rows.at.wrapping_add(below), window.columns.at);
            let weight = tap * row + window.columns.first * channels;
            for run in 0..runs.count {
                let x = run_of(input, at.wrapping_add(run * runs.step), runs.len);
                let w = filters.map(|filter| run_of(filter, weight + run * runs.len, runs.len));
                for (acc, dot) in acc.iter_mut().zip(dot(x, w)) {
                    *acc = acc.wrapping_add(dot);
                }
            }
        }
        let [height, width] = geometry.size.map(usize::from);
        if window.len() < height * width {
            for (acc, filter) in acc.iter_mut().zip(filters) {
                *acc = acc.wrapping_add(self.padding(window, filter));
            }
        }
        acc
    }

    /// What the taps outside the input add: zero point times weight.
    fn padding(&self, window: Window, filter: &[i8]) -> i32 {
        let channels = usize::from(self.geometry.input.c);
        let weights = self.geometry.outside(window).fold(0_i32, |acc, tap| {
            acc.wrapping_add(sum(run_of(filter, tap * channels, channels)))
        });
        weights.wrapping_mul(self.input_zero_point.into())
    }
}
