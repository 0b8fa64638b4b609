//! Several channels at a time: their sums, then their outputs.

use crate::kernel::{Constants, Output};

/// Channels whose sums are kept at a time; a multiple of four.
const CHANNELS: usize = 32;

/// Sets each channel from its sum: `add` gets how many channels came before, and sums that hold the biases.
#[inline(always)]
pub(super) fn each_sum_of(
    channels: &mut [i8],
    constants: Constants<'_>,
    output: Output,
    mut add: impl FnMut(usize, &mut [i32]),
) {
    let mut sums = [0; CHANNELS];
    for (index, channels) in channels.chunks_mut(CHANNELS).enumerate() {
        let before = CHANNELS * index;
        let constants = constants.from(before);
        let Some(sums) = sums.get_mut(..channels.len()) else {
            return;
        };
        for (sum, &bias) in sums.iter_mut().zip(constants.bias) {
            *sum = i32::from_le_bytes(bias);
        }
        add(before, sums);
        output.finish_all(sums, constants, channels);
    }
}
