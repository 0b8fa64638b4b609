//! Which layers may write over their input, and how far ahead of it.
//!
//! A sliding kernel goes through its output from front to back, four pixels at a time at most over packed weights, two
//! over plain ones; packed ones with three taps side by side make several rows together, so many pixels of each. Where the
//! output starts early enough before the input, all that is written lies in front of all that is still to be read.

use crate::kernel::dsp::{Packing, lines, slides};
use crate::shape::Shape;
use crate::spec::{Kernel, Op};

/// Output pixels that a kernel may read the input for before it writes them: over plain weights the vectors of
/// Cortex-M55 take two.
const fn group(packed: bool) -> usize {
    if packed { 4 } else { 2 }
}

/// Rows of outputs of which it makes so many together.
const fn rows(op: &Op, packed: bool, shapes: [Shape; 2]) -> usize {
    match op {
        Op::Conv2d { kernel, .. }
            if packed && slides(kernel.size, kernel.stride, kernel.dilation, shapes) =>
        {
            lines(kernel.size, kernel.stride, kernel.dilation, shapes)
        }
        _ => 1,
    }
}

/// How an output may lie over the input of its layer, if no later layer reads that input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Over {
    /// At least this many values before it.
    Ahead(usize),
    /// With the same start.
    Exactly,
}

impl Over {
    /// The rule for `op` between tensors of these shapes, over plain or packed weights; `None` where they must be apart.
    pub const fn of(op: &Op, packed: bool, input: Shape, output: Shape) -> Option<Self> {
        match op {
            Op::DepthwiseConv2d { .. } if packed => {
                // Channel by channel, all pixels at once.
                let same = input.h == output.h && input.w == output.w && input.c == output.c;
                match Packing::of(op, input, output) {
                    Some(_) if same => Some(Self::Exactly),
                    _ => None,
                }
            }
            Op::Conv2d { kernel, .. }
            | Op::DepthwiseConv2d { kernel, .. }
            | Op::AvgPool { kernel }
            | Op::MaxPool { kernel } => match kernel.resolve(input.h, input.w) {
                Ok((_, pad)) => {
                    let shapes = [input, output];
                    let group = [rows(op, packed, shapes), group(packed)];
                    let lead = lead(kernel, pad, shapes, group);
                    Some(Self::Ahead(lead))
                }
                Err(_) => None,
            },
            _ => None,
        }
    }

    /// Whether an output may start at `output` where the input starts at `input`.
    pub const fn allows(self, input: usize, output: usize) -> bool {
        match self {
            Self::Ahead(lead) => output.saturating_add(lead) <= input,
            Self::Exactly => output == input,
        }
    }
}

/// The most by which the end of what is written exceeds the start of what is still to be read.
///
/// Both grow linearly along rows and columns, but for the steps where the kernel leaves the padding: so the greatest
/// difference lies beside such a step, or at an end.
const fn lead(
    kernel: &Kernel,
    pad: [u8; 2],
    [input, output]: [Shape; 2],
    [lines, group]: [usize; 2],
) -> usize {
    let [down, right] = [kernel.stride[0] as usize, kernel.stride[1] as usize];
    let [top, left] = [pad[0] as usize, pad[1] as usize];
    let (rows, columns) = (
        places(output.h as usize, top, down, lines),
        places(output.w as usize, left, right, 1),
    );
    let pixels = output.pixels();
    let mut most = 0;
    let mut i = 0;
    while i < rows.len() {
        let mut j = 0;
        while j < columns.len() {
            let (row, column) = (rows[i], columns[j]);
            let y = start(row, down, top, input.h as usize);
            let next = start(row + lines, down, top, input.h as usize);
            // Where the next rows start at the same row of the input, they start at its first column.
            let x = if next == y && row + lines < output.h as usize {
                0
            } else {
                start(column, right, left, input.w as usize)
            };
            let read = y
                .saturating_mul(input.w as usize)
                .saturating_add(x)
                .saturating_mul(input.c as usize);
            let last = if row + lines < output.h as usize {
                row + lines - 1
            } else {
                (output.h as usize).saturating_sub(1)
            };
            let first = last * output.w as usize + column;
            // A last group of fewer pixels starts earlier; so does one that starts here.
            let end = if first + group < pixels {
                first + group
            } else {
                pixels
            };
            let written = end.saturating_mul(output.c as usize);
            if written.saturating_sub(read) > most {
                most = written - read;
            }
            j += 1;
        }
        i += 1;
    }
    most
}

/// First position of the input that the kernel reads at `position` of the output.
const fn start(position: usize, stride: usize, pad: usize, extent: usize) -> usize {
    let at = (position * stride).saturating_sub(pad);
    if at < extent { at } else { extent }
}

/// Both ends of an axis, of which `lines` are made together, and both sides of the step where the kernel leaves the
/// padding, also by all of them. The last group of four pixels may start up to three pixels earlier.
const fn places(extent: usize, pad: usize, stride: usize, lines: usize) -> [usize; 8] {
    let last = extent.saturating_sub(1);
    let (step, within) = if stride == 0 {
        (0, 0)
    } else {
        (pad.div_ceil(stride), (pad / stride).saturating_sub(lines))
    };
    let inside = if step < last { step } else { last };
    let end = extent.saturating_sub(lines);
    [
        0,
        inside.saturating_sub(1),
        inside,
        if within < last { within } else { last },
        end,
        end.saturating_sub(1),
        end.saturating_sub(2),
        end.saturating_sub(3),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Padding;
    use proptest::prelude::*;

    /// What `lead` says, from the definition: group by group, from every pixel at which one may start.
    fn by_definition(
        kernel: &Kernel,
        pad: [u8; 2],
        [input, output]: [Shape; 2],
        [lines, group]: [usize; 2],
    ) -> usize {
        let width = usize::from(output.w);
        let read = |pixel: usize| {
            let at = |position, axis: usize, extent| {
                start(
                    position,
                    kernel.stride[axis].into(),
                    pad[axis].into(),
                    extent,
                )
            };
            let y = at(pixel / width, 0, input.h.into());
            let x = at(pixel % width, 1, input.w.into());
            (y * usize::from(input.w) + x) * usize::from(input.c)
        };
        let pixels = output.pixels();
        let lead = (0..pixels).map(|first| {
            let (row, column) = (first / width, first % width);
            let rows = row..usize::from(output.h).min(row + lines);
            let last = rows.end - 1;
            let written = pixels.min(last * width + column + group) * usize::from(output.c);
            // Of its own rows, what lies from here on, and all of those below.
            let left = rows.flat_map(|row| row * width + column..(row + 1) * width);
            let below = (last + 1) * width..pixels;
            let least = left.chain(below).map(read).min().unwrap_or(0);
            written.saturating_sub(least)
        });
        lead.max().unwrap_or(0)
    }

    proptest! {
        #[test]
        fn the_lead_is_the_least_that_suffices(
            (h, w, c) in (1_u16..12, 1_u16..12, 1_u16..5),
            channels in 1_u16..5,
            size in any::<[u8; 2]>(), stride in any::<[u8; 2]>(), dilation in any::<[u8; 2]>(),
            pads in any::<[u8; 4]>(), padding in 0..4, lines in 1_usize..6,
        ) {
            let kernel = Kernel {
                size: size.map(|s| 1 + s % 4),
                stride: stride.map(|s| 1 + s % 3),
                dilation: dilation.map(|d| 1 + d % 2),
                padding: match padding {
                    0 => Padding::Same,
                    1 => Padding::Valid,
                    _ => Padding::Explicit(pads.map(|p| p % 8)),
                },
            };
            let input = Shape::new(h, w, c);
            let op = Op::Conv2d { channels, kernel, batch_norm: false };
            if let (Ok(output), Ok((_, pad))) = (op.output_shape(input, input), kernel.resolve(h, w)) {
                let shapes = [input, output];
                for (packed, group) in [(false, 2), (true, 4)] {
                    let together = [rows(&op, packed, shapes), group];
                    let expected = by_definition(&kernel, pad, shapes, together);
                    prop_assert_eq!(Over::of(&op, packed, input, output), Some(Over::Ahead(expected)));
                }
                let expected = by_definition(&kernel, pad, shapes, [lines, 4]);
                prop_assert_eq!(lead(&kernel, pad, shapes, [lines, 4]), expected);
            }
        }
    }
}
