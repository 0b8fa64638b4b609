//! How much work a layer is, in amounts that its kernel spends instructions on: per layer, per pixel, per product.

use mote_core::image::LayerInfo;
use mote_core::kernel::Geometry;
use mote_core::kernel::dsp::{DepthwisePlane, Order, Packing, Row, conv2d_size, lines, tap_rows};
use mote_core::shape::Shape;
use mote_core::spec::Op;

/// The amounts of `layer`, 1 first: always as many for one kind of layer and one packing.
pub fn amounts(layer: &LayerInfo<'_>) -> Vec<f64> {
    let (input, output) = (layer.input.shape, layer.output.shape);
    let [pixels, values] = [output.pixels(), output.len()];
    let channels = usize::from(output.c);
    let amounts = match (layer.layer.op, layer.geometry(), layer.work.is_some()) {
        (Op::Conv2d { .. }, Some(geometry), false) => {
            let taps = Taps::of(&geometry);
            let depth = usize::from(input.c);
            vec![
                1,
                pixels,
                values,
                taps.runs * channels,
                taps.inside * depth * channels,
                taps.outside * channels,
                taps.outside * depth * channels,
            ]
        }
        (Op::Conv2d { .. }, Some(geometry), true) if sliding(layer) => {
            let words = usize::from(geometry.size[0]) * usize::from(input.c) / 2;
            // Groups of three outputs and of two that make a row.
            let (height, width) = (usize::from(output.h), usize::from(output.w));
            let twos = [0, 2, 1][width % 3];
            let columns = width.saturating_sub(2 * twos) / 3 + twos;
            // Rows that are made together share rows of taps.
            let (size, stride) = (geometry.size, geometry.stride);
            let most = lines(size, stride, geometry.dilation, [input, output]);
            let of = |lines: usize| tap_rows(size, stride, lines) * usize::from(lines > 0);
            let rows = height / most * of(most) + of(height % most);
            let [threes, twos] = [height * (columns - twos), height * twos];
            let pairs = channels / 2;
            vec![
                1,
                height.div_ceil(most),
                columns * rows * usize::from(input.c) / 2,
                (threes + twos) * pairs,
                threes * pairs * words,
                twos * pairs * words,
            ]
        }
        (Op::Conv2d { .. }, Some(geometry), true) => {
            let size = conv2d_size(geometry.size, geometry.dilation, input, output);
            let [rows, words] = [usize::from(size[0]), Row::of(size, input.c).words()];
            let (fours, pairs) = (pixels.div_ceil(4), channels.div_ceil(2));
            vec![
                1,
                fours,
                fours * rows,
                fours * rows * words,
                fours * pairs,
                fours * pairs * rows * words,
                Taps::of(&geometry).outside * usize::from(input.c),
            ]
        }
        (Op::DepthwiseConv2d { .. }, Some(geometry), false) => {
            let taps = Taps::of(&geometry);
            let [inside, outside] = [taps.inside, taps.outside].map(|taps| taps * channels);
            vec![1, pixels, values, inside, outside]
        }
        (Op::DepthwiseConv2d { .. }, _, true) => {
            let plane = DepthwisePlane::of(output);
            let lines = channels * plane.lines;
            let (words, pairs) = (channels * plane.words(), lines * plane.count.div_ceil(2));
            vec![1, channels, words, lines, pairs]
        }
        (Op::Dense { .. }, ..) => vec![1, input.len(), values, input.len() * values],
        (Op::AvgPool { .. } | Op::MaxPool { .. }, Some(geometry), _) => {
            let eights = channels.div_ceil(8);
            let taps = Taps::of(&geometry).inside;
            let rest = pixels * (channels % 8);
            vec![1, pixels, pixels * eights, taps * eights, rest]
        }
        (Op::GlobalAvgPool | Op::GlobalStatPool, ..) => vec![1, input.c.into(), input.len()],
        _ => vec![1, pixels, values],
    };
    amounts.into_iter().map(|amount| amount as f64).collect()
}

/// Whether `layer` is packed for a convolution whose neighbouring outputs share pixels.
pub fn sliding(layer: &LayerInfo<'_>) -> bool {
    let packing = Packing::of(&layer.layer.op, layer.input.shape, layer.output.shape);
    layer.work.is_some() && packing.is_some_and(|packing| packing.order == Order::Taps)
}

/// Taps over all positions of a kernel.
struct Taps {
    inside: usize,
    outside: usize,
    /// Runs of neighbouring taps inside the input.
    runs: usize,
}

impl Taps {
    fn of(geometry: &Geometry) -> Self {
        let Shape { h, w, .. } = geometry.input;
        let [rows, columns] = [
            inside(geometry, 0, geometry.output.h, h),
            inside(geometry, 1, geometry.output.w, w),
        ];
        let [height, width] = geometry.size.map(usize::from);
        Self {
            inside: rows * columns,
            outside: (geometry.output.pixels() * height * width).saturating_sub(rows * columns),
            runs: match geometry.dilation[1] {
                0 | 1 => rows * usize::from(geometry.output.w),
                _ => rows * columns,
            },
        }
    }
}

/// Taps of one axis that lie inside an input of `extent`, over all `positions`.
fn inside(geometry: &Geometry, axis: usize, positions: u16, extent: u16) -> usize {
    let [stride, dilation, pad] =
        [geometry.stride, geometry.dilation, geometry.pad].map(|pair| i64::from(pair[axis]));
    let within = |position: u16| {
        let first = i64::from(position) * stride - pad;
        let taps = (0..i64::from(geometry.size[axis])).map(move |tap| first + tap * dilation);
        taps.filter(|at| (0..i64::from(extent)).contains(at))
            .count()
    };
    (0..positions).map(within).sum()
}
