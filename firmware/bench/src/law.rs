//! The straightforward loops: what every kernel of an int8 layer with weights must equal, and is measured against.

use mote_core::image::LayerInfo;
use mote_core::kernel::{Geometry, Output};
use mote_core::shape::Shape;
use mote_core::spec::Op;

/// Computes `layer`, of a portable int8 image, by definition: one output after the other, tap by tap. `None` where it has
/// no weights, or slices are short.
pub fn run(layer: &LayerInfo<'_>, input: &[i8], output: &mut [i8]) -> Option<()> {
    let weights: &[i8] = bytemuck::try_cast_slice(layer.weights()).ok()?;
    match layer.layer.op {
        Op::Conv2d { .. } => conv2d(layer, &layer.geometry()?, weights, input, output),
        Op::DepthwiseConv2d { .. } => {
            depthwise_conv2d(layer, &layer.geometry()?, weights, input, output)
        }
        Op::Dense { .. } => {
            // One pixel of as many channels as there are inputs.
            let whole = Geometry {
                input: Shape::vector(layer.input.shape.len() as u16),
                output: layer.output.shape,
                size: [1, 1],
                stride: [1, 1],
                dilation: [1, 1],
                pad: [0, 0],
            };
            conv2d(layer, &whole, weights, input, output)
        }
        _ => None,
    }
}

fn conv2d(
    layer: &LayerInfo<'_>,
    geometry: &Geometry,
    weights: &[i8],
    input: &[i8],
    output: &mut [i8],
) -> Option<()> {
    let channels = usize::from(geometry.input.c);
    let taps = geometry.size.map(usize::from);
    each_output(layer, geometry, output, |position, channel, mut acc| {
        for row in 0..taps[0] {
            for column in 0..taps[1] {
                let first = ((channel * taps[0] + row) * taps[1] + column) * channels;
                let weights = weights.get(first..first + channels)?;
                match pixel(geometry, position, [row, column]) {
                    Some(at) => {
                        for (&x, &w) in input.get(at..at + channels)?.iter().zip(weights) {
                            acc = acc.wrapping_add(i32::from(x) * i32::from(w));
                        }
                    }
                    None => {
                        for &w in weights {
                            acc = acc.wrapping_add(zero(layer) * i32::from(w));
                        }
                    }
                }
            }
        }
        Some(acc)
    })
}

fn depthwise_conv2d(
    layer: &LayerInfo<'_>,
    geometry: &Geometry,
    weights: &[i8],
    input: &[i8],
    output: &mut [i8],
) -> Option<()> {
    let channels = usize::from(geometry.input.c);
    let taps = geometry.size.map(usize::from);
    each_output(layer, geometry, output, |position, channel, mut acc| {
        for row in 0..taps[0] {
            for column in 0..taps[1] {
                let w = *weights.get((row * taps[1] + column) * channels + channel)?;
                let x = match pixel(geometry, position, [row, column]) {
                    Some(at) => i32::from(*input.get(at + channel)?),
                    None => zero(layer),
                };
                acc = acc.wrapping_add(x * i32::from(w));
            }
        }
        Some(acc)
    })
}

/// Padding.
fn zero(layer: &LayerInfo<'_>) -> i32 {
    layer.input.quant.zero_point.into()
}

/// Index of the input's first channel under a tap, if the tap lies inside.
#[inline]
fn pixel(geometry: &Geometry, position: [usize; 2], tap: [usize; 2]) -> Option<usize> {
    let along = |axis: usize, extent: u16| {
        let at = position[axis] * usize::from(geometry.stride[axis])
            + tap[axis] * usize::from(geometry.dilation[axis]);
        at.checked_sub(geometry.pad[axis].into())
            .filter(|&at| at < usize::from(extent))
    };
    let y = along(0, geometry.input.h)?;
    let x = along(1, geometry.input.w)?;
    Some((y * usize::from(geometry.input.w) + x) * usize::from(geometry.input.c))
}

/// Sets every output from its sum, which `sum` makes of position, channel, and bias.
#[inline(always)]
fn each_output(
    layer: &LayerInfo<'_>,
    geometry: &Geometry,
    output: &mut [i8],
    sum: impl Fn([usize; 2], usize, i32) -> Option<i32>,
) -> Option<()> {
    let by = Output::new(layer.output.quant, layer.layer.activation);
    let mut output = output.iter_mut();
    for y in 0..usize::from(geometry.output.h) {
        for x in 0..usize::from(geometry.output.w) {
            for (channel, &bias) in layer.bias().iter().enumerate() {
                let acc = sum([y, x], channel, i32::from_le_bytes(bias))?;
                *output.next()? = by.finish(acc, layer.ratio(channel));
            }
        }
    }
    Some(())
}
