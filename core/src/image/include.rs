//! Including an image with the alignment that packed kernels want.

/// A value at a multiple of 16 bytes.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug)]
pub struct Aligned<T: ?Sized>(pub T);

/// Includes and checks a model image at compile time; a bad image is a compile error.
///
/// Takes a path relative to the current file, as `include_bytes!` does, and gives a
/// [`ModelImage<'static>`](crate::image::ModelImage) whose bytes start at a multiple of 16. With `only` behind the path,
/// the program links no kernels but those of this image's layers, as
/// [`ModelImage::only`](crate::image::ModelImage::only) says.
#[macro_export]
macro_rules! include_image {
    ($path:expr $(,)?) => {{
        const BYTES: &$crate::image::Aligned<[u8]> =
            &$crate::image::Aligned(*::core::include_bytes!($path));
        const IMAGE: $crate::image::ModelImage<'static> =
            $crate::image::ModelImage::parse_or_panic(&BYTES.0);
        IMAGE
    }};
    ($path:expr, only $(,)?) => {{
        const ANY: $crate::image::ModelImage<'static> = $crate::include_image!($path);
        const IMAGE: $crate::image::ModelImage<'static> = ANY.only::<{ ANY.kernels() }>();
        IMAGE
    }};
}
