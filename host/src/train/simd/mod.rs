//! The host's only room for `unsafe`: vector kernels and the choice of instruction set at run time.
//!
//! A kernel is a struct of slices and sizes that implements [`Operation`] over any [`Simd`]; [`Level::run`]
//! stamps it out for each instruction set. Every kernel asserts its bounds once, at the door, then reads
//! through pointers. Each output value accumulates in an order that does not depend on the number of lanes,
//! always with fused multiply-add, so all levels give the same bits.
//!
//! Inner loops count: what an iterator adapter hides behind a call of its own is inlined only where the whole crate is
//! optimised together, which builds for development are not; such a call in a tile spills all its registers.
#![allow(unsafe_code, clippy::needless_range_loop)]
#![deny(clippy::undocumented_unsafe_blocks)]

mod ahead;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod channels;
mod convolve;
mod convolve_gradient;
mod depthwise;
mod exp;
mod lines;
mod peak;
mod portable;
mod winograd;

pub(crate) use ahead::Ahead;
pub(crate) use channels::{AddActivated, Normalize, Settle, Sums, Upstream};
pub(crate) use convolve::{Convolve, Run, Start};
pub(crate) use convolve_gradient::ConvolveGradient;
pub(crate) use depthwise::{Depthwise, DepthwiseGradient, Tap};
pub(crate) use exp::ExpRow;
pub(crate) use lines::Lines;
pub(crate) use winograd::{FromPlanes, PLANES, ToPlanes, Way, plane};

/// Packed matrices have rows padded with zeros to a multiple of this, the widest vector.
pub(crate) const WIDTH: usize = 16;

/// `channels` rounded up to whole vectors of any level.
pub(crate) fn padded(channels: usize) -> usize {
    channels.next_multiple_of(WIDTH)
}

/// A set of vector instructions that this CPU has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Level(Set);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Set {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
}

impl Level {
    /// The fastest level of this CPU.
    pub fn detect() -> Self {
        Self::available()[0]
    }

    /// All levels of this CPU, the fastest first; the last is the portable one.
    pub fn available() -> Vec<Self> {
        let mut levels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            levels.extend(avx512::Avx512::detect().map(|simd| Self(Set::Avx512(simd))));
            levels.extend(avx2::Avx2::detect().map(|simd| Self(Set::Avx2(simd))));
        }
        levels.push(Self(Set::Portable));
        levels
    }

    /// `avx512`, `avx2` or `portable`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Set::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(_) => "avx512",
        }
    }

    /// Runs `operation` with this level's instructions.
    pub(crate) fn run<O: Operation>(self, operation: O) -> O::Output {
        match self.0 {
            Set::Portable => operation.run(portable::Portable),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(simd) => simd.run(operation),
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(simd) => simd.run(operation),
        }
    }
}

/// Work that can be stamped out for any instruction set.
pub(crate) trait Operation {
    /// What the work returns.
    type Output;
    /// Does the work. Mark implementations `#[inline(always)]`, else they miss the level's instructions.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// One instruction set. A value proves that the CPU has it.
pub(crate) trait Simd: Copy {
    /// A vector of [`Self::LANES`] values.
    type F: Copy;
    /// Selects the first lanes of a vector.
    type Mask: Copy;
    /// Values in one vector; divides [`WIDTH`].
    const LANES: usize;
    /// Vector registers.
    const REGISTERS: usize;

    /// `value` in each lane.
    fn splat(self, value: f32) -> Self::F;
    /// The first `lanes` lanes.
    fn mask(self, lanes: usize) -> Self::Mask;
    /// Reads a vector.
    ///
    /// # Safety
    /// `LANES` values must be readable at `from`.
    unsafe fn load(self, from: *const f32) -> Self::F;
    /// Writes a vector.
    ///
    /// # Safety
    /// `LANES` values must be writable at `to`.
    unsafe fn store(self, to: *mut f32, vector: Self::F);
    /// Reads the selected lanes; the others are 0 and their memory is not touched.
    ///
    /// # Safety
    /// The selected lanes must be readable at `from`.
    unsafe fn load_masked(self, from: *const f32, mask: Self::Mask) -> Self::F;
    /// Writes the selected lanes; the memory of the others is not touched.
    ///
    /// # Safety
    /// The selected lanes must be writable at `to`.
    unsafe fn store_masked(self, to: *mut f32, vector: Self::F, mask: Self::Mask);
    /// `a * b + c`, rounded once.
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// `a + b`.
    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a - b`.
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a * b`.
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a > b ? a : b`; `b` where either is NaN.
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    /// `vector` where `sign > 0`, else 0.
    fn keep_positive(self, sign: Self::F, vector: Self::F) -> Self::F;
    /// Asks for the cache line at `at`, which may be any address: it is read into the second-level cache.
    fn prefetch(self, at: *const f32);
    /// `2^n` for each lane `1.5 * 2^23 + n`, with `n` an integer in `[-126, 127]`.
    fn pow2(self, shifted: Self::F) -> Self::F;
}

/// Reads a vector, or with `MASKED` its selected lanes.
///
/// # Safety
/// As for [`Simd::load`] or [`Simd::load_masked`].
#[inline(always)]
unsafe fn load<S: Simd, const MASKED: bool>(simd: S, from: *const f32, mask: S::Mask) -> S::F {
    // SAFETY: the caller's promise is the same.
    unsafe {
        if MASKED {
            simd.load_masked(from, mask)
        } else {
            simd.load(from)
        }
    }
}

/// Writes a vector, or with `MASKED` its selected lanes.
///
/// # Safety
/// As for [`Simd::store`] or [`Simd::store_masked`].
#[inline(always)]
unsafe fn store<S: Simd, const MASKED: bool>(simd: S, to: *mut f32, vector: S::F, mask: S::Mask) {
    // SAFETY: the caller's promise is the same.
    unsafe {
        if MASKED {
            simd.store_masked(to, vector, mask);
        } else {
            simd.store(to, vector);
        }
    }
}
