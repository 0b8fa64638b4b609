//! Convolution.

use super::channels::each_sum_of;
use crate::arch::{Activations, Rows, add_dots};
use crate::kernel::{Constants, Geometry, Output, Window, mve, run_of};

/// Values under a pixel that are put side by side where they do not lie so; more are summed tap by tap.
const PATCH: usize = 640;

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
        let [height, width] = self.geometry.size.map(usize::from);
        let row = width * usize::from(self.geometry.input.c);
        let filter = height.wrapping_mul(row);
        let mut patch = [0; PATCH];
        self.geometry
            .slide(activations, |window, input, before, channels| {
                let constants = self.constants.from(before);
                let weights = |more: usize| {
                    let first = (before + more).wrapping_mul(filter);
                    self.weights.get(first..).unwrap_or(&[])
                };
                let mut sum = |x: &[i8], rows: &Rows| {
                    each_sum_of(channels, constants, self.output, |more, sums| {
                        add_dots(x, weights(more), filter, rows, sums);
                    });
                };
                if window.len() == height * width && self.geometry.dilation[1] <= 1 {
                    let at = self.geometry.offset(window.rows.at, window.columns.at);
                    let rows = Rows {
                        count: height,
                        len: row,
                        pitch: self.pitch(),
                        weight_pitch: row,
                    };
                    sum(input.get(at..).unwrap_or(&[]), &rows);
                } else if let Some(patch) = patch.get_mut(..filter) {
                    self.fill(window, input, patch);
                    sum(patch, &Rows::one(filter));
                } else {
                    each_sum_of(channels, constants, self.output, |more, sums| {
                        self.tap_by_tap(window, input, weights(more), sums);
                    });
                }
            });
    }

    /// From a row of taps to the next in the input.
    fn pitch(&self) -> usize {
        let down = self.geometry.dilation[0].max(1);
        self.geometry.offset(down.into(), 0)
    }

    /// For each run of input under `window`: where it starts, and where its weights start in a filter.
    #[inline]
    fn each_run(&self, window: Window, mut run: impl FnMut(usize, usize)) {
        let geometry = &self.geometry;
        let channels = usize::from(geometry.input.c);
        let runs = geometry.runs(window);
        let mut at = geometry.offset(window.rows.at, window.columns.at);
        for tap in window.rows.first..window.rows.end {
            let first = tap * usize::from(geometry.size[1]) + window.columns.first;
            for index in 0..runs.count {
                run(
                    at.wrapping_add(index * runs.step),
                    first * channels + index * runs.len,
                );
            }
            at = at.wrapping_add(self.pitch());
        }
    }

    /// Puts side by side what one filter sees.
    fn fill(&self, window: Window, input: &[i8], patch: &mut [i8]) {
        patch.fill(self.input_zero_point);
        let len = self.geometry.runs(window).len;
        self.each_run(window, |at, to| {
            let to = patch.get_mut(to..).unwrap_or_default();
            for (to, &x) in to.iter_mut().zip(run_of(input, at, len)) {
                *to = x;
            }
        });
    }

    /// Adds to the sum of each filter, of any size, input times weight.
    fn tap_by_tap(&self, window: Window, input: &[i8], weights: &[i8], sums: &mut [i32]) {
        let geometry = &self.geometry;
        let channels = usize::from(geometry.input.c);
        let [height, width] = geometry.size.map(usize::from);
        let filter = (height * width).wrapping_mul(channels);
        let mut add = |x: &[i8], first: usize, rows: &Rows| {
            add_dots(x, weights.get(first..).unwrap_or(&[]), filter, rows, sums);
        };
        let rows = Rows::one(geometry.runs(window).len);
        self.each_run(window, |at, first| {
            add(input.get(at..).unwrap_or(&[]), first, &rows);
        });
        // One value of padding, under every channel.
        let rows = Rows {
            count: channels,
            len: 1,
            pitch: 0,
            weight_pitch: 1,
        };
        for tap in geometry.outside(window) {
            add(&[self.input_zero_point], tap * channels, &rows);
        }
    }
}
