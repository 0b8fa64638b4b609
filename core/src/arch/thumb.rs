//! Sums of products with the instructions that every Cortex-M of a kind has.

use super::{Rows, TapRows};

#[cfg(mote_thumb1)]
#[path = "thumb/v6m.rs"]
mod loops;
#[cfg(mote_thumb2)]
#[path = "thumb/v7m.rs"]
mod loops;

/// What the loop over filters gets; it writes here too.
#[repr(C)]
struct Dots {
    input: *const i8,
    /// Of the first filter of the next four.
    weights: *const i8,
    apart: usize,
    /// Values of a row: see the loop.
    len: [isize; 2],
    /// From where the loop ends a row to where it starts the next.
    skip: isize,
    weight_skip: isize,
    rows: usize,
    rows_left: usize,
    sums: *mut [i32; 4],
    fours: usize,
}

/// The same for the loop over channels.
#[repr(C)]
struct Taps {
    /// Of the next four channels.
    input: *const i8,
    weights: *const i8,
    step: usize,
    weight_step: usize,
    len: usize,
    skip: isize,
    weight_skip: isize,
    rows: usize,
    rows_left: usize,
    sums: *mut [i32; 4],
    fours: usize,
    apart: usize,
}

/// Its caller has checked that rows fit, and that there are sums.
#[inline]
pub fn add_dots(input: &[i8], weights: &[i8], apart: usize, rows: &Rows, sums: &mut [[i32; 4]]) {
    let [bias, moved] = loops::bias(rows.len);
    let mut args = Dots {
        input: input.as_ptr().wrapping_offset(bias),
        weights: weights.as_ptr().wrapping_offset(bias),
        apart,
        len: loops::split(rows.len),
        skip: (rows.pitch as isize).wrapping_sub(moved),
        weight_skip: (rows.weight_pitch as isize).wrapping_sub(moved),
        rows: rows.count,
        rows_left: 0,
        sums: sums.as_mut_ptr(),
        fours: sums.len(),
    };
    // SAFETY: `rows` rows of `len` values, at least one of each, lie in the input and, for every filter of the fours, of
    // which there is one at least, in the weights: the caller has checked it.
    unsafe { loops::dots(&mut args) };
}

/// Its caller has checked that taps fit, and that there are sums.
#[inline]
pub fn add_taps(input: &[i8], weights: &[i8], taps: &TapRows, sums: &mut [[i32; 4]]) {
    let TapRows {
        rows,
        step,
        weight_step,
        apart,
    } = *taps;
    let skip = |pitch: usize, step: usize| pitch.wrapping_sub(rows.len.wrapping_mul(step)) as isize;
    let mut args = Taps {
        input: input.as_ptr(),
        weights: weights.as_ptr(),
        step,
        weight_step,
        len: rows.len,
        skip: skip(rows.pitch, step),
        weight_skip: skip(rows.weight_pitch, weight_step),
        rows: rows.count,
        rows_left: 0,
        sums: sums.as_mut_ptr(),
        fours: sums.len(),
        apart,
    };
    // SAFETY: four values of every tap, of which there is one at least, lie in both slices for all fours: the caller has
    // checked it.
    unsafe { loops::taps(&mut args) };
}
