//! Convolution of three taps side by side, one step apart: neighbouring outputs share pixels.
//!
//! A row of outputs is made three at a time from strips of five pixels, and its rest two at a time from strips of four.
//! Up to four rows are made together, so that the rows of taps which they share are widened once.

use super::packing::{lines, tap_rows};
use crate::arch::{Activations, Band, Strip, Sweep, dsp};
use crate::kernel::geometry::Taps;
use crate::kernel::{Geometry, run_of};

/// Such a convolution, whose stream has its words in the order [`Taps`](super::Order::Taps).
pub struct Slide<'a> {
    pub geometry: &'a Geometry,
    /// Fills the padding.
    pub zero: i8,
    pub stream: &'a [u32],
}

/// Groups of three outputs and groups of two that make a row of `width`, which is at least 2.
fn groups(width: usize) -> [usize; 2] {
    let twos = [0, 2, 1][width % 3];
    [width.saturating_sub(2 * twos) / 3, twos]
}

impl Slide<'_> {
    /// Computes every output; `work` holds [`Packing::work`](super::Packing::work) bytes.
    pub fn run(&self, activations: &mut Activations<'_, i8>, work: &mut [u32]) {
        let geometry = self.geometry;
        let (width, channels) = (geometry.output.w.into(), usize::from(geometry.output.c));
        let [threes, twos] = groups(width);
        let most = lines(
            geometry.size,
            geometry.stride,
            geometry.dilation,
            [geometry.input, geometry.output],
        );
        let (mut at, mut row) = (0, 0);
        while row < geometry.output.h {
            let lines = most.min(usize::from(geometry.output.h - row)).max(1);
            // The rows of taps of all of them, as those of a taller kernel.
            let height = tap_rows(geometry.size, geometry.stride, lines);
            let size = [height.min(u8::MAX.into()) as u8, geometry.size[1]];
            let rows = Geometry { size, ..*geometry }.taps::<0>(row, geometry.input.h);
            let mut column = 0;
            for (outputs, groups) in [(3, threes), (2, twos)] {
                if groups > 0 {
                    let part = Part {
                        rows,
                        height,
                        lines,
                        outputs,
                        column,
                        groups,
                    };
                    self.part(activations, &part, at + column * channels, work);
                }
                column += outputs * groups;
            }
            at += lines * width * channels;
            row += lines as u16;
        }
    }

    /// Computes the groups of `part`, whose outputs go from `at` on.
    #[inline(never)]
    fn part(
        &self,
        activations: &mut Activations<'_, i8>,
        part: &Part,
        mut at: usize,
        work: &mut [u32],
    ) {
        let geometry = self.geometry;
        let Part {
            rows,
            height,
            lines,
            outputs,
            ..
        } = *part;
        let (depth, channels) = (
            usize::from(geometry.input.c),
            usize::from(geometry.output.c),
        );
        let pixels = outputs + 2;
        let row_words = pixels * depth / 2;
        let Some(patch) = work.get_mut(..row_words * height) else {
            return;
        };
        let band = Band {
            lines,
            words: row_words * usize::from(geometry.size[0]),
            step: row_words * usize::from(geometry.stride[0]),
            pitch: usize::from(geometry.output.w) * channels,
        };
        let (above, inside) = (row_words * rows.first, row_words * rows.len());
        self.pad(patch.get_mut(..above));
        self.pad(patch.get_mut(above + inside..));
        let width = usize::from(geometry.input.w);
        let mut left = part.groups;
        // Left of the input it wraps, and is far beyond its right end.
        let mut x = part.column.wrapping_sub(geometry.pad[1].into());
        while left > 0 {
            let strip = Strip {
                start: geometry.offset(rows.at, x),
                pixels,
                rows: rows.len(),
                groups: depth / 4,
                step: depth,
                pitch: geometry.offset(geometry.dilation[0].max(1).into(), 0),
            };
            // How far the strip may move on inside the input; nowhere where it lies above or below.
            let room = width
                .checked_sub(pixels)
                .and_then(|last| last.checked_sub(x))
                .filter(|_| strip.rows > 0);
            let sweep = Sweep {
                at,
                groups: room.map_or(1, |room| left.min(room / outputs.max(1) + 1)),
                advance: outputs * depth,
                above,
                stride: channels,
                positive: false,
            };
            if room.is_some() {
                dsp::slide_sweep(activations, &strip, patch, &band, self.stream, &sweep);
            } else {
                if let Some(inside) = patch.get_mut(above..above + inside) {
                    self.border(activations.input(), &strip, rows, x, inside);
                }
                let output = activations.output().get_mut(at..).unwrap_or_default();
                dsp::slide(patch, &band, outputs, self.stream, output, channels);
            }
            left -= sweep.groups;
            x = x.wrapping_add(outputs * sweep.groups);
            at += outputs * sweep.groups * channels;
        }
    }

    fn pad(&self, words: Option<&mut [u32]>) {
        words.unwrap_or_default().fill(self.padding());
    }

    /// A word of padding.
    fn padding(&self) -> u32 {
        u32::from(i16::from(self.zero) as u16) * 0x1_0001
    }

    /// Fills a strip from column `x` on, some of whose pixels lie outside.
    #[inline(never)]
    fn border(&self, input: &[i8], strip: &Strip, rows: Taps, x: usize, patch: &mut [u32]) {
        let geometry = self.geometry;
        let (width, depth) = (usize::from(geometry.input.w), strip.step);
        // Beyond the ends of a row there mostly lies another.
        let copied = dsp::strip(input, strip, patch);
        for pixel in 0..strip.pixels {
            let column = x.wrapping_add(pixel);
            if column >= width {
                for words in patch.chunks_exact_mut(strip.pixels.max(1)) {
                    if let Some(word) = words.get_mut(pixel) {
                        *word = self.padding();
                    }
                }
            } else if !copied {
                for (row, words) in patch.chunks_exact_mut(strip.row_words()).enumerate() {
                    let y = rows
                        .at
                        .wrapping_add(row * usize::from(geometry.dilation[0].max(1)));
                    let values = run_of(input, geometry.offset(y, column), depth);
                    strip.set(values, pixel, words);
                }
            }
        }
    }
}

/// Neighbouring groups of outputs of rows that are made together.
#[derive(Clone, Copy)]
struct Part {
    /// The rows of taps inside the input.
    rows: Taps,
    /// All rows of taps.
    height: usize,
    /// Rows of outputs.
    lines: usize,
    /// Outputs of a group in each row.
    outputs: usize,
    /// Column of the first output.
    column: usize,
    groups: usize,
}

#[test]
fn groups_make_every_width() {
    for width in 2..100 {
        let [threes, twos] = groups(width);
        assert_eq!(3 * threes + 2 * twos, width);
        assert!(twos <= 2, "{twos} groups of two for {width}");
    }
}
