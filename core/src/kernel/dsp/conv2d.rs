//! Convolution over packed weights.

use super::places::{Place, as_packed, common_rows, places};
use super::slide::Slide;
use super::{PAIR_WORDS, Row, slides};
use crate::arch::{Activations, Copies, Fill, Sweep, dsp};
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
        self.run_in(&mut Activations::Apart { input, output }, work);
    }

    /// The same, perhaps over its input.
    pub(crate) fn run_in(&self, activations: &mut Activations<'_, i8>, work: &mut [u32]) {
        let Geometry {
            size,
            stride,
            dilation,
            input,
            output,
            ..
        } = self.geometry;
        if slides(size, stride, dilation, [input, output]) {
            self.slide_in(activations, work);
        } else {
            self.gather_in(activations, work);
        }
    }

    /// The same, where the kernel [slides].
    pub(crate) fn slide_in(&self, activations: &mut Activations<'_, i8>, work: &mut [u32]) {
        let slide = Slide {
            geometry: &self.geometry,
            zero: self.input_zero_point,
            stream: self.stream,
        };
        slide.run(activations, work);
        self.output.clamp_all(activations.output());
    }

    /// The same, where it does not.
    #[inline(never)]
    pub(crate) fn gather_in(&self, activations: &mut Activations<'_, i8>, work: &mut [u32]) {
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
        let width = usize::from(geometry.output.w).max(1);
        let inside = Inside::of(&geometry);
        let (mut done, mut row, mut column) = (0, 0, 0);
        while done < pixels {
            // A last group of fewer than four pixels starts earlier.
            let first = done.min(pixels.wrapping_sub(4));
            if first < done {
                (row, column) = (first / width, first % width);
            }
            let groups = match odd.is_empty() {
                true => inside.groups(column),
                false => 0,
            };
            let at = first.wrapping_mul(channels);
            let advance = 4 * inside.step;
            let ready = match groups {
                0 => None,
                _ => look.inside(row as u16, column, patch),
            };
            // The last run of an input may reach beyond it, where its groups of four values do.
            let groups = ready.map_or(0, |(copies, _)| {
                groups.min(copies.turns(activations.input().len(), advance))
            });
            if groups > 0
                && let Some((copies, above)) = ready
            {
                let sweep = Sweep {
                    at,
                    groups,
                    advance,
                    above,
                    stride: channels,
                    positive,
                };
                dsp::sweep(activations, &copies, patch, even, &sweep);
                done = first.wrapping_add(4 * groups);
                column += 4 * groups;
                if column >= width {
                    (row, column) = (row + 1, column - width);
                }
                continue;
            }
            look.fill(activations.input(), [row, column], patch, stage);
            done = first.wrapping_add(4);
            column += 4;
            while column >= width {
                (row, column) = (row + 1, column - width);
            }
            let Some(output) = activations.output().get_mut(at..) else {
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
        self.output.clamp_all(activations.output());
    }
}

/// Groups of four pixels of one row whose columns of taps all lie inside the input.
struct Inside {
    /// First and last column at which such a group starts; none where the first is greater.
    first: usize,
    last: usize,
    /// From a pixel to the next in the input.
    step: usize,
}

impl Inside {
    fn of(geometry: &Geometry) -> Self {
        let across = usize::from(geometry.stride[1]).max(1);
        let left = usize::from(geometry.pad[1]);
        let reach = 3 * across + usize::from(geometry.size[1]);
        let room = (usize::from(geometry.input.w) + left).checked_sub(reach);
        let most = usize::from(geometry.output.w).checked_sub(4);
        let (first, last) = match (room, most) {
            // A dilated row of taps is not one run.
            (Some(room), Some(most)) if geometry.dilation[1] <= 1 => {
                (left.div_ceil(across), most.min(room / across))
            }
            _ => (1, 0),
        };
        Self {
            first,
            last,
            step: across * usize::from(geometry.input.c),
        }
    }

    /// How many such groups follow each other from `column` on.
    #[inline]
    fn groups(&self, column: usize) -> usize {
        match column >= self.first && column <= self.last {
            true => (self.last - column) / 4 + 1,
            false => 0,
        }
    }
}

/// Fills patches from an input.
struct Look<'a> {
    geometry: &'a Geometry,
    zero: i8,
    /// One row of taps in a patch.
    row: Row,
}

impl Look<'_> {
    /// Fills the patch of the four output pixels from `[row, column]` on.
    #[inline]
    fn fill(&self, input: &[i8], [row, column]: [usize; 2], patch: &mut [u32], stage: &mut [i8]) {
        let places = places(self.geometry, row as u16, column as u16);
        if !self.fill_fast(input, &places, patch, stage) {
            for (pixel, place) in places.iter().enumerate() {
                self.fill_pixel(input, place, pixel, patch, stage);
            }
        }
    }

    /// The copies of four pixels of one row whose columns of taps all lie inside, and where in the patch they go; `None`
    /// where no row of taps does.
    #[inline]
    fn inside(&self, row: u16, column: usize, patch: &mut [u32]) -> Option<(Copies, usize)> {
        let geometry = self.geometry;
        let across = usize::from(geometry.stride[1]);
        let x = (column * across).wrapping_sub(geometry.pad[1].into());
        let rows = geometry.taps::<0>(row, geometry.input.h);
        let start = geometry.offset(rows.at, x);
        let step = across * usize::from(geometry.input.c);
        let starts = [start, start + step, start + 2 * step, start + 3 * step];
        self.fill_rows(rows, patch)?;
        let above = 4 * self.row.words() * rows.first;
        Some((self.copies(starts, rows), above))
    }

    /// Runs of all columns of taps, for the rows of taps inside the input.
    #[inline]
    fn copies(&self, starts: [usize; 4], rows: Taps) -> Copies {
        Copies {
            starts,
            rows: rows.len(),
            groups: self.row.groups(),
            half: self.row.half(),
            pitch: self
                .geometry
                .offset(self.geometry.dilation[0].max(1).into(), 0),
        }
    }

    /// All four pixels at once, if their rows of taps agree and lie in the input's memory; whether it did.
    #[inline(never)]
    fn fill_fast(
        &self,
        input: &[i8],
        places: &[Place; 4],
        patch: &mut [u32],
        stage: &mut [i8],
    ) -> bool {
        let geometry = self.geometry;
        if geometry.dilation[1] > 1 {
            return false;
        }
        let Some(rows) = common_rows(geometry, places) else {
            return false;
        };
        let (channels, width) = (usize::from(geometry.input.c), i32::from(geometry.input.w));
        let below = rows.first * usize::from(geometry.dilation[0]);
        let mut copies = self.copies([0; 4], rows);
        let Some(farthest) = input.len().checked_sub(copies.reach()) else {
            return false;
        };
        let starts = places
            .map(|place| geometry.offset((place.y as usize).wrapping_add(below), place.x as usize));
        // A run that begins before the input's memory, or ends behind it, is made value by value instead.
        copies.starts = starts.map(|start| if start > farthest { 0 } else { start });
        let Some(part) = self.fill_rows(rows, patch) else {
            return true;
        };
        if !dsp::gather(input, &copies, part) {
            return false;
        }
        let taps = i32::from(geometry.size[1]);
        for (pixel, (place, start)) in places.iter().zip(starts).enumerate() {
            if start > farthest {
                self.fill_pixel(input, place, pixel, patch, stage);
                continue;
            }
            let Some(patch) = self.rows_of(rows, patch) else {
                continue;
            };
            let (left, right) = ((-place.x).clamp(0, taps), (width - place.x).clamp(0, taps));
            for (from, to) in [(0, left), (right, taps)] {
                if from < to {
                    let fill = Fill {
                        pixel,
                        row: 4 * self.row.words(),
                        first: from as usize * channels,
                        len: (to - from) as usize * channels,
                        value: self.zero,
                    };
                    fill.run(patch);
                }
            }
        }
        true
    }

    /// The part of the patch for the rows of taps inside the input.
    #[inline]
    fn rows_of<'p>(&self, rows: Taps, patch: &'p mut [u32]) -> Option<&'p mut [u32]> {
        let row = 4 * self.row.words();
        patch
            .get_mut(row * rows.first..)?
            .get_mut(..row * rows.len())
    }

    /// Fills the rows of taps outside the input; gives the part of the patch for those inside, if there are any.
    #[inline(never)]
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
    fn fill_pixel(
        &self,
        input: &[i8],
        place: &Place,
        pixel: usize,
        patch: &mut [u32],
        stage: &mut [i8],
    ) {
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
                    let from = run_of(input, at.wrapping_add(run * runs.step), runs.len);
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
