//! The way back through a sliding kernel, without scattering.
//!
//! Input pixels that lie at the same place within a stride are read by the same taps, so each such phase is a
//! plain convolution over the output's gradient in a frame of zeros.

use crate::train::sliding::Sliding;

/// One tap of a phase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PhaseTap {
    /// Row and column in the kernel.
    pub tap: [usize; 2],
    /// Row and column in the frame, from the patch's origin.
    pub shift: [usize; 2],
}

/// The input pixels `at + n * stride`.
#[derive(Clone, Debug)]
pub(crate) struct Phase {
    /// The first row and column.
    pub at: [usize; 2],
    /// Rows and columns.
    pub count: [usize; 2],
    /// The taps that read them, by row, then column of the frame.
    pub taps: Vec<PhaseTap>,
}

/// All phases over one frame.
#[derive(Clone, Debug)]
pub(crate) struct Transpose {
    /// Rows and columns of the frame that holds the output's gradient.
    pub frame: [usize; 2],
    /// Rows above and columns left of it.
    pub pad: [usize; 2],
    /// The phases; together they are all input pixels.
    pub phases: Vec<Phase>,
}

impl Transpose {
    pub(crate) fn new(sliding: &Sliding) -> Self {
        let axes: [Vec<AxisPhase>; 2] = std::array::from_fn(|axis| phases(sliding, axis));
        let pad: [usize; 2] = std::array::from_fn(|axis| {
            axes[axis]
                .iter()
                .flat_map(|phase| &phase.taps)
                .map(|&(_, offset)| (-offset).max(0) as usize)
                .max()
                .unwrap_or(0)
        });
        let shifted = |axis: usize, offset: isize| (pad[axis] as isize + offset) as usize;
        let frame = std::array::from_fn(|axis| {
            let ends = axes[axis].iter().flat_map(|phase| {
                phase
                    .taps
                    .iter()
                    .map(|&(_, offset)| shifted(axis, offset) + phase.count)
            });
            ends.max()
                .unwrap_or(0)
                .max(pad[axis] + sliding.output[axis])
        });
        let mut all = Vec::new();
        for rows in &axes[0] {
            for columns in &axes[1] {
                let taps = rows.taps.iter().flat_map(|&(row_tap, row)| {
                    columns
                        .taps
                        .iter()
                        .map(move |&(column_tap, column)| PhaseTap {
                            tap: [row_tap, column_tap],
                            shift: [shifted(0, row), shifted(1, column)],
                        })
                });
                all.push(Phase {
                    at: [rows.at, columns.at],
                    count: [rows.count, columns.count],
                    taps: taps.collect(),
                });
            }
        }
        Self {
            frame,
            pad,
            phases: all,
        }
    }
}

struct AxisPhase {
    at: usize,
    count: usize,
    /// Tap and its offset in the output, ascending in the offset.
    taps: Vec<(usize, isize)>,
}

fn phases(sliding: &Sliding, axis: usize) -> Vec<AxisPhase> {
    let (stride, input) = (sliding.stride[axis], sliding.input[axis]);
    let phase = |at: usize| {
        let mut taps: Vec<(usize, isize)> = (0..sliding.size[axis])
            .map(|tap| {
                (
                    tap,
                    (at + sliding.pad[axis]) as isize - (tap * sliding.dilation[axis]) as isize,
                )
            })
            .filter(|&(_, distance)| distance.rem_euclid(stride as isize) == 0)
            .map(|(tap, distance)| (tap, distance.div_euclid(stride as isize)))
            .collect();
        taps.sort_by_key(|&(_, offset)| offset);
        AxisPhase {
            at,
            count: (input - at).div_ceil(stride),
            taps,
        }
    };
    (0..stride.min(input)).map(phase).collect()
}
