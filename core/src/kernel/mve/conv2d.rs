//! Convolution, two pixels at a time.

use crate::arch::Activations;
use crate::arch::mve::{Filters, MOST_VALUES, Rows, Source, copy, two};
use crate::kernel::Geometry;
use crate::kernel::geometry::Taps;
use crate::kernel::i8::Conv2d;

/// A convolution; whether it was done.
pub(in crate::kernel) fn conv2d(conv: &Conv2d<'_>, activations: &mut Activations<'_, i8>) -> bool {
    let geometry = &conv.geometry;
    let [height, width] = geometry.size.map(usize::from);
    let len = height
        .wrapping_mul(width)
        .wrapping_mul(geometry.input.c.into());
    let count = usize::from(geometry.output.c);
    let Some(filters) = Filters::new(conv.weights, len, count, conv.constants, conv.output) else {
        return false;
    };
    let pixels = geometry.output.pixels();
    if len > MOST_VALUES || pixels == 0 {
        return false;
    }
    let look = Look {
        geometry,
        zero: conv.input_zero_point,
        len,
    };
    let mut patches = [[0_i8; MOST_VALUES]; 2];
    let mut done = 0;
    let mut place = Place::first(geometry);
    while done < pixels {
        // A last single pixel comes with itself.
        let pair = [done, (done + 1).min(pixels - 1)];
        let one = place;
        place.advance(geometry);
        let other = if pair[0] == pair[1] { one } else { place };
        place.advance(geometry);
        let at = pair.map(|pixel| pixel * count);
        if let (Some(a), Some(b)) = (look.direct(one), look.direct(other)) {
            two(activations, Source::Input([a, b]), &filters, at);
        } else {
            for (place, patch) in [one, other].into_iter().zip(&mut patches) {
                look.fill(activations.input(), place, patch);
            }
            let both = patches.as_flattened();
            two(
                activations,
                Source::Patch(both, [0, MOST_VALUES]),
                &filters,
                at,
            );
        }
        done += 2;
    }
    conv.output.clamp_all(activations.output());
    true
}

/// An output pixel, and the rows of taps that it sees.
#[derive(Clone, Copy)]
struct Place {
    row: u16,
    column: u16,
    rows: Taps,
}

impl Place {
    fn first(geometry: &Geometry) -> Self {
        Self {
            row: 0,
            column: 0,
            rows: geometry.taps::<0>(0, geometry.input.h),
        }
    }

    /// On to the next pixel.
    #[inline]
    fn advance(&mut self, geometry: &Geometry) {
        self.column += 1;
        if self.column >= geometry.output.w {
            (self.row, self.column) = (self.row.wrapping_add(1), 0);
            self.rows = geometry.taps::<0>(self.row, geometry.input.h);
        }
    }
}

/// Reads what pixels see.
struct Look<'a> {
    geometry: &'a Geometry,
    zero: i8,
    /// Values that a pixel sees.
    len: usize,
}

impl Look<'_> {
    /// Where the values of a pixel start in the input, if they lie there one behind the other.
    #[inline]
    fn direct(&self, place: Place) -> Option<usize> {
        let geometry = self.geometry;
        if geometry.size[0] != 1 || geometry.dilation[1] > 1 || place.rows.len() != 1 {
            return None;
        }
        let columns = geometry.taps::<1>(place.column, geometry.input.w);
        (columns.len() == usize::from(geometry.size[1]))
            .then(|| geometry.offset(place.rows.at, columns.at))
    }

    /// Copies the values of a pixel behind each other.
    #[inline]
    fn fill(&self, input: &[i8], place: Place, patch: &mut [i8; MOST_VALUES]) {
        let geometry = self.geometry;
        let rows = place.rows;
        let columns = geometry.taps::<1>(place.column, geometry.input.w);
        let [height, width] = geometry.size.map(usize::from);
        let channels = usize::from(geometry.input.c);
        let whole = rows.len() == height && columns.len() == width;
        if !whole {
            patch
                .get_mut(..self.len)
                .unwrap_or_default()
                .fill(self.zero);
        }
        let [down, right] = geometry.dilation.map(|d| usize::from(d.max(1)));
        let from = geometry.offset(rows.at, columns.at);
        let to = (rows.first * width + columns.first) * channels;
        let pitch = [geometry.offset(down, 0), width * channels];
        if right == 1 {
            let rows = Rows {
                from,
                to,
                count: rows.len(),
                len: columns.len() * channels,
                pitch,
            };
            copy(input, patch, &rows);
            return;
        }
        for row in 0..rows.len() {
            let taps = Rows {
                from: from.wrapping_add(row * pitch[0]),
                to: to + row * pitch[1],
                count: columns.len(),
                len: channels,
                pitch: [right * channels, channels],
            };
            copy(input, patch, &taps);
        }
    }
}
