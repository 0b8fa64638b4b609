//! One tensor of a batch while it is trained: values, how to read them, and their gradient.
//!
//! A layer with batch norm stores its raw product only. Whoever reads it applies batch norm and activation on
//! the way, one image at a time in cache; the gradient's way back does the same. So a unit of convolution,
//! batch norm and activation costs two buffers of memory and as few passes over them.

use super::simd::{Level, Lines, Normalize, Settle, Start, Sums, Upstream, padded};
use mote_core::shape::Shape;
use std::ops::Range;

/// A tensor of the network for all images of a batch, `NHWC`.
#[derive(Default)]
pub(crate) struct Signal {
    /// Rows, columns, channels of one image.
    pub size: [usize; 3],
    /// The layer's output; before batch norm and activation where `normalized`, else after the activation.
    pub raw: Lines,
    /// Whether readers apply `scale`, `shift` and the activation.
    pub normalized: bool,
    /// Whether the layer ends in a ReLU.
    pub relu: bool,
    /// Batch norm's gain, padded; ones without batch norm.
    pub scale: Vec<f32>,
    /// Batch norm's offset, padded; zeros without.
    pub shift: Vec<f32>,
    /// With respect to the tensor as read; after settling, with respect to the value before the activation.
    pub gradient: Lines,
    /// Whether settling sums what the gradient of a bias or batch norm needs.
    pub summed: bool,
    /// Those sums: of the gradient, then of gradient times raw, padded.
    pub sums: Vec<f64>,
    /// What [`Upstream`] needs; empty without batch norm.
    pub coefficients: [Vec<f32>; 3],
}

impl Signal {
    pub(crate) fn new(shape: Shape) -> Self {
        let width = padded(usize::from(shape.c));
        Self {
            size: [shape.h, shape.w, shape.c].map(usize::from),
            scale: vec![1.0; width],
            shift: vec![0.0; width],
            ..Self::default()
        }
    }

    /// Values of one image.
    pub(crate) fn len(&self) -> usize {
        self.size.iter().product()
    }

    /// Pixels of one image.
    pub(crate) fn pixels(&self) -> usize {
        self.size[0] * self.size[1]
    }

    /// Channels.
    pub(crate) fn channels(&self) -> usize {
        self.size[2]
    }

    /// What readers clamp to from below.
    pub(crate) fn floor(&self) -> f32 {
        if self.normalized && self.relu {
            0.0
        } else {
            f32::NEG_INFINITY
        }
    }

    /// The raw values of `images`.
    pub(crate) fn raw(&self, images: Range<usize>) -> &[f32] {
        &self.raw[images.start * self.len()..images.end * self.len()]
    }

    /// The settled gradient of `images`.
    pub(crate) fn gradient(&self, images: Range<usize>) -> &[f32] {
        &self.gradient[images.start * self.len()..images.end * self.len()]
    }

    /// What reading the values of `image` needs from memory; empty where there is no such image.
    pub(crate) fn stored(&self, image: usize) -> &[f32] {
        of_image(&self.raw, self.len(), image)
    }

    /// What reading the gradient of `image` needs from memory: the gradient, and the raw values for batch norm.
    pub(crate) fn stored_upstream(&self, image: usize) -> [&[f32]; 2] {
        let raw = if self.coefficients[0].is_empty() {
            &[]
        } else {
            self.stored(image)
        };
        [of_image(&self.gradient, self.len(), image), raw]
    }

    /// The values of `images` as the next layer reads them; in `scratch` where they must be computed.
    pub(crate) fn read<'a>(
        &'a self,
        level: Level,
        images: Range<usize>,
        scratch: &'a mut [f32],
    ) -> &'a [f32] {
        if !self.normalized {
            return self.raw(images);
        }
        let pixels = images.len() * self.pixels();
        let output = &mut scratch[..images.len() * self.len()];
        self.normalize(level, self.raw(images), output, [1, pixels], 0);
        output
    }

    /// Writes the values of one image into a frame; `frame` begins at the image's first pixel and has rows of
    /// `columns` pixels.
    pub(crate) fn read_framed(
        &self,
        level: Level,
        image: usize,
        frame: &mut [f32],
        columns: usize,
    ) {
        let [rows, pixels, channels] = self.size;
        let (raw, row) = (self.raw(image..image + 1), columns * channels);
        if self.normalized {
            self.normalize(level, raw, frame, [rows, pixels], row);
        } else {
            for (from, to) in raw
                .chunks_exact(pixels * channels)
                .zip(frame.chunks_mut(row))
            {
                to[..from.len()].copy_from_slice(from);
            }
        }
    }

    fn normalize(
        &self,
        level: Level,
        input: &[f32],
        output: &mut [f32],
        [rows, pixels]: [usize; 2],
        output_row: usize,
    ) {
        level.run(Normalize {
            input,
            scale: &self.scale,
            shift: &self.shift,
            floor: self.floor(),
            output,
            output_row,
            rows,
            pixels,
            channels: self.channels(),
        });
    }

    /// The gradient of `images` with respect to the layer's product: back through batch norm.
    pub(crate) fn upstream<'a>(
        &'a self,
        level: Level,
        images: Range<usize>,
        scratch: &'a mut [f32],
    ) -> &'a [f32] {
        if self.coefficients[0].is_empty() {
            return self.gradient(images);
        }
        let pixels = images.len() * self.pixels();
        let output = &mut scratch[..images.len() * self.len()];
        self.differentiate(level, images, output, [1, pixels], 0);
        output
    }

    /// As [`Self::upstream`] for one image, into a frame as in [`Self::read_framed`].
    pub(crate) fn upstream_framed(
        &self,
        level: Level,
        image: usize,
        frame: &mut [f32],
        columns: usize,
    ) {
        let [rows, pixels, channels] = self.size;
        let row = columns * channels;
        if self.coefficients[0].is_empty() {
            let gradient = self.gradient(image..image + 1);
            for (from, to) in gradient
                .chunks_exact(pixels * channels)
                .zip(frame.chunks_mut(row))
            {
                to[..from.len()].copy_from_slice(from);
            }
        } else {
            self.differentiate(level, image..image + 1, frame, [rows, pixels], row);
        }
    }

    fn differentiate(
        &self,
        level: Level,
        images: Range<usize>,
        output: &mut [f32],
        [rows, pixels]: [usize; 2],
        output_row: usize,
    ) {
        let [a, b, c] = &self.coefficients;
        level.run(Upstream {
            gradient: self.gradient(images.clone()),
            raw: self.raw(images),
            coefficients: [a, b, c],
            output,
            output_row,
            rows,
            pixels,
            channels: self.channels(),
        });
    }
}

/// Where a layer writes its output: the images of one chunk.
pub(crate) struct Output<'a> {
    pub level: Level,
    pub len: usize,
    pub channels: usize,
    /// The chunk's images.
    pub values: &'a mut [f32],
    /// A ReLU to apply here, because readers will not.
    pub relu: bool,
    /// Sums and sums of squares for batch norm, padded.
    pub sums: Option<&'a mut [f64]>,
    /// Working memory as long as `sums`.
    pub narrow: &'a mut [f32],
}

impl Output<'_> {
    /// Image `at` of the chunk.
    pub(crate) fn image(&mut self, at: usize) -> &mut [f32] {
        &mut self.values[at * self.len..][..self.len]
    }

    /// The same and where the next image will be written, empty for the last.
    pub(crate) fn image_and_next(&mut self, at: usize) -> (&mut [f32], &[f32]) {
        let (image, rest) = self.values[at * self.len..].split_at_mut(self.len);
        (image, of_image(rest, self.len, 0))
    }

    /// Call when the images `at` of the chunk are written: sums or activates them while they are in cache.
    pub(crate) fn finish(&mut self, at: Range<usize>) {
        let values = &mut self.values[at.start * self.len..at.end * self.len];
        if let Some(sums) = &mut self.sums {
            self.level.run(Sums {
                values,
                pixels: values.len() / self.channels,
                channels: self.channels,
                sums: self.narrow,
            });
            widen(self.narrow, sums);
        } else if self.relu {
            values.iter_mut().for_each(|value| {
                *value = if *value > 0.0 || value.is_nan() {
                    *value
                } else {
                    0.0
                }
            });
        }
    }
}

/// Where a layer writes the gradient of an input: the images of one chunk.
pub(crate) struct Sink<'a> {
    pub level: Level,
    /// 0 for the layer's input, 1 for its other operand.
    pub operand: usize,
    /// The input; its gradient is lent to `values`.
    pub signal: &'a Signal,
    /// The chunk's images.
    pub images: Range<usize>,
    /// Their gradient.
    pub values: &'a mut [f32],
    /// Whether another layer has written here before, so that this one must add.
    pub adds: bool,
    /// Whether this layer is the last to write.
    pub settles: bool,
    /// Where settling sums to.
    pub sums: &'a mut [f64],
    /// Working memory as long as `sums`.
    pub narrow: &'a mut [f32],
}

impl Sink<'_> {
    /// What kernels start from.
    pub(crate) fn start(&self) -> Start<'static> {
        if self.adds {
            Start::Output
        } else {
            Start::Zero
        }
    }

    /// Image `at` of the chunk.
    pub(crate) fn image(&mut self, at: usize) -> &mut [f32] {
        &mut self.values[at * self.signal.len()..][..self.signal.len()]
    }

    /// Writes, or adds, `value(index)` to each value of image `at`.
    pub(crate) fn write(&mut self, at: usize, values: impl Iterator<Item = f32>) {
        let adds = self.adds;
        for (to, value) in self.image(at).iter_mut().zip(values) {
            *to = if adds { *to + value } else { value };
        }
    }

    /// As [`Self::write`], pixel by pixel: `write(pixel, channels, whether to add)`.
    pub(crate) fn write_pixels(
        &mut self,
        at: usize,
        mut write: impl FnMut(usize, &mut [f32], bool),
    ) {
        let (adds, channels) = (self.adds, self.signal.channels());
        for (pixel, to) in self.image(at).chunks_exact_mut(channels).enumerate() {
            write(pixel, to, adds);
        }
    }

    /// Call when the images `at` of the chunk are written: the last writer takes them back through the ReLU.
    pub(crate) fn finish(&mut self, at: Range<usize>) {
        let signal = self.signal;
        if !self.settles || !(signal.relu || signal.summed) {
            return;
        }
        let len = signal.len();
        let images = self.images.start + at.start..self.images.start + at.end;
        self.level.run(Settle {
            gradient: &mut self.values[at.start * len..at.end * len],
            raw: signal.raw(images),
            scale: &signal.scale,
            shift: &signal.shift,
            relu: signal.relu,
            pixels: at.len() * signal.pixels(),
            channels: signal.channels(),
            sums: self.narrow,
        });
        widen(self.narrow, self.sums);
    }
}

/// Image `at` of a tensor whose images have `len` values, empty where there is none.
fn of_image(values: &[f32], len: usize, at: usize) -> &[f32] {
    values.get(at * len..(at + 1) * len).unwrap_or_default()
}

/// Moves the sums of a few images, in `f32`, to the sums of the chunk.
fn widen(narrow: &mut [f32], sums: &mut [f64]) {
    for (sum, part) in sums.iter_mut().zip(narrow) {
        *sum += f64::from(*part);
        *part = 0.0;
    }
}
