//! The patch: what four pixels see, side by side.
//!
//! A patch holds `K` values for each of four pixels as 16-bit integers. Values `4g..4g+4` of one pixel make two
//! words, `(4g, 4g+2)` and `(4g+1, 4g+3)`, as `SXTB16` gives them; word `n` of pixel `p` lies at `4n + p`.
//! So one load takes the same two values of two pixels, and the weights are packed in the same order.

/// Runs of values to copy into a patch, each with its own place in the input for each of the four pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Copies {
    /// Where each pixel's first run starts in the input.
    pub starts: [usize; 4],
    /// Number of runs, at least 1.
    pub rows: usize,
    /// Groups of four values in a run, at least 1.
    pub groups: usize,
    /// The last group of a run, which is not the first, gives one word a pixel instead of two.
    pub half: bool,
    /// From one run to the next in the input.
    pub pitch: usize,
}

impl Copies {
    /// Whether every run lies in an input of `len` values.
    #[inline]
    pub fn fit(&self, len: usize) -> bool {
        let reach = self
            .rows
            .wrapping_sub(1)
            .wrapping_mul(self.pitch)
            .wrapping_add(4 * self.groups);
        self.starts
            .iter()
            .all(|&start| start.wrapping_add(reach) <= len && start <= len)
    }

    /// Words of the patch that they fill.
    #[inline]
    pub fn words(&self) -> usize {
        4 * self.rows * (2 * self.groups - usize::from(self.half))
    }
}

/// A pixel whose values from `first` on in one row, `len` of them, become `value`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fill {
    pub pixel: usize,
    /// Where the row starts in the patch.
    pub row: usize,
    pub first: usize,
    pub len: usize,
    pub value: i8,
}

impl Fill {
    /// Writes the values one by one.
    pub fn run(self, patch: &mut [u32]) {
        let bits = u32::from(i16::from(self.value) as u16);
        let Self {
            pixel,
            row,
            first,
            len,
            ..
        } = self;
        let patch = patch.get_mut(row..).unwrap_or_default();
        if (first | len).is_multiple_of(4) {
            let words = patch.get_mut(2 * first + pixel..).unwrap_or(&mut []);
            for word in words.iter_mut().step_by(4).take(len / 2) {
                *word = bits | bits << 16;
            }
            return;
        }
        for k in first..first + len {
            let (group, lane) = (k / 4, k % 4);
            if let Some(word) = patch.get_mut(8 * group + 4 * (lane % 2) + pixel) {
                *word = match lane / 2 {
                    0 => *word & 0xFFFF_0000 | bits,
                    _ => *word & 0xFFFF | bits << 16,
                };
            }
        }
    }
}

/// Values `step` apart in a slice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub start: usize,
    pub step: usize,
}

/// The outputs of one channel of a depthwise convolution, two at a time along one axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plane {
    /// Outputs across the axis.
    pub lines: usize,
    /// Outputs along the axis.
    pub count: usize,
    /// From an output to the next along the axis.
    pub pair_stride: usize,
    /// From a line to the next.
    pub line_stride: usize,
}

/// Doubled weights of three rows, from the bytes in words 4 to 6: taps 0 and 1, then taps 1 and 2, of each row.
pub(crate) fn taps(numbers: &[u32; 7]) -> [u32; 6] {
    let &[.., a, b, c] = numbers;
    let half = |word: u32, tap: u32| {
        let weight = i32::from((word >> (8 * tap)) as u8 as i8);
        u32::from((2 * weight) as u16)
    };
    let two = |word: u32, tap: u32| half(word, tap) | half(word, tap + 1) << 16;
    [
        two(a, 0),
        two(a, 1),
        two(b, 0),
        two(b, 1),
        two(c, 0),
        two(c, 1),
    ]
}
