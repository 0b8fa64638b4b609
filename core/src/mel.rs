//! Log-mel frames: what an ear-like filter bank hears in a short stretch of sound, in logarithms of power.
//!
//! A *frame* of samples is weighted by a window, transformed by a real FFT, its powers are gathered into bands whose
//! triangles overlap (Davis and Mermelstein, *Comparison of Parametric Representations for Monosyllabic Word
//! Recognition in Continuously Spoken Sentences*, 1980), and the natural logarithm of each band's power above a floor
//! is a value. [`MelStream`] takes sound sample by sample and gives a frame every hop.
//!
//! Window and triangles lie in the image ([`FrontEnd`]; section 7 of `FORMAT.md`), so nothing trigonometric is computed
//! on the device. Every operation is plain f32 in a fixed order, the logarithm is libm's, so the desktop and every
//! Cortex-M get the same bits. Against the same frames in f64 a value differs by less than [`TOLERANCE`].

mod fft;
mod stream;

pub use stream::MelStream;

use crate::image::bytes::{f32_at, part, u8_at, u16_at};
use crate::image::{ImageError, section};

/// Bytes of the section before the window.
pub const HEAD_LEN: usize = 16;
/// Most bands.
pub const MAX_BANDS: usize = 128;
/// Fewest and most points of the FFT, a power of two.
pub const POINTS: [usize; 2] = [128, 1024];
/// Largest difference of a value from the same in f64, in nats, for samples within `[-1, 1]` and a floor of at
/// least 1e-7 (of a full-scale tone's power, where the window is scaled so).
pub const TOLERANCE: f32 = 2e-3;

/// The front end of an image, borrowed from its bytes and checked.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct FrontEnd<'a> {
    bytes: &'a [u8],
}

impl<'a> FrontEnd<'a> {
    /// Checks the content of section 7.
    ///
    /// # Errors
    /// [`ImageError::SectionLen`] and [`ImageError::FrontEnd`], with the place.
    pub const fn parse(bytes: &'a [u8]) -> Result<Self, ImageError> {
        let front = Self { bytes };
        if bytes.len() < HEAD_LEN {
            return Err(ImageError::SectionLen {
                section: section::MEL,
                need: HEAD_LEN,
                have: bytes.len(),
            });
        }
        if !(front.rate_hz().is_finite() && front.rate_hz() > 0.0) {
            return Err(ImageError::FrontEnd { offset: 0 });
        }
        if front.frame() == 0 || front.frame() > front.points() {
            return Err(ImageError::FrontEnd { offset: 4 });
        }
        if front.hop() == 0 {
            return Err(ImageError::FrontEnd { offset: 6 });
        }
        let points = front.points();
        if !points.is_power_of_two() || points < POINTS[0] || points > POINTS[1] {
            return Err(ImageError::FrontEnd { offset: 8 });
        }
        if front.bands() == 0 || front.bands() > MAX_BANDS {
            return Err(ImageError::FrontEnd { offset: 10 });
        }
        if !(front.floor().is_finite() && front.floor() > 0.0) {
            return Err(ImageError::FrontEnd { offset: 12 });
        }
        if bytes.len() != front.len() {
            return Err(ImageError::SectionLen {
                section: section::MEL,
                need: front.len(),
                have: bytes.len(),
            });
        }
        let mut at = HEAD_LEN;
        while at < front.edges_at() {
            let value = f32_at(bytes, at);
            // Beyond these a frame of the loudest samples would not stay finite.
            let share = at >= front.shares_at();
            if !(value >= 0.0 && value <= if share { 1.0 } else { 1e6 }) {
                return Err(ImageError::FrontEnd { offset: at });
            }
            at += 4;
        }
        while at < bytes.len() {
            if u8_at(bytes, at) as usize > front.bands() {
                return Err(ImageError::FrontEnd { offset: at });
            }
            at += 1;
        }
        Ok(front)
    }

    /// The front end in bytes that [`Self::parse`] has let through.
    pub(crate) const fn checked(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Samples of sound a second.
    pub const fn rate_hz(&self) -> f32 {
        f32_at(self.bytes, 0)
    }

    /// Samples in a frame.
    pub const fn frame(&self) -> usize {
        u16_at(self.bytes, 4) as usize
    }

    /// Samples from one frame to the next.
    pub const fn hop(&self) -> usize {
        u16_at(self.bytes, 6) as usize
    }

    /// Points of the FFT: the frame, filled up with zeros.
    pub const fn points(&self) -> usize {
        u16_at(self.bytes, 8) as usize
    }

    /// Values of a frame.
    pub const fn bands(&self) -> usize {
        u16_at(self.bytes, 10) as usize
    }

    /// Power that is added to each band, so that silence has a logarithm.
    pub const fn floor(&self) -> f32 {
        f32_at(self.bytes, 12)
    }

    /// Frames of a recording of `samples` samples.
    pub const fn frames(&self, samples: usize) -> usize {
        match samples.checked_sub(self.frame()) {
            Some(rest) => match rest.checked_div(self.hop()) {
                Some(hops) => hops + 1,
                None => 0,
            },
            None => 0,
        }
    }

    /// Where bin `bin` lies on the scale of the edges, that of the lowest band's foot being 0; `None` if there is no such
    /// bin.
    pub fn place(&self, bin: usize) -> Option<f32> {
        let share = f32::from_le_bytes(*self.shares().get(bin)?);
        Some(f32::from(*self.edges().get(bin)?) + share)
    }

    /// Bins of the FFT, from 0 Hz to half the rate.
    const fn bins(&self) -> usize {
        self.points() / 2 + 1
    }

    const fn shares_at(&self) -> usize {
        HEAD_LEN + 4 * self.frame()
    }

    const fn edges_at(&self) -> usize {
        self.shares_at() + 4 * self.bins()
    }

    /// Bytes of the section.
    const fn len(&self) -> usize {
        self.edges_at() + self.bins()
    }

    /// Weights of the samples, f32 little-endian.
    fn window(&self) -> &'a [[u8; 4]] {
        self.quads(HEAD_LEN, self.frame())
    }

    /// For each bin the share of its power that goes to the band above its edge, f32 little-endian.
    fn shares(&self) -> &'a [[u8; 4]] {
        self.quads(self.shares_at(), self.bins())
    }

    /// For each bin the number of the edge below it: band `e - 1` falls there and band `e` rises.
    fn edges(&self) -> &'a [u8] {
        part(self.bytes, self.edges_at(), self.bins()).unwrap_or(&[])
    }

    fn quads(&self, at: usize, count: usize) -> &'a [[u8; 4]] {
        part(self.bytes, at, 4 * count).unwrap_or(&[]).as_chunks().0
    }

    /// Turns the weighted samples in `work` (`points` values) into log powers of bands in `sums` (at least `bands + 2`
    /// values): band `b` is value `b + 1`.
    fn analyse(&self, work: &mut [f32], sums: &mut [f32]) {
        sums.fill(0.0);
        let Some((ends, bins)) = fft::real(work) else {
            return;
        };
        let mut add = |power: f32, share: &[u8; 4], edge: u8| {
            let share = f32::from_le_bytes(*share);
            if let Some([below, above]) = sums
                .get_mut(usize::from(edge)..)
                .and_then(|rest| rest.first_chunk_mut())
            {
                *below += power * (1.0 - share);
                *above += power * share;
            }
        };
        let tables = || self.shares().iter().zip(self.edges());
        if let (Some((share, edge)), [first, _]) = (tables().next(), ends) {
            add(first * first, share, *edge);
        }
        for ((share, edge), bin) in tables().skip(1).zip(bins) {
            add(bin.re * bin.re + bin.im * bin.im, share, *edge);
        }
        if let (Some((share, edge)), [_, last]) = (tables().next_back(), ends) {
            add(last * last, share, *edge);
        }
        let floor = self.floor();
        for sum in sums.iter_mut().skip(1).take(self.bands()) {
            *sum = libm::logf(*sum + floor);
        }
    }
}

#[cfg(test)]
mod tests;
