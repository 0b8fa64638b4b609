//! From raw samples to an encoder's input.
//!
//! A sample is one reading of `C` channels, a window is `T` samples behind each other (`T x C`). Samples are
//! in the units of the recordings that the encoder was trained on.

use crate::quant::round_to_i8;
use heapless::Vec;

/// Greatest magnitude of a normalised value, that of a half: sums of a layer stay finite.
const LIMIT: f32 = 65504.0;

/// Normalisation of each channel as it lies in the image: `x * gain[c] + offset[c]`.
///
/// For an int8 encoder the affine also quantizes:
/// `gain = 1 / (deviation * scale)`, `offset = zero_point - mean / (deviation * scale)`.
#[derive(Clone, Copy, Debug)]
pub struct Normalisation<'a> {
    /// One f32 a channel, little-endian.
    pub gain: &'a [[u8; 4]],
    /// One f32 a channel, little-endian.
    pub offset: &'a [[u8; 4]],
}

impl Normalisation<'_> {
    /// `q = round(x * gain + offset)`, ties away from zero, saturated; NaN becomes `zero_point` (the mean).
    ///
    /// `samples` holds whole samples, `output` as many values.
    pub fn quantize(&self, samples: &[f32], zero_point: i8, output: &mut [i8]) {
        self.each(samples, output, |value| round_to_i8(value, zero_point));
    }

    /// `x * gain + offset`, limited to the range of a half; NaN becomes 0 (the mean).
    ///
    /// `samples` holds whole samples, `output` as many values.
    pub fn normalise(&self, samples: &[f32], output: &mut [f32]) {
        self.each(samples, output, |value| match value {
            _ if value.is_nan() => 0.0,
            _ if value > LIMIT => LIMIT,
            _ if value < -LIMIT => -LIMIT,
            _ => value,
        });
    }

    fn each<V>(&self, mut samples: &[f32], mut output: &mut [V], convert: impl Fn(f32) -> V) {
        let channels = self.gain.len();
        while !output.is_empty() && channels > 0 {
            let (Some(sample), Some(out)) = (
                samples.split_off(..channels),
                output.split_off_mut(..channels),
            ) else {
                return;
            };
            let affine = self.gain.iter().zip(self.offset);
            for ((out, &x), (&gain, &offset)) in out.iter_mut().zip(sample).zip(affine) {
                *out = convert(x * f32::from_le_bytes(gain) + f32::from_le_bytes(offset));
            }
        }
    }
}

/// The latest window of a stream: push samples, take a window every `hop` samples.
///
/// `V` is `f32` for raw samples or `i8` for quantized ones (a quarter of the memory). `N` bounds the values of
/// a window, `T * C`; the state is `N` values and a few words.
#[derive(Clone, Debug)]
pub struct WindowRing<V, const N: usize> {
    /// The window, oldest sample first; full windows stay until the next sample arrives.
    values: Vec<V, N>,
    channels: usize,
    len: usize,
    hop: usize,
    /// Values still to be dropped because the hop is longer than the window.
    skip: usize,
}

/// Why a ring cannot be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum RingError {
    /// Window, channels or hop is 0.
    Empty,
    /// The window does not fit.
    TooSmall {
        /// Values in a window.
        need: usize,
        /// Values that the ring holds.
        have: usize,
    },
}

impl core::fmt::Display for RingError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Empty => write!(f, "window, channels and hop of a ring must be at least 1"),
            Self::TooSmall { need, have } => write!(
                f,
                "a window of {need} values does not fit a ring of {have}: raise its capacity"
            ),
        }
    }
}

impl core::error::Error for RingError {}

impl<V: Copy, const N: usize> WindowRing<V, N> {
    /// An empty ring for windows of `window` samples of `channels` values, one every `hop` samples.
    pub fn new(window: usize, channels: usize, hop: usize) -> Result<Self, RingError> {
        let need = window.saturating_mul(channels);
        if need == 0 || hop == 0 {
            return Err(RingError::Empty);
        }
        if need > N {
            return Err(RingError::TooSmall { need, have: N });
        }
        Ok(Self {
            values: Vec::new(),
            channels,
            len: need,
            hop,
            skip: 0,
        })
    }

    /// Appends one sample; returns the window (`T x C`, oldest first) when one is complete.
    ///
    /// A sample of another length than the ring's channels is ignored.
    pub fn push(&mut self, sample: &[V]) -> Option<&[V]> {
        if sample.len() != self.channels {
            return None;
        }
        let whole = sample.iter().fold(false, |_, value| self.put(*value));
        whole.then_some(self.values.as_slice())
    }

    /// Appends one value of a sample; whether it completes a window, which [`Self::window`] then has.
    ///
    /// For samples of more values than one wants to hold twice: the values of a sample come behind each other.
    pub fn put(&mut self, value: V) -> bool {
        if self.values.len() >= self.len {
            self.advance();
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.values.push(value).is_ok() && self.values.len() >= self.len
    }

    /// The window, if a whole one is there: until the next value comes.
    pub fn window(&self) -> Option<&[V]> {
        (self.values.len() >= self.len).then_some(self.values.as_slice())
    }

    /// Forgets all samples.
    pub fn clear(&mut self) {
        self.values.clear();
        self.skip = 0;
    }

    /// Drops the oldest `hop` samples.
    fn advance(&mut self) {
        let drop = self.hop.saturating_mul(self.channels);
        self.skip = drop.saturating_sub(self.len);
        let keep = self.values.len().saturating_sub(drop);
        for to in 0..keep {
            if let Some(&value) = self.values.get(to + drop)
                && let Some(slot) = self.values.get_mut(to)
            {
                *slot = value;
            }
        }
        self.values.truncate(keep);
    }
}

#[cfg(test)]
mod tests;
