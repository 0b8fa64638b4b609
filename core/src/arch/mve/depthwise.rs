//! One pixel of a depthwise convolution, sixteen channels at a time.

use super::filters::checked;
use super::{architecture, shift};
use crate::arch::Activations;
use crate::kernel::Constants;
use core::arch::naked_asm;

/// Channels that are summed side by side.
pub(crate) const LANES: usize = 16;
/// Most taps.
pub(crate) const MOST_TAPS: usize = 32;

/// Sixteen or more neighbouring channels of every tap, all of them checked once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lanes<'a> {
    weights: &'a [i8],
    channels: usize,
    taps: usize,
    constants: Constants<'a>,
    zero_point: i8,
}

#[repr(C)]
struct Args {
    /// Where each tap lies, from channel 0 on.
    taps: *const *const i8,
    end: *const *const i8,
    weights: *const i8,
    channels: usize,
    zero_point: i32,
    bias: *const [u8; 4],
    multiplier: *const [u8; 4],
    shift: *const i8,
    output: *mut i8,
    /// Groups of sixteen channels, and the first channel.
    groups: usize,
    channel: usize,
}

impl<'a> Lanes<'a> {
    /// Filters of `taps` taps over `channels` channels; `None` where fewer than sixteen, where there are too many taps,
    /// where a ratio shifts left, or where their numbers do not lie at multiples of 4.
    pub fn new(
        weights: &'a [i8],
        taps: usize,
        channels: usize,
        constants: Constants<'a>,
        zero_point: i8,
    ) -> Option<Self> {
        let constants = checked(constants, channels)?;
        let weights = weights.get(..channels.checked_mul(taps)?)?;
        let fits = channels >= LANES && (1..=MOST_TAPS).contains(&taps);
        fits.then_some(Self {
            weights,
            channels,
            taps,
            constants,
            zero_point,
        })
    }

    /// Writes all channels of one pixel from `at` on. Each tap is the place of its first channel in the input, or `None`,
    /// where `padding` stands for its channels; nothing happens where something does not fit.
    #[inline]
    pub fn pixel(
        &self,
        activations: &mut Activations<'_, i8>,
        taps: &[Option<usize>],
        padding: &[i8],
        at: usize,
    ) {
        let [(input, len), (output, room)] = activations.raw();
        let Some(farthest) = len.checked_sub(self.channels) else {
            return;
        };
        if taps.len() != self.taps
            || taps.iter().any(|tap| tap.is_some_and(|at| at > farthest))
            || padding.len() < self.channels
            || room < self.channels
            || at > room - self.channels
        {
            return;
        }
        let mut places = [padding.as_ptr(); MOST_TAPS];
        for (place, tap) in places.iter_mut().zip(taps) {
            if let Some(at) = *tap {
                *place = input.wrapping_add(at).cast_const();
            }
        }
        self.run(&places, output.wrapping_add(at));
    }

    #[inline]
    fn run(&self, places: &[*const i8; MOST_TAPS], output: *mut i8) {
        // A last group of fewer than sixteen channels starts earlier.
        let whole = self.channels / LANES;
        let rest = usize::from(!self.channels.is_multiple_of(LANES));
        for (channel, groups) in [(0, whole), (self.channels - LANES, rest)] {
            if groups == 0 {
                continue;
            }
            let args = Args {
                taps: places.as_ptr(),
                end: places.as_ptr().wrapping_add(self.taps),
                weights: self.weights.as_ptr().wrapping_add(channel),
                channels: self.channels,
                zero_point: self.zero_point.into(),
                bias: self.constants.bias.as_ptr().wrapping_add(channel),
                multiplier: self.constants.multiplier.as_ptr().wrapping_add(channel),
                shift: self.constants.shift.as_ptr().wrapping_add(channel),
                output: output.wrapping_add(channel),
                groups,
                channel,
            };
            // SAFETY: `new` has checked the constants; `pixel` that `channels` values lie at every place and fit the output.
            // Where the output lies over the input, it lies ahead of all that is still to be read.
            unsafe {
                if self.zero_point == i8::MIN {
                    positive_lanes(&args);
                } else {
                    signed_lanes(&args);
                }
            }
        }
    }
}

/// Registers: r0 taps, r1 their end, r2 weights, r3 from a tap's weights to the next, r4 zero point, r5 bias,
/// r6 multipliers, r7 shifts, r8 output, r9 groups, r10 channel.
/// Vectors: q0 sums of channels 0, 4, 8 and 12, q1 to q3 of those behind them.
macro_rules! lanes {
    ($name:ident, $sign:ident) => {
        /// # Safety
        /// As `Lanes::run` says.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(args: *const Args) {
            naked_asm!(
                architecture!(),
                "push {{r4-r11, lr}}",
                "vpush {{d8-d15}}",
                "ldm.w r0, {{r0-r10}}",
                "2:",
                "vld40.32 {{q0, q1, q2, q3}}, [r5]",
                "vld41.32 {{q0, q1, q2, q3}}, [r5]",
                "vld42.32 {{q0, q1, q2, q3}}, [r5]",
                "vld43.32 {{q0, q1, q2, q3}}, [r5]!",
                "mov r11, r0",
                "mov r12, r2",
                "3:",
                "ldr lr, [r11], #4",
                "add lr, lr, r10",
                "vldrb.u8 q4, [lr]",
                "vldrb.u8 q5, [r12]",
                "add r12, r12, r3",
                "vmullb.s8 q6, q4, q5",
                "vmullt.s8 q7, q4, q5",
                "vmovlb.s16 q4, q6",
                "vadd.i32 q0, q0, q4",
                "vmovlt.s16 q5, q6",
                "vadd.i32 q2, q2, q5",
                "vmovlb.s16 q4, q7",
                "vadd.i32 q1, q1, q4",
                "vmovlt.s16 q5, q7",
                "vadd.i32 q3, q3, q5",
                "cmp r11, r1",
                "bne 3b",
                "vld40.32 {{q4, q5, q6, q7}}, [r6]",
                "vld41.32 {{q4, q5, q6, q7}}, [r6]",
                "vld42.32 {{q4, q5, q6, q7}}, [r6]",
                "vld43.32 {{q4, q5, q6, q7}}, [r6]!",
                "vqrdmulh.s32 q0, q0, q4",
                "vqrdmulh.s32 q1, q1, q5",
                "vqrdmulh.s32 q2, q2, q6",
                "vqrdmulh.s32 q3, q3, q7",
                "vldrb.u8 q4, [r7], #16",
                // Shifts of even channels: 0, 4, 8, 12, then 2, 6, 10, 14; then of odd ones.
                "vmovlb.s8 q5, q4",
                "vmovlb.s16 q6, q5",
                shift!("q0", "q6", "q7", $sign),
                "vmovlt.s16 q6, q5",
                shift!("q2", "q6", "q7", $sign),
                "vmovlt.s8 q5, q4",
                "vmovlb.s16 q6, q5",
                shift!("q1", "q6", "q7", $sign),
                "vmovlt.s16 q6, q5",
                shift!("q3", "q6", "q7", $sign),
                "vqadd.s32 q0, q0, r4",
                "vqadd.s32 q1, q1, r4",
                "vqadd.s32 q2, q2, r4",
                "vqadd.s32 q3, q3, r4",
                "vqmovnb.s32 q0, q0",
                "vqmovnt.s32 q0, q2",
                "vqmovnb.s32 q1, q1",
                "vqmovnt.s32 q1, q3",
                "vqmovnb.s16 q0, q0",
                "vqmovnt.s16 q0, q1",
                "vstrb.8 q0, [r8], #16",
                "add r2, r2, #16",
                "add r10, r10, #16",
                "subs.w r9, r9, #1",
                "bne.w 2b",
                "vpop {{d8-d15}}",
                "pop {{r4-r11, pc}}",
            )
        }
    };
}
lanes!(positive_lanes, positive);
lanes!(signed_lanes, signed);
