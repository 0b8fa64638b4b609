//! Sums of products over rows of plain int8 values: the loops under every portable layer that multiplies.
//!
//! On a microcontroller they are assembly, so that they cost the same whatever the compiler makes of the code around them;
//! on a desktop with SSE2, where evaluation runs them by the hundred thousand windows, vectors; everywhere else, plain Rust.

/// Rows of consecutive values, and the weights under them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    /// Rows, at least 1.
    pub count: usize,
    /// Values of a row, at least 1.
    pub len: usize,
    /// From a row to the next in the input.
    pub pitch: usize,
    /// From a row to the next in the weights.
    pub weight_pitch: usize,
}

impl Rows {
    /// One row.
    #[inline]
    pub fn one(len: usize) -> Self {
        Self {
            count: 1,
            len,
            pitch: 0,
            weight_pitch: 0,
        }
    }

    /// Values from the start of the first row to the end of the last one.
    #[inline]
    fn reach(&self, pitch: usize) -> usize {
        (self.count.wrapping_sub(1))
            .saturating_mul(pitch)
            .saturating_add(self.len)
    }

    /// Whether there is something to sum, and all of it lies in slices of these lengths.
    #[inline]
    fn fit(&self, input: usize, weights: usize) -> bool {
        self.count > 0
            && self.len > 0
            && self.reach(self.pitch) <= input
            && self.reach(self.weight_pitch) <= weights
    }
}

/// Taps of a depthwise kernel: rows of pixels, and the weights under them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TapRows {
    /// Taps and, for `pitch` and `weight_pitch`, values.
    pub rows: Rows,
    /// From a tap of a row to the next in the input.
    pub step: usize,
    /// From a tap of a row to the next in the weights.
    pub weight_step: usize,
    /// From four channels to the next four in the input.
    pub apart: usize,
}

impl TapRows {
    /// The same rows in values, of which each tap has four.
    #[inline]
    fn in_values(&self, step: usize) -> usize {
        (self.rows.len.wrapping_sub(1))
            .saturating_mul(step)
            .saturating_add(4)
    }

    /// Whether there is something to sum, and all of it lies in slices of these lengths.
    #[inline]
    fn fit(&self, input: usize, weights: usize) -> bool {
        let reach = |pitch, step| {
            (self.rows.count.wrapping_sub(1))
                .saturating_mul(pitch)
                .saturating_add(self.in_values(step))
        };
        self.rows.count > 0
            && self.rows.len > 0
            && reach(self.rows.pitch, self.step) <= input
            && reach(self.rows.weight_pitch, self.weight_step) <= weights
    }
}

/// Adds to the sum of each filter, `apart` weights from each other, every value times its weight; nothing where rows leave
/// a slice.
pub(crate) fn add_dots(input: &[i8], weights: &[i8], apart: usize, rows: &Rows, sums: &mut [i32]) {
    let Some(last) = sums.len().checked_sub(1) else {
        return;
    };
    match weights.len().checked_sub(apart.saturating_mul(last)) {
        Some(room) if rows.fit(input.len(), room) => {}
        _ => return,
    }
    let (fours, rest) = sums.as_chunks_mut::<4>();
    let done = 4 * fours.len();
    if done > 0 {
        machine::add_dots(input, weights, apart, rows, fours);
    }
    // The last four filters once more, or the same one four times.
    let (again, apart_again) = match rest.len() {
        0 => return,
        _ if done > 0 => (4 - rest.len(), apart),
        _ => (0, 0),
    };
    let mut from = (done - again) * apart;
    let mut four = [[0; 4]];
    if done > 0 {
        machine::add_dots(
            input,
            weights.get(from..).unwrap_or(&[]),
            apart_again,
            rows,
            &mut four,
        );
        for (sum, more) in rest.iter_mut().zip(four.as_flattened().iter().skip(again)) {
            *sum = sum.wrapping_add(*more);
        }
        return;
    }
    for sum in rest {
        four = [[*sum; 4]];
        machine::add_dots(
            input,
            weights.get(from..).unwrap_or(&[]),
            apart_again,
            rows,
            &mut four,
        );
        [[*sum, ..]] = four;
        from += apart;
    }
}

/// Adds to the sums of fours of channels, from the first of the slices on, value times weight over taps; nothing where taps
/// leave a slice. The input's values are the same for all fours where its taps lie in one place.
pub(crate) fn add_taps(input: &[i8], weights: &[i8], taps: &TapRows, sums: &mut [[i32; 4]]) {
    let Some(last) = sums.len().checked_sub(1) else {
        return;
    };
    let room = |values: &[i8], apart: usize| values.len().checked_sub(last.saturating_mul(apart));
    if let (Some(x), Some(w)) = (room(input, taps.apart), room(weights, 4))
        && taps.fit(x, w)
    {
        machine::add_taps(input, weights, taps, sums);
    }
}

#[cfg(any(mote_thumb1, mote_thumb2))]
#[path = "thumb.rs"]
mod machine;

#[cfg(mote_sse2)]
#[path = "rows/sse2.rs"]
mod machine;

#[cfg(not(any(mote_thumb1, mote_thumb2)))]
mod plain;
#[cfg(not(any(mote_thumb1, mote_thumb2, mote_sse2)))]
use plain as machine;
