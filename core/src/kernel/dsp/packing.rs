//! How large a packed layer is, and what memory it works in.

use crate::shape::Shape;
use crate::spec::{Kernel, Op};

/// Words of a pair of channels beside its weights: two starts, and multiplier, rounding term and shift of each.
pub const PAIR_WORDS: usize = 8;

/// Words of a channel of a depthwise convolution: start, three numbers, three rows of weights.
pub const DEPTHWISE_WORDS: usize = 7;
/// Words of the largest plane, of which four are in memory at a time.
const MOST_PLANE: usize = 1024;

/// How one channel of a depthwise convolution lies in memory while it runs: 16-bit values, two along an axis in a
/// word, with the words of neighbouring lines side by side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DepthwisePlane {
    /// The pairs lie one above the other.
    pub down: bool,
    /// Outputs along the axis of pairs.
    pub count: usize,
    /// Outputs across it.
    pub lines: usize,
}

impl DepthwisePlane {
    /// For an output of this shape: the axis on which fewer halves are wasted.
    pub const fn of(output: Shape) -> Self {
        let (h, w) = (output.h as usize, output.w as usize);
        let down = w % 2 == 1 && (h.is_multiple_of(2) || h > w);
        let (count, lines) = if down { (h, w) } else { (w, h) };
        Self { down, count, lines }
    }

    /// Words along the axis of pairs.
    pub const fn steps(&self) -> usize {
        self.count.div_ceil(2) + 1
    }

    /// Words in all.
    pub const fn words(&self) -> usize {
        self.steps() * (self.lines + 2)
    }
}

/// In which order the words of a packed layer lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// As the values under a pixel lie in the input.
    Runs,
    /// The three taps of a row side by side, for each word of a pixel.
    Taps,
}

/// What a layer takes when it is packed for the DSP instructions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Packing {
    /// In which order its words lie.
    pub order: Order,
    /// 32-bit words of the stream: weights and numbers in the order in which they are read.
    pub stream: usize,
    /// Bytes of working memory while the layer runs.
    pub work: usize,
}

/// Rows and columns of taps as they are packed: a dilated sequence counts as a column, so that taps may lie apart.
pub const fn conv2d_size(size: [u8; 2], dilation: [u8; 2], input: Shape, output: Shape) -> [u8; 2] {
    if dilation[1] > 1 && size[0] == 1 && input.h == 1 && output.h == 1 {
        [size[1], 1]
    } else {
        size
    }
}

/// Most neighbouring pixels that are seen at once by a kernel that slides.
const SLIDING_PIXELS: usize = 5;

/// Whether three neighbouring outputs are made from five neighbouring pixels: three taps side by side, one step apart,
/// over whole groups of four channels, for pairs of filters.
pub const fn slides(
    size: [u8; 2],
    stride: [u8; 2],
    dilation: [u8; 2],
    [input, output]: [Shape; 2],
) -> bool {
    size[1] == 3
        && stride[1] == 1
        && dilation[1] <= 1
        && input.c.is_multiple_of(4)
        && output.c.is_multiple_of(2)
        && output.w >= 2
}

/// Most rows of outputs that a kernel that slides makes from one patch.
const MOST_LINES: usize = 4;
/// Words of the largest patch for more than one row of outputs.
const MOST_PATCH: usize = 1024;

/// Rows of outputs that [slide](slides) together: the rows of taps that they share are widened once.
#[inline(never)]
pub const fn lines(
    size: [u8; 2],
    stride: [u8; 2],
    dilation: [u8; 2],
    [input, output]: [Shape; 2],
) -> usize {
    if dilation[0] > 1 {
        return 1;
    }
    let row = SLIDING_PIXELS * input.c as usize / 2;
    let mut lines = if (output.h as usize) < MOST_LINES {
        output.h as usize
    } else {
        MOST_LINES
    };
    while lines > 1 {
        let rows = tap_rows(size, stride, lines);
        if rows <= u8::MAX as usize && rows * row <= MOST_PATCH {
            return lines;
        }
        lines -= 1;
    }
    1
}

/// Rows of taps under `lines` rows of outputs, whose taps are not dilated.
pub const fn tap_rows(size: [u8; 2], stride: [u8; 2], lines: usize) -> usize {
    size[0] as usize + lines.saturating_sub(1) * stride[0] as usize
}

/// One row of taps as it is packed: groups of four values, each two words; the second word of a last group that
/// holds but one value is left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// Values of the row.
    pub run: usize,
}

impl Row {
    /// The row of a kernel of `size` taps over `channels` channels.
    pub const fn of(size: [u8; 2], channels: u16) -> Self {
        Self {
            run: size[1] as usize * channels as usize,
        }
    }

    /// Groups of four values, the last one padded with zeros.
    pub const fn groups(self) -> usize {
        self.run.div_ceil(4)
    }

    /// Whether the last group has one word.
    pub const fn half(self) -> bool {
        self.run % 4 == 1 && self.run > 1
    }

    /// Words of the row.
    pub const fn words(self) -> usize {
        2 * self.groups() - self.half() as usize
    }
}

impl Packing {
    /// The packing of `op` between tensors of these shapes; `None` where there is none.
    pub const fn of(op: &Op, input: Shape, output: Shape) -> Option<Self> {
        match op {
            Op::Conv2d { kernel, .. }
                if slides(kernel.size, kernel.stride, kernel.dilation, [input, output]) =>
            {
                let words = kernel.size[0] as usize * input.c as usize / 2;
                let shapes = [input, output];
                let lines = lines(kernel.size, kernel.stride, kernel.dilation, shapes);
                let rows = tap_rows(kernel.size, kernel.stride, lines);
                Some(Self {
                    order: Order::Taps,
                    stream: (output.c as usize / 2).saturating_mul(3 * words + PAIR_WORDS),
                    // Five pixels of each row of taps, in 16 bits.
                    work: rows * SLIDING_PIXELS * (input.c as usize) * 2,
                })
            }
            Op::Conv2d { kernel, .. } if output.pixels() >= 4 => {
                let size = conv2d_size(kernel.size, kernel.dilation, input, output);
                Some(Self::conv2d(
                    size[0] as usize,
                    Row::of(size, input.c),
                    output.c as usize,
                ))
            }
            Op::DepthwiseConv2d { kernel, .. } => Self::depthwise(kernel, output),
            // Constants stay plain; the work is a table.
            Op::Add { .. } => Some(Self {
                order: Order::Runs,
                stream: 0,
                work: 1024,
            }),
            Op::Dense { .. } => Some(Self::dense(input.len(), output.len())),
            _ => None,
        }
    }

    const fn conv2d(rows: usize, row: Row, channels: usize) -> Self {
        let words = rows * row.words();
        Self {
            order: Order::Runs,
            stream: channels.div_ceil(2).saturating_mul(words + PAIR_WORDS),
            // The patch of four pixels in 16 bits, and one row of one pixel in 8 bits.
            work: 16 * words + 4 * row.groups(),
        }
    }

    const fn depthwise(kernel: &Kernel, output: Shape) -> Option<Self> {
        let [height, width] = kernel.size;
        let [down, right] = kernel.stride;
        let apart = kernel.dilation[0] > 1 || kernel.dilation[1] > 1;
        let plane = DepthwisePlane::of(output);
        if height != 3 || width != 3 || down != 1 || right != 1 || apart {
            return None;
        }
        if !output.c.is_multiple_of(4) || plane.words() > MOST_PLANE {
            return None;
        }
        Some(Self {
            order: Order::Runs,
            stream: output.c as usize * DEPTHWISE_WORDS,
            work: 16 * plane.words(),
        })
    }

    const fn dense(inputs: usize, outputs: usize) -> Self {
        let words = inputs.div_ceil(4).saturating_mul(2);
        let pairs = outputs.div_ceil(2);
        Self {
            order: Order::Runs,
            stream: pairs.saturating_mul(words.saturating_add(PAIR_WORDS)),
            work: words.saturating_mul(4),
        }
    }
}
