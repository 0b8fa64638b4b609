//! Where a sliding kernel reads: padding resolved to numbers.

use mote_core::shape::Shape;
use mote_core::spec::{Kernel, Padding};

/// A kernel over one input: rows first, then columns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Sliding {
    /// Input rows, columns.
    pub input: [usize; 2],
    /// Output rows, columns.
    pub output: [usize; 2],
    /// Taps.
    pub size: [usize; 2],
    /// Steps.
    pub stride: [usize; 2],
    /// Distance of taps.
    pub dilation: [usize; 2],
    /// Rows above, columns to the left.
    pub pad: [usize; 2],
}

impl Sliding {
    /// The kernel over `input`, or `None` where it does not fit or a size, stride or dilation is 0.
    pub(crate) fn new(input: Shape, kernel: &Kernel) -> Option<Self> {
        let input = [usize::from(input.h), usize::from(input.w)];
        let [size, stride, dilation] = [kernel.size, kernel.stride, kernel.dilation].map(|pair| pair.map(usize::from));
        let mut sliding = Self { input, output: [0; 2], size, stride, dilation, pad: [0; 2] };
        for axis in 0..2 {
            if size[axis] == 0 || stride[axis] == 0 || dilation[axis] == 0 {
                return None;
            }
            let reach = (size[axis] - 1) * dilation[axis] + 1;
            let same = || {
                let output = input[axis].div_ceil(stride[axis]);
                let total = ((output - 1) * stride[axis] + reach).saturating_sub(input[axis]);
                (total / 2, total - total / 2)
            };
            let (before, after) = match kernel.padding {
                Padding::Same => same(),
                Padding::Valid => (0, 0),
                Padding::Causal if axis == 1 => (reach - 1, 0),
                Padding::Causal => same(),
                Padding::Explicit(pad) => (usize::from(pad[2 * axis]), usize::from(pad[2 * axis + 1])),
            };
            sliding.pad[axis] = before;
            sliding.output[axis] = (input[axis] + before + after).checked_sub(reach)? / stride[axis] + 1;
        }
        Some(sliding)
    }

    /// Rows and columns of the smallest frame that holds the padded input and all patches.
    pub(crate) fn frame(&self) -> [usize; 2] {
        std::array::from_fn(|axis| {
            let reach = (self.size[axis] - 1) * self.dilation[axis] + 1;
            ((self.output[axis] - 1) * self.stride[axis] + reach).max(self.pad[axis] + self.input[axis])
        })
    }

    /// Output pixels.
    pub(crate) fn pixels(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Whether output and input have the same pixels, in place: a 1 x 1 kernel.
    pub(crate) fn is_pointwise(&self) -> bool {
        self.size == [1, 1] && self.stride == [1, 1] && self.pad == [0, 0] && self.output == self.input
    }

    /// For each output position on `axis` (0: rows, 1: columns) and each tap, the input position, if it is not padding.
    pub(crate) fn position(&self, axis: usize, output: usize, tap: usize) -> Option<usize> {
        let padded = output * self.stride[axis] + tap * self.dilation[axis];
        padded.checked_sub(self.pad[axis]).filter(|&at| at < self.input[axis])
    }
}
