//! Filters as they lie in a plain image, four at a time.

use super::architecture;
use crate::kernel::{Constants, Output};
use core::arch::naked_asm;

/// Filters over runs of values, all of them checked once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filters<'a> {
    weights: &'a [i8],
    len: usize,
    constants: Constants<'a>,
    zero_point: i8,
}

impl<'a> Filters<'a> {
    /// `count` filters of `len` weights each; `None` where fewer than four, where a ratio shifts left, or where their
    /// numbers do not lie at multiples of 4.
    pub fn new(
        weights: &'a [i8],
        len: usize,
        count: usize,
        constants: Constants<'a>,
        output: Output,
    ) -> Option<Self> {
        let constants = checked(constants, count)?;
        let weights = weights.get(..count.checked_mul(len)?)?;
        (count >= 4 && len > 0).then_some(Self {
            weights,
            len,
            constants,
            zero_point: output.zero_point,
        })
    }

    /// Number of filters, at least 4.
    #[inline]
    pub fn count(&self) -> usize {
        self.constants.shift.len()
    }

    /// Weights of a filter, at least 1.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub fn zero_point(&self) -> i8 {
        self.zero_point
    }

    /// What the loops read of filters from `first` on. They take the weights of a run sixteen at a time from its end, so
    /// that the first of them lie `lead` bytes behind where a vector starts, and leave out what `mask` does.
    #[inline]
    pub(super) fn from(&self, first: usize) -> Pointers {
        let lead = self.lead();
        Pointers {
            weights: self
                .weights
                .as_ptr()
                .wrapping_add(first.wrapping_mul(self.len))
                .wrapping_sub(lead),
            len: self.len,
            mask: 0xFFFF_u32 << lead & 0xFFFF,
            bias: self.constants.bias.as_ptr().wrapping_add(first),
            multiplier: self.constants.multiplier.as_ptr().wrapping_add(first),
            shift: self.constants.shift.as_ptr().wrapping_add(first),
            zero_point: self.zero_point.into(),
        }
    }

    /// Bytes by which the first vector begins before a run.
    #[inline]
    pub fn lead(&self) -> usize {
        self.len.wrapping_neg() % 16
    }

    /// Vectors of a run, at least 1.
    #[inline]
    pub fn vectors(&self) -> usize {
        self.len.div_ceil(16)
    }
}

/// Where the loops read; a pointer of weights may lie up to 15 bytes before them, which `mask` keeps from being read.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Pointers {
    pub weights: *const i8,
    pub len: usize,
    pub mask: u32,
    pub bias: *const [u8; 4],
    pub multiplier: *const [u8; 4],
    pub shift: *const i8,
    pub zero_point: i32,
}

/// The constants of `count` channels; `None` where a ratio shifts left, or where their numbers do not lie at multiples
/// of 4.
pub(super) fn checked(constants: Constants<'_>, count: usize) -> Option<Constants<'_>> {
    let Constants {
        bias,
        multiplier,
        shift,
    } = constants;
    let constants = Constants {
        bias: bias.get(..count)?,
        multiplier: multiplier.get(..count)?,
        shift: shift.get(..count)?,
    };
    let aligned = (bias.as_ptr().addr() | multiplier.as_ptr().addr()).is_multiple_of(4);
    if !aligned || count == 0 {
        return None;
    }
    // SAFETY: `count` shifts, at least 1, can be read.
    let most = unsafe { most(constants.shift.as_ptr(), count) };
    (most <= 0).then_some(constants)
}

/// The greatest of `len` values, at least 1.
///
/// # Safety
/// They can be read.
#[unsafe(naked)]
unsafe extern "C" fn most(values: *const i8, len: usize) -> i32 {
    naked_asm!(
        architecture!(),
        "push {{r4, lr}}",
        "mvn r2, #127",
        "dlstp.8 lr, r1",
        "2:",
        "vldrb.u8 q0, [r0], #16",
        "vmaxv.s8 r2, q0",
        "letp lr, 2b",
        "mov r0, r2",
        "pop {{r4, pc}}",
    )
}
