//! Where a sliding kernel lies on its input.

use crate::arch::Activations;
use crate::arch::pool::Under;
use crate::shape::Shape;

/// Resolved sliding geometry: padding is explicit, the output shape is final.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Geometry {
    /// Shape of the input.
    pub input: Shape,
    /// Shape of the output; its last tap may lie beyond the input, which is padding below and right.
    pub output: Shape,
    /// Taps in rows and columns.
    pub size: [u8; 2],
    /// Steps in rows and columns.
    pub stride: [u8; 2],
    /// Distance of taps in rows and columns.
    pub dilation: [u8; 2],
    /// Rows added above and columns added left.
    pub pad: [u8; 2],
}

/// The taps of one axis that lie inside the input: `first..end`, the first of them over input position `at`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Taps {
    pub first: usize,
    pub end: usize,
    pub at: usize,
}

impl Taps {
    /// Number of taps inside the input.
    pub fn len(self) -> usize {
        self.end.saturating_sub(self.first)
    }
}

/// One position of the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Window {
    pub rows: Taps,
    pub columns: Taps,
}

impl Window {
    /// Number of taps inside the input.
    pub fn len(self) -> usize {
        self.rows.len() * self.columns.len()
    }
}

/// One tap: its index in the kernel, row by row, and the input index of the first channel under it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Tap {
    pub index: usize,
    pub input: usize,
}

/// `count` runs of `len` consecutive input values, `step` values apart; their weights have no gaps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Runs {
    pub count: usize,
    pub len: usize,
    pub step: usize,
}

impl Geometry {
    /// Input index of the first channel at `(y, x)`. Wraps only for a shape that no memory could hold.
    pub(crate) fn offset(&self, y: usize, x: usize) -> usize {
        y.wrapping_mul(self.input.w.into())
            .wrapping_add(x)
            .wrapping_mul(self.input.c.into())
    }

    /// The runs of consecutive values in one row of taps inside the input.
    pub(crate) fn runs(&self, window: Window) -> Runs {
        let (columns, channels) = (window.columns.len(), usize::from(self.input.c));
        match usize::from(self.dilation[1]) {
            0 | 1 => Runs {
                count: 1,
                len: columns * channels,
                step: 0,
            },
            apart => Runs {
                count: columns,
                len: channels,
                step: apart * channels,
            },
        }
    }

    /// The taps of `window` inside the input, row by row.
    pub(crate) fn inside(&self, window: Window) -> impl Iterator<Item = Tap> + use<'_> {
        let [down, right] = self.dilation.map(usize::from);
        (window.rows.first..window.rows.end).flat_map(move |row| {
            let below = (row - window.rows.first) * down;
            let y = window.rows.at.wrapping_add(below);
            (window.columns.first..window.columns.end).map(move |column| {
                let x = (column - window.columns.first) * right;
                Tap {
                    index: row * usize::from(self.size[1]) + column,
                    input: self.offset(y, window.columns.at.wrapping_add(x)),
                }
            })
        })
    }

    /// The pixels of `window` inside the input, for a pool.
    pub(crate) fn under(&self, window: Window) -> Under {
        let [down, right] = self.dilation.map(|d| usize::from(d.max(1)));
        Under {
            start: self.offset(window.rows.at, window.columns.at),
            rows: window.rows.len(),
            pitch: self.offset(down, 0),
            columns: window.columns.len(),
            step: right * usize::from(self.input.c),
        }
    }

    /// Indices of the taps of `window` outside the input, row by row.
    pub(crate) fn outside(&self, window: Window) -> impl Iterator<Item = usize> + use<> {
        let [height, width] = self.size.map(usize::from);
        let inside = window.columns.first..window.columns.end;
        (0..height).flat_map(move |row| {
            let row_inside = (window.rows.first..window.rows.end).contains(&row);
            let inside = if row_inside { inside.clone() } else { 0..0 };
            (0..width)
                .filter(move |column| !inside.contains(column))
                .map(move |column| row * width + column)
        })
    }

    /// Sets the output at each position of the kernel, row by row: `pixel` gets the position, the input, how many channels
    /// came before, and channels to set.
    pub(crate) fn slide<T: Copy + Default>(
        &self,
        activations: &mut Activations<'_, T>,
        mut pixel: impl FnMut(Window, &[T], usize, &mut [T]),
    ) {
        let channels = usize::from(self.output.c);
        let mut block = Activations::block();
        self.each(|window, at| {
            activations.set(&mut block, at, channels, |input, before, part| {
                pixel(window, input, before, part);
            });
        });
    }

    /// Gives each position of the kernel, row by row, and where its pixel of the output starts.
    #[inline]
    pub(crate) fn each(&self, mut pixel: impl FnMut(Window, usize)) {
        let channels = usize::from(self.output.c);
        let mut at = 0;
        for y in 0..self.output.h {
            let rows = self.taps::<0>(y, self.input.h);
            for x in 0..self.output.w {
                let columns = self.taps::<1>(x, self.input.w);
                pixel(Window { rows, columns }, at);
                at += channels;
            }
        }
    }

    /// The taps inside an axis of `extent` positions for output position `out`.
    pub(crate) fn taps<const AXIS: usize>(&self, out: u16, extent: u16) -> Taps {
        const { assert!(AXIS < 2) };
        let (size, extent) = (i32::from(self.size[AXIS]), i32::from(extent));
        let dilation = i32::from(self.dilation[AXIS]).max(1);
        // At most 65535 * 255: far from overflow.
        let origin = i32::from(out) * i32::from(self.stride[AXIS]) - i32::from(self.pad[AXIS]);
        let last = origin.wrapping_add((size - 1) * dilation);
        let (first, end) = if origin >= 0 && last < extent {
            (0, size) // the interior needs no division, which Cortex-M0 lacks
        } else {
            // Taps before `position`: ceil((position - origin) / dilation).
            let before = |position: i32| {
                let distance = position.wrapping_sub(origin).max(0) as u32;
                (distance.div_ceil(dilation as u32) as i32).min(size)
            };
            let first = before(0);
            (first, before(extent).max(first))
        };
        Taps {
            first: first as usize,
            end: end as usize,
            at: origin.wrapping_add(first.wrapping_mul(dilation)) as usize,
        }
    }
}
