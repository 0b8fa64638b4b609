//! Where a sliding kernel reads: padding resolved to numbers.

use mote_core::shape::Shape;
use mote_core::spec::{Kernel, LayerError};

/// A kernel over one input; in each pair rows come first, then columns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Sliding {
    /// Input pixels.
    pub input: [usize; 2],
    /// Output pixels.
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
    /// `kernel` over `input`.
    pub(crate) fn new(input: Shape, kernel: Kernel) -> Result<Self, LayerError> {
        let (output, pad) = kernel.resolve(input.h, input.w)?;
        Ok(Self {
            input: [input.h, input.w].map(usize::from),
            output: output.map(usize::from),
            size: kernel.size.map(usize::from),
            stride: kernel.stride.map(usize::from),
            dilation: kernel.dilation.map(usize::from),
            pad: pad.map(usize::from),
        })
    }

    /// Rows and columns of the smallest frame that holds the padded input and all patches.
    pub(crate) fn frame(&self) -> [usize; 2] {
        std::array::from_fn(|axis| {
            let reach = (self.size[axis] - 1) * self.dilation[axis] + 1;
            let patches = (self.output[axis] - 1) * self.stride[axis] + reach;
            patches.max(self.pad[axis] + self.input[axis])
        })
    }

    /// The input pixels that output pixel `place` reads, in order; padding is left out.
    pub(crate) fn pixels_under(&self, place: usize) -> impl Iterator<Item = usize> + '_ {
        let [row, column] = [place / self.output[1], place % self.output[1]];
        let rows = (0..self.size[0]).filter_map(move |tap| self.position(0, row, tap));
        rows.flat_map(move |row| {
            let columns = (0..self.size[1]).filter_map(move |tap| self.position(1, column, tap));
            columns.map(move |column| row * self.input[1] + column)
        })
    }

    /// The input position that tap `tap` of output position `output` reads on `axis`; `None` in the padding.
    fn position(&self, axis: usize, output: usize, tap: usize) -> Option<usize> {
        let padded = output * self.stride[axis] + tap * self.dilation[axis];
        padded
            .checked_sub(self.pad[axis])
            .filter(|&at| at < self.input[axis])
    }
}
