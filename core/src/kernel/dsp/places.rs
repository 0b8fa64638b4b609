//! Where four consecutive output pixels look in the input.

use super::conv2d_size;
use crate::kernel::Geometry;
use crate::kernel::geometry::Taps;
use crate::shape::Shape;

/// Row and column of the input under a pixel's first tap; negative in the padding.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub y: i32,
    pub x: i32,
    /// Row of the output.
    pub row: u16,
    /// Column of the output.
    pub column: u16,
}

/// The places of the four output pixels from `row` and `column` on.
#[inline]
pub fn places(geometry: &Geometry, mut row: u16, mut column: u16) -> [Place; 4] {
    let [down, right] = geometry.stride.map(i32::from);
    let [top, left] = geometry.pad.map(i32::from);
    core::array::from_fn(|_| {
        let place = Place {
            y: i32::from(row) * down - top,
            x: i32::from(column) * right - left,
            row,
            column,
        };
        column += 1;
        if column >= geometry.output.w {
            (row, column) = (row.wrapping_add(1), 0);
        }
        place
    })
}

/// The rows of taps that all four see, if they see the same.
#[inline]
pub fn common_rows(geometry: &Geometry, places: &[Place; 4]) -> Option<Taps> {
    let [first, .., last] = places;
    let rows = geometry.taps::<0>(first.row, geometry.input.h);
    let full = |rows: Taps| rows.len() == usize::from(geometry.size[0]);
    let same =
        first.row == last.row || full(rows) && full(geometry.taps::<0>(last.row, geometry.input.h));
    same.then_some(rows)
}

/// The geometry as it is packed: a dilated sequence stands on end, so that its taps are rows; pixels that are seen one by
/// one lie in one row.
pub fn as_packed(geometry: Geometry) -> Geometry {
    if let Geometry {
        size: [1, 1],
        stride: [1, 1],
        pad: [0, 0],
        ..
    } = geometry
        && geometry.input.pixels() == geometry.output.pixels()
        && let Ok(pixels) = u16::try_from(geometry.input.pixels())
    {
        let flat = |shape: Shape| Shape::sequence(pixels, shape.c);
        return Geometry {
            input: flat(geometry.input),
            output: flat(geometry.output),
            dilation: [1, 1],
            ..geometry
        };
    }
    let size = conv2d_size(
        geometry.size,
        geometry.dilation,
        geometry.input,
        geometry.output,
    );
    if size == geometry.size {
        return geometry;
    }
    let stand = |shape: Shape| Shape::new(shape.w, shape.h, shape.c);
    Geometry {
        input: stand(geometry.input),
        output: stand(geometry.output),
        size,
        stride: [geometry.stride[1], geometry.stride[0]],
        dilation: [geometry.dilation[1], geometry.dilation[0]],
        pad: [geometry.pad[1], geometry.pad[0]],
    }
}
