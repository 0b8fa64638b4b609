//! Working memory that the caller owns.

/// `N` values at a multiple of 16 bytes: bytes to run an int8 image, f32 to run an f16 one.
///
/// A plain value: put it in a `static mut` inside cortex-m-rt's `#[entry]`, in a `StaticCell`, or on the stack.
/// `N` is [`ModelImage::scratch_len`](crate::image::ModelImage::scratch_len), known at compile time.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug)]
pub struct Scratch<const N: usize, T = i8>([T; N]);

/// A number that scratch holds: `i8` or `f32`.
pub trait Value: Copy + private::Sealed {
    /// Zero.
    const ZERO: Self;
}

impl Value for i8 {
    const ZERO: Self = 0;
}

impl Value for f32 {
    const ZERO: Self = 0.0;
}

mod private {
    pub trait Sealed {}
    impl Sealed for i8 {}
    impl Sealed for f32 {}
}

impl<const N: usize, T: Value> Scratch<N, T> {
    /// All zeros.
    pub const fn new() -> Self {
        Self([T::ZERO; N])
    }
}

impl<const N: usize, T: Value> Default for Scratch<N, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize, T> AsMut<[T]> for Scratch<N, T> {
    fn as_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}
