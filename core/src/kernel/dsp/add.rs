//! Sum of two tensors through a table.
//!
//! TFLite scales both summands to a common scale; that of the coarser one is always exactly 1/2, which is a shift. What
//! the other adds depends on its byte alone: 256 results in a table.

use crate::arch::dsp;
use crate::kernel::i8::{Add as Plain, Operand};
use crate::quant::{Multiplier, requantize};

/// Fixed point 1/2.
const HALF: Multiplier = Multiplier {
    multiplier: 1 << 30,
    shift: 0,
};
/// Bits of headroom of the summands.
const LEFT_SHIFT: u32 = 20;

/// A sum that may go through a table.
#[derive(Clone, Copy, Debug)]
pub struct Add(pub Plain);

/// How a sum goes through a table.
struct Plan {
    looked_up: Operand,
    other: Operand,
    /// The second summand is looked up.
    swapped: bool,
    numbers: [u32; 3],
    positive: bool,
}

impl Add {
    /// `None` where the ratios are not those that TFLite derives.
    fn plan(&self) -> Option<Plan> {
        let Plain {
            a,
            b,
            multiplier: by,
            output,
        } = self.0;
        let (looked_up, other, swapped) = match (a.multiplier == HALF, b.multiplier == HALF) {
            (_, true) => (a, b, false),
            (true, false) => (b, a, true),
            _ => return None,
        };
        let shift = u32::from(by.shift.unsigned_abs());
        if by.shift >= 0 || shift > 23 {
            return None;
        }
        let round = (1_i32 << (shift - 1)) + (i32::from(output.zero_point) << shift);
        Some(Plan {
            looked_up,
            other,
            swapped,
            numbers: [by.multiplier as u32, round as u32, shift],
            positive: output.zero_point == i8::MIN,
        })
    }

    /// Writes `a + b`; `work` holds [`Packing::work`](super::Packing::work) bytes.
    #[inline(never)]
    pub fn run(&self, a: &[i8], b: &[i8], output: &mut [i8], work: &mut [u32]) {
        match (self.plan(), work.first_chunk_mut()) {
            (Some(plan), Some(table)) => {
                plan.fill(table);
                let [x, y] = if plan.swapped { [b, a] } else { [a, b] };
                dsp::add(table, x, y, output, plan.numbers, plan.positive);
                self.0.output.clamp_all(output);
            }
            _ => self.0.run(a, b, output),
        }
    }

    /// Adds `b` to `a`.
    #[inline(never)]
    pub fn run_in_place(&self, a: &mut [i8], b: &[i8], work: &mut [u32]) {
        match (self.plan(), work.first_chunk_mut()) {
            (Some(plan), Some(table)) => {
                plan.fill(table);
                if plan.swapped {
                    dsp::add_over_other(table, b, a, plan.numbers, plan.positive);
                } else {
                    dsp::add_over_table(table, a, b, plan.numbers, plan.positive);
                }
                self.0.output.clamp_all(a);
            }
            _ => self.0.run_in_place(a, b),
        }
    }
}

impl Plan {
    /// Twice what each byte adds, and twice what the other's zero point takes away.
    fn fill(&self, table: &mut [u32; 256]) {
        let constant = i32::from(self.other.zero_point) << LEFT_SHIFT;
        for (byte, entry) in table.iter_mut().enumerate() {
            let centred = i32::from(byte as u8 as i8) - i32::from(self.looked_up.zero_point);
            let scaled = requantize(centred << LEFT_SHIFT, self.looked_up.multiplier);
            *entry = scaled.wrapping_mul(2).wrapping_sub(constant) as u32;
        }
    }
}
