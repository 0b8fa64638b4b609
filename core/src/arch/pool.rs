//! Pools: what lies under a window, folded channel by channel.

use super::Activations;

/// Pixels under a window: `rows` rows `pitch` values apart, each of `columns` pixels `step` values apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Under {
    /// First value read; its channel is the first of those folded.
    pub start: usize,
    pub rows: usize,
    pub pitch: usize,
    pub columns: usize,
    pub step: usize,
}

impl Under {
    /// The same pixels, from a later channel on.
    #[inline]
    pub fn at_channel(self, channel: usize) -> Self {
        Self {
            start: self.start.wrapping_add(channel),
            ..self
        }
    }

    /// Whether `channels` values of every pixel lie in an input of `len` values.
    #[inline]
    #[cfg_attr(
        not(mote_dsp),
        allow(dead_code, reason = "plain code checks as it goes")
    )]
    pub fn fit(&self, channels: usize, len: usize) -> bool {
        let down = self.rows.saturating_sub(1).saturating_mul(self.pitch);
        let right = self.columns.saturating_sub(1).saturating_mul(self.step);
        let reach = down.saturating_add(right).saturating_add(channels);
        self.start <= len && reach <= len - self.start
    }

    /// Folds `N` channels of every pixel.
    #[inline]
    fn fold<const N: usize, A>(&self, input: &[i8], start: A, fold: impl Fn(A, [i8; N]) -> A) -> A {
        let mut acc = start;
        for row in 0..self.rows {
            let mut at = self.start.wrapping_add(row.wrapping_mul(self.pitch));
            for _ in 0..self.columns {
                if let Some(&values) = input.get(at..).and_then(|rest| rest.first_chunk()) {
                    acc = fold(acc, values);
                }
                at = at.wrapping_add(self.step);
            }
        }
        acc
    }
}

/// Sum of each of `N` channels.
pub(crate) fn sums<const N: usize>(input: &[i8], under: &Under) -> [i32; N] {
    under.fold(input, [0; N], |mut sums: [i32; N], values: [i8; N]| {
        for (sum, x) in sums.iter_mut().zip(values) {
            *sum = sum.wrapping_add(x.into());
        }
        sums
    })
}

/// Writes the greatest value of each of `channels` channels from `at` on; -128 where there is no pixel.
pub(super) fn most(
    activations: &mut Activations<'_, i8>,
    under: &Under,
    at: usize,
    channels: usize,
) {
    let mut block = Activations::block();
    activations.set(&mut block, at, channels, |input, before, part| {
        for (channel, out) in part.iter_mut().enumerate() {
            let greater = |most: i8, [x]: [i8; 1]| most.max(x);
            let under = under.at_channel(before + channel);
            *out = under.fold(input, i8::MIN, greater);
        }
    });
}
