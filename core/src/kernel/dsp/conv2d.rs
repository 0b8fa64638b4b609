//! Convolution over packed weights.

use super::places::{Place, as_packed, common_rows, places};
use super::{PAIR_WORDS, Row};
use crate::arch::{Copies, Fill, dsp};
use crate::kernel::geometry::Taps;
use crate::kernel::{Geometry, Output, Window, run_of};

/// Convolution of int8 activations with packed int8 weights; at least four output pixels.
#[derive(Clone, Copy, Debug)]
pub struct Conv2d<'a> {
    /// How the kernel slides; `output.c` filters.
    pub geometry: Geometry,
    /// Fills the padding.
    pub input_zero_point: i8,
    /// For each pair of filters: two starts, weights, numbers. See `KERNELS.md`.
    pub stream: &'a [u32],
    /// Quantization and clamp of the result.
    pub output: Output,
}

impl Conv2d<'_> {
    /// Reads `geometry.input`, writes `geometry.output`; `work` holds [`Packing::work`](super::Packing::work) bytes.
    pub fn run(&self, input: &[i8], output: &mut [i8], work: &mut [u32]) {
        let geometry = as_packed(self.geometry);
        let row = Row::of(geometry.size, geometry.input.c);
        let words = row.words() * usize::from(geometry.size[0]);
        let Some((patch, stage)) = work.split_at_mut_checked(4 * words) else {
            return;
        };
        let stage: &mut [i8] = bytemuck::cast_slice_mut(stage);
        let look = Look {
            geometry: &geometry,
            zero: self.input_zero_point,
            input,
            row,
        };
        let (pixels, channels) = (geometry.output.pixels(), usize::from(geometry.output.c));
        let positive = self.output.zero_point == i8::MIN;
        // An odd last channel goes through a place of its own.
        let pairs = channels / 2;
        let split = pairs * (words + PAIR_WORDS);
        let Some((even, odd)) = self.stream.split_at_checked(split) else {
            return;
        };
        let mut done = 0;
        while done < pixels {
            let first = done.min(pixels.wrapping_sub(4));
            done = first.wrapping_add(4);
            look.fill(first, patch, stage);
            let Some(output) = output.get_mut(first.wrapping_mul(channels)..) else {
                return;
            };
            dsp::block(patch, even, output, channels, positive);
            if !odd.is_empty() {
                let mut last = [0; 8];
                dsp::block(patch, odd, &mut last, 2, positive);
                for (pixel, value) in output
                    .chunks_mut(channels.max(1))
                    .zip(last.iter().step_by(2))
                {
                    if let Some(out) = pixel.last_mut() {
                        *out = *value;
                    }
                }
            }
        }
        self.output.clamp_all(output);
    }
}

/// Fills patches from an input.
struct Look<'a> {
    geometry: &'a Geometry,
    zero: i8,
    input: &'a [i8],
    /// One row of taps in a patch.
    row: Row,
}

impl Look<'_> {
    /// Fills the patch of output pixels `first..first + 4`.
    #[inline]
    fn fill(&self, first: usize, patch: &mut [u32], stage: &mut [i8]) {
        let width = usize::from(self.geometry.output.w).max(1);
        let (row, column) = (first / width, first % width);
        if column + 4 <= width && self.fill_inside(row as u16, column as u16, patch) {
            return;
        }
        let places = places(self.geometry, first);
        if !self.fill_fast(&places, patch) {
            for (pixel, place) in places.iter().enumerate() {
                self.fill_pixel(place, pixel, patch, stage);
            }
        }
    }

    /// Four pixels of one row whose columns of taps all lie inside; whether they do. The path of most pixels.
    #[inline]
    fn fill_inside(&self, row: u16, column: u16, patch: &mut [u32]) -> bool {
        let geometry = self.geometry;
        let across = usize::from(geometry.stride[1]);
        let x = usize::from(column) * across;
        let left = usize::from(geometry.pad[1]);
        let reach = 3 * across + usize::from(geometry.size[1]);
        // A dilated row of taps is not one run.
        if geometry.dilation[1] > 1 || x < left || x - left + reach > usize::from(geometry.input.w)
        {
            return false;
        }
        let rows = geometry.taps::<0>(row, geometry.input.h);
        let start = geometry.offset(rows.at, x - left);
        let step = across * usize::from(geometry.input.c);
        let copies = Copies {
            starts: [start, start + step, start + 2 * step, start + 3 * step],
            rows: rows.len(),
            groups: self.row.groups(),
            half: self.row.half(),
            pitch: geometry.offset(geometry.dilation[0].max(1).into(), 0),
        };
        let Some(patch) = self.fill_rows(rows, patch) else {
            return true;
        };
        dsp::gather(self.input, &copies, patch)
    }

    /// All four pixels at once, if their rows of taps agree and lie in the input's memory; whether it did.
    #[inline]
    fn fill_fast(&self, places: &[Place; 4], patch: &mut [u32]) -> bool {
        let geometry = self.geometry;
        if geometry.dilation[1] > 1 {
            return false;
        }
        let Some(rows) = common_rows(geometry, places) else {
            return false;
        };
        let (channels, width) = (usize::from(geometry.input.c), i32::from(geometry.input.w));
        let below = rows.first * usize::from(geometry.dilation[0]);
        let copies = Copies {
            starts: places.map(|place| {
                geometry.offset((place.y as usize).wrapping_add(below), place.x as usize)
            }),
            rows: rows.len(),
            groups: self.row.groups(),
            half: self.row.half(),
            pitch: geometry.offset(geometry.dilation[0].max(1).into(), 0),
        };
        let Some(patch) = self.fill_rows(rows, patch) else {
            return true;
        };
        if !dsp::gather(self.input, &copies, patch) {
            return false;
        }
        let taps = i32::from(geometry.size[1]);
        for (pixel, place) in places.iter().enumerate() {
            let (left, right) = ((-place.x).clamp(0, taps), (width - place.x).clamp(0, taps));
            if left > 0 || right < taps {
                for row in 0..rows.len() {
                    for (from, to) in [(0, left), (right, taps)] {
                        let fill = Fill {
                            pixel,
                            row: 4 * row * self.row.words(),
                            first: from as usize * channels,
                            len: (to - from) as usize * channels,
                            value: self.zero,
                        };
                        fill.run(patch);
                    }
                }
            }
        }
        true
    }

    /// Fills the rows of taps outside the input; gives the part of the patch for those inside, if there are any.
    #[inline]
    fn fill_rows<'p>(&self, rows: Taps, patch: &'p mut [u32]) -> Option<&'p mut [u32]> {
        if rows.len() == usize::from(self.geometry.size[0]) {
            return Some(patch);
        }
        let zeros = u32::from(i16::from(self.zero) as u16) * 0x1_0001;
        let (above, rest) = patch.split_at_mut_checked(4 * self.row.words() * rows.first)?;
        let (inside, under) = rest.split_at_mut_checked(4 * self.row.words() * rows.len())?;
        above.fill(zeros);
        under.fill(zeros);
        (!inside.is_empty()).then_some(inside)
    }

    /// One pixel, tap by tap: at the borders of the input, and where taps lie apart.
    #[inline(never)]
    fn fill_pixel(&self, place: &Place, pixel: usize, patch: &mut [u32], stage: &mut [i8]) {
        let geometry = self.geometry;
        let window = Window {
            rows: geometry.taps::<0>(place.row, geometry.input.h),
            columns: geometry.taps::<1>(place.column, geometry.input.w),
        };
        let channels = usize::from(geometry.input.c);
        let runs = geometry.runs(window);
        let Some(stage) = stage.get_mut(..4 * self.row.groups()) else {
            return;
        };
        let rows = patch.chunks_exact_mut((4 * self.row.words()).max(1));
        for (tap, patch) in rows.take(geometry.size[0].into()).enumerate() {
            if window.columns.len() < usize::from(geometry.size[1])
                || !(window.rows.first..window.rows.end).contains(&tap)
            {
                stage.fill(self.zero);
            }
            if let Some(below) = tap
                .checked_sub(window.rows.first)
                .filter(|_| tap < window.rows.end)
            {
                let y = window
                    .rows
                    .at
                    .wrapping_add(below * usize::from(geometry.dilation[0]));
                let at = geometry.offset(y, window.columns.at);
                for run in 0..runs.count {
                    let from = run_of(self.input, at.wrapping_add(run * runs.step), runs.len);
                    let to = stage.get_mut(window.columns.first * channels + run * runs.len..);
                    for (to, &x) in to.unwrap_or_default().iter_mut().zip(from) {
                        *to = x;
                    }
                }
            }
            dsp::widen_pixel(stage, self.row.half(), pixel, patch);
        }
    }
}
