//! Sum of two tensors.

use crate::arch::mve::{self, Halved, Summand};
use crate::kernel::i8::{Add, Operand};
use crate::quant::Multiplier;

/// The coarser summand's ratio, as TFLite derives it.
const HALF: Multiplier = Multiplier {
    multiplier: 1 << 30,
    shift: 0,
};

/// The numbers of a sum, and whether its first summand is the halved one; `None` where none is, or a ratio shifts left.
fn halved(add: &Add) -> Option<(Halved, bool)> {
    let (scaled, halved, swapped): (Operand, Operand, bool) =
        match (add.a.multiplier == HALF, add.b.multiplier == HALF) {
            (_, true) => (add.a, add.b, false),
            (true, false) => (add.b, add.a, true),
            _ => return None,
        };
    let ratios = [scaled.multiplier, add.multiplier];
    ratios.iter().all(|ratio| ratio.shift <= 0).then_some((
        Halved {
            zero_points: [scaled.zero_point, halved.zero_point, add.output.zero_point],
            multipliers: ratios.map(|ratio| ratio.multiplier),
            shifts: ratios.map(|ratio| ratio.shift),
        },
        swapped,
    ))
}

/// `a + b`; whether it was done.
pub(in crate::kernel) fn add(add: &Add, a: &[i8], b: &[i8], output: &mut [i8]) -> bool {
    sum(add, [Summand::Apart(a), Summand::Apart(b)], output)
}

/// `b` added to `a`; whether it was done.
pub(in crate::kernel) fn add_in_place(add: &Add, a: &mut [i8], b: &[i8]) -> bool {
    sum(add, [Summand::Sum, Summand::Apart(b)], a)
}

fn sum(add: &Add, [a, b]: [Summand<'_>; 2], output: &mut [i8]) -> bool {
    let Some((halved, swapped)) = halved(add) else {
        return false;
    };
    let summands = if swapped { [b, a] } else { [a, b] };
    mve::add(&halved, summands, output);
    add.output.clamp_all(output);
    true
}
