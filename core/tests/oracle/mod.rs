//! Layers in f64, written with nothing but loops and a bounds check for each tap.
#![allow(dead_code, reason = "each test binary uses its part")]

use mote_core::kernel::Geometry;
use mote_core::quant::Multiplier;
use mote_core::shape::Shape;
use proptest::prelude::*;

/// SplitMix64: data from a seed.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in `[low, high)`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    pub fn i8(&mut self) -> i8 {
        self.next() as i8
    }

    pub fn i8s(&mut self, len: usize) -> Vec<i8> {
        (0..len).map(|_| self.i8()).collect()
    }

    /// Weights in `[-127, 127]`.
    pub fn weights(&mut self, len: usize) -> Vec<i8> {
        (0..len).map(|_| self.i8().max(-127)).collect()
    }
}

/// Kernels over small inputs, one row or one column among them; padding may be anything, even so much that
/// a position has no tap inside.
pub fn geometries(depthwise: bool) -> impl Strategy<Value = Geometry> {
    let channels = || prop_oneof![Just(1_u16), Just(3), Just(4), Just(5), Just(8), Just(19)];
    let rows = prop_oneof![Just(1_u16), 1_u16..8];
    let columns = prop_oneof![Just(1_u16), 1_u16..12];
    let pair = |low, high| [low..=high, low..=high];
    (
        (rows, columns, channels(), channels()),
        (pair(1_u8, 4), pair(1_u8, 3), pair(1_u8, 3)),
        (pair(0_u8, 4), pair(0_u8, 4)),
    )
        .prop_map(
            move |((h, w, c, filters), (size, stride, dilation), (pad, after))| {
                let extent = |axis: usize, input: u16| {
                    let reach = u16::from(size[axis] - 1) * u16::from(dilation[axis]) + 1;
                    let padded = (input + u16::from(pad[axis]) + u16::from(after[axis])).max(reach);
                    (padded - reach) / u16::from(stride[axis]) + 1
                };
                Geometry {
                    input: Shape::new(h, w, c),
                    output: Shape::new(
                        extent(0, h),
                        extent(1, w),
                        if depthwise { c } else { filters },
                    ),
                    size,
                    stride,
                    dilation,
                    pad,
                }
            },
        )
}

/// For each output pixel, row by row: `(tap row, tap column, index of the input pixel)` inside the input.
pub fn taps(geometry: &Geometry) -> Vec<Vec<(usize, usize, usize)>> {
    let mut pixels = Vec::new();
    for oy in 0..i64::from(geometry.output.h) {
        for ox in 0..i64::from(geometry.output.w) {
            let mut inside = Vec::new();
            for ky in 0..i64::from(geometry.size[0]) {
                for kx in 0..i64::from(geometry.size[1]) {
                    let place = |out: i64, tap: i64, axis: usize| {
                        out * i64::from(geometry.stride[axis])
                            + tap * i64::from(geometry.dilation[axis])
                            - i64::from(geometry.pad[axis])
                    };
                    let (y, x) = (place(oy, ky, 0), place(ox, kx, 1));
                    let (h, w) = (i64::from(geometry.input.h), i64::from(geometry.input.w));
                    if (0..h).contains(&y) && (0..w).contains(&x) {
                        inside.push((ky as usize, kx as usize, (y * w + x) as usize));
                    }
                }
            }
            pixels.push(inside);
        }
    }
    pixels
}

/// `OHWI` convolution with zero padding.
pub fn conv2d(geometry: &Geometry, input: &[f64], weights: &[f64], bias: &[f64]) -> Vec<f64> {
    let (c, width) = (usize::from(geometry.input.c), usize::from(geometry.size[1]));
    let height = usize::from(geometry.size[0]);
    let mut output = Vec::new();
    for taps in taps(geometry) {
        for (o, &bias) in bias.iter().enumerate() {
            let mut sum = bias;
            for &(ky, kx, pixel) in &taps {
                for i in 0..c {
                    sum += input[pixel * c + i] * weights[((o * height + ky) * width + kx) * c + i];
                }
            }
            output.push(sum);
        }
    }
    output
}

/// `HWC` depthwise convolution with zero padding.
pub fn depthwise_conv2d(
    geometry: &Geometry,
    input: &[f64],
    weights: &[f64],
    bias: &[f64],
) -> Vec<f64> {
    let (c, width) = (usize::from(geometry.input.c), usize::from(geometry.size[1]));
    let mut output = Vec::new();
    for taps in taps(geometry) {
        for (i, &bias) in bias.iter().enumerate() {
            let products = taps
                .iter()
                .map(|&(ky, kx, pixel)| input[pixel * c + i] * weights[(ky * width + kx) * c + i]);
            output.push(bias + products.sum::<f64>());
        }
    }
    output
}

/// `OI` matrix product.
pub fn dense(input: &[f64], weights: &[f64], bias: &[f64]) -> Vec<f64> {
    let rows = weights.chunks(input.len()).zip(bias);
    rows.map(|(row, bias)| bias + row.iter().zip(input).map(|(w, x)| w * x).sum::<f64>())
        .collect()
}

/// The values under the taps of each output, `fold`ed.
pub fn pool(geometry: &Geometry, input: &[f64], fold: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let c = usize::from(geometry.input.c);
    let mut output = Vec::new();
    for taps in taps(geometry) {
        for i in 0..c {
            let values: Vec<f64> = taps
                .iter()
                .map(|&(_, _, pixel)| input[pixel * c + i])
                .collect();
            output.push(fold(&values));
        }
    }
    output
}

/// Mean and biased standard deviation of each channel.
pub fn statistics(shape: Shape, input: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (c, n) = (usize::from(shape.c), shape.pixels() as f64);
    let channel = |i: usize| input.iter().skip(i).step_by(c);
    let mean = |i: usize| channel(i).sum::<f64>() / n;
    let variance = |i: usize| channel(i).map(|x| (x - mean(i)).powi(2)).sum::<f64>() / n;
    (
        (0..c).map(mean).collect(),
        (0..c).map(|i| variance(i).sqrt()).collect(),
    )
}

/// TFLite's rule with divisions of big integers: the product to nearest with ties up, then the power of two
/// to nearest with ties away from zero.
pub fn requantize(acc: i64, by: Multiplier) -> i64 {
    let half_up = |a: i128, b: i128| (2 * a + b).div_euclid(2 * b);
    let product = i128::from(acc) * 2_i128.pow(by.shift.max(0) as u32) * i128::from(by.multiplier);
    let high = half_up(product, 1 << 31);
    (high.signum() * half_up(high.abs(), 2_i128.pow((-by.shift).max(0) as u32))) as i64
}
