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
    /// Values of the input from a start to the end of its last run.
    #[inline]
    pub fn reach(&self) -> usize {
        self.rows
            .wrapping_sub(1)
            .saturating_mul(self.pitch)
            .saturating_add(4 * self.groups)
    }

    /// Whether every run lies in an input of `len` values.
    #[inline]
    pub fn fit(&self, len: usize) -> bool {
        let [a, b, c, d] = self.starts;
        let last = a.max(b).max(c.max(d));
        last <= len && self.reach() <= len - last
    }

    /// How many times the starts may move on by `advance`, the first time included, until runs leave an input of `len`.
    #[inline]
    pub fn turns(&self, len: usize, advance: usize) -> usize {
        let [a, b, c, d] = self.starts;
        let last = a.max(b).max(c.max(d));
        match len.checked_sub(self.reach()) {
            Some(farthest) if last <= farthest => (farthest - last) / advance.max(1) + 1,
            _ => 0,
        }
    }

    /// Words of the patch that they fill.
    #[inline]
    pub fn words(&self) -> usize {
        4 * self.rows * (2 * self.groups - usize::from(self.half))
    }
}

/// Neighbouring pixels of several rows, to be widened side by side: word `n` of pixel `p` of a row lies at
/// `pixels * n + p`, in the order of a patch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strip {
    /// Where the first pixel of the first row starts in the input.
    pub start: usize,
    /// 4 or 5.
    pub pixels: usize,
    /// At least 1.
    pub rows: usize,
    /// Groups of four values in a pixel, at least 1.
    pub groups: usize,
    /// From a pixel to the next in the input.
    pub step: usize,
    /// From a row to the next in the input.
    pub pitch: usize,
}

impl Strip {
    /// Whether all of it lies in an input of `len` values, `ahead` values further on.
    #[inline]
    pub fn fits(&self, ahead: usize, len: usize) -> bool {
        let rows = self.rows.wrapping_sub(1).saturating_mul(self.pitch);
        let reach = rows
            .saturating_add(self.pixels.wrapping_sub(1).saturating_mul(self.step))
            .saturating_add(4 * self.groups);
        let start = self.start.checked_add(ahead);
        start.is_some_and(|start| start <= len && reach <= len - start)
    }

    /// Words of a row, at least 1.
    #[inline]
    pub fn row_words(&self) -> usize {
        (2 * self.pixels * self.groups).max(1)
    }

    /// Sets one pixel of a row of words.
    #[inline(never)]
    pub fn set(&self, values: &[i8], pixel: usize, words: &mut [u32]) {
        let pair = |a: i8, b: i8| {
            let half = |x: i8| u32::from(i16::from(x) as u16);
            half(a) | half(b) << 16
        };
        let (groups, _) = values.as_chunks::<4>();
        let mut sides = words.chunks_exact_mut(self.pixels.max(1));
        for &[a, b, c, d] in groups {
            for value in [pair(a, c), pair(b, d)] {
                let word = sides.next().and_then(|side| side.get_mut(pixel));
                if let Some(word) = word {
                    *word = value;
                }
            }
        }
    }
}

/// Groups of four pixels one after the other, whose patches are filled alike.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sweep {
    /// Where the first pixel goes in the output.
    pub at: usize,
    /// Groups, at least 1.
    pub groups: usize,
    /// From a group's first run to the next group's, in the input.
    pub advance: usize,
    /// Words of the patch in front of the copies.
    pub above: usize,
    /// From a pixel to the next in the output.
    pub stride: usize,
    /// The output's zero point is -128, which spares some instructions work.
    pub positive: bool,
}

/// Rows of outputs that are made from one patch, each from its own part of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Band {
    /// Rows of outputs, at least 1.
    pub lines: usize,
    /// Words of the patch for each.
    pub words: usize,
    /// Words of the patch from a row's first to the next row's.
    pub step: usize,
    /// From a row to the next in the output.
    pub pitch: usize,
}

impl Band {
    /// Words of the patch for all of them.
    #[cfg(mote_dsp)]
    #[inline]
    pub fn patch(&self) -> usize {
        let before = self.lines.wrapping_sub(1).saturating_mul(self.step);
        before.saturating_add(self.words)
    }
}

/// A pixel whose values from `first` on, `len` of them, become `value` in several rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fill {
    pub pixel: usize,
    /// Words of a row of the patch.
    pub row: usize,
    pub first: usize,
    pub len: usize,
    pub value: i8,
}

impl Fill {
    /// Writes the values in every row of `patch`.
    #[inline(never)]
    pub fn run(self, patch: &mut [u32]) {
        let bits = u32::from(i16::from(self.value) as u16);
        let Self {
            pixel, first, len, ..
        } = self;
        let row = self.row.max(1);
        if (first | len).is_multiple_of(4) {
            for row in patch.chunks_exact_mut(row) {
                let words = row.get_mut(2 * first + pixel..).unwrap_or(&mut []);
                for word in words.iter_mut().step_by(4).take(len / 2) {
                    *word = bits | bits << 16;
                }
            }
            return;
        }
        for k in first..first + len {
            let (group, lane) = (k / 4, k % 4);
            let (keep, bits) = match lane / 2 {
                0 => (0xFFFF_0000, bits),
                _ => (0xFFFF, bits << 16),
            };
            let words = patch.get_mut(8 * group + 4 * (lane % 2) + pixel..);
            for word in words.unwrap_or_default().iter_mut().step_by(row) {
                *word = *word & keep | bits;
            }
        }
    }
}

/// Groups of four values, `step` apart from the start of a slice, `count` of them in each of several lines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lines<'a> {
    pub values: &'a [i8],
    pub step: usize,
    /// From a line to the next; 0 reads the same line again.
    pub pitch: usize,
}

/// How many lines are split, of how many groups, and where they go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Splits {
    pub lines: usize,
    pub count: usize,
    /// Words from a plane to the next.
    pub plane: usize,
    /// Words from a line to the next in a plane.
    pub row: usize,
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

impl Plane {
    /// Words along the axis, of two values each; one more than there are pairs of outputs.
    #[inline]
    pub fn steps(&self) -> usize {
        self.count.div_ceil(2) + 1
    }

    /// Words of a channel, at least 2.
    #[inline]
    pub fn words(&self) -> usize {
        self.steps().saturating_mul(self.lines + 2)
    }
}

/// Doubled weights of three rows, from the bytes in words 4 to 6: taps 0 and 1, then taps 1 and 2, of each row. A word
/// holds taps 0, 1, 1 and 2, so that its even bytes make one pair and its odd bytes the other.
#[cfg_attr(mote_dsp, allow(dead_code, reason = "the instructions do it"))]
pub(crate) fn taps(numbers: &[u32; 7]) -> [u32; 6] {
    let &[.., a, b, c] = numbers;
    let half = |byte: u32| u32::from((2 * i16::from(byte as u8 as i8)) as u16);
    let two = |word: u32| half(word) | half(word >> 16) << 16;
    [
        two(a),
        two(a >> 8),
        two(b),
        two(b >> 8),
        two(c),
        two(c >> 8),
    ]
}
