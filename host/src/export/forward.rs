//! Runs a folded encoder in f32, keeping every tensor: what calibration looks at.

use super::{ExportError, FoldedEncoder};
use mote_core::shape::Shape;
use mote_core::spec::{Activation, Kernel, Layer, Op};
use rayon::prelude::*;

/// A folded encoder with its weights laid out for this: output channels last, so that sums run side by side.
pub struct Forward<'a> {
    encoder: &'a FoldedEncoder,
    weights: Vec<Vec<f32>>,
}

impl<'a> Forward<'a> {
    pub fn new(encoder: &'a FoldedEncoder) -> Self {
        let layers = encoder.spec().layers.iter().zip(encoder.layers());
        let weights = layers
            .map(|(layer, folded)| match layer.op {
                Op::Conv2d { .. } | Op::Dense { .. } => {
                    transposed(&folded.weights, folded.bias.len())
                }
                _ => folded.weights.clone(),
            })
            .collect();
        Self { encoder, weights }
    }

    /// Every tensor for one window of `input_len` values.
    pub fn tensors(&self, window: &[f32]) -> Vec<Vec<f32>> {
        let mut tensors = vec![window.to_vec()];
        for (index, layer) in self.encoder.spec().layers.iter().enumerate() {
            let output = self.layer(index, layer, &tensors);
            tensors.push(output);
        }
        tensors
    }

    fn layer(&self, index: usize, layer: &Layer, tensors: &[Vec<f32>]) -> Vec<f32> {
        let shapes = self.encoder.shapes();
        let read = usize::from(layer.input.0);
        let (input, shape, out) = (&tensors[read], shapes[read], shapes[index + 1]);
        let (weights, bias) = (&self.weights[index], &self.encoder.layers()[index].bias);
        let mut y = match layer.op {
            Op::Conv2d { kernel, .. } => {
                let mut y = bias.repeat(out.pixels());
                let channels = usize::from(shape.c);
                slide(kernel, shape, out, |tap, at, to| {
                    let pixel = &input[at * channels..][..channels];
                    let rows = &weights[tap * channels * bias.len()..];
                    let sums = &mut y[to * bias.len()..][..bias.len()];
                    multiply(pixel, rows, sums);
                });
                y
            }
            Op::DepthwiseConv2d { kernel, .. } => {
                let mut y = bias.repeat(out.pixels());
                let channels = usize::from(shape.c);
                slide(kernel, shape, out, |tap, at, to| {
                    let sums = &mut y[to * channels..][..channels];
                    let taps = &weights[tap * channels..][..channels];
                    for ((sum, &x), &w) in sums.iter_mut().zip(&input[at * channels..]).zip(taps) {
                        *sum += x * w;
                    }
                });
                y
            }
            Op::Dense { .. } => {
                let mut y = bias.clone();
                multiply(input, weights, &mut y);
                y
            }
            Op::Add { other } => {
                let other = &tensors[usize::from(other.0)];
                input.iter().zip(other).map(|(a, b)| a + b).collect()
            }
            Op::Concat { other } => {
                let (a, b) = (
                    usize::from(shape.c),
                    usize::from(out.c) - usize::from(shape.c),
                );
                let pixels = input.chunks(a).zip(tensors[usize::from(other.0)].chunks(b));
                pixels
                    .flat_map(|(a, b)| a.iter().chain(b))
                    .copied()
                    .collect()
            }
            Op::AvgPool { kernel } => pool(kernel, input, shape, out, true),
            Op::MaxPool { kernel } => pool(kernel, input, shape, out, false),
            Op::GlobalAvgPool => means(input, shape),
            Op::GlobalStatPool => {
                let mut y = means(input, shape);
                let channels = usize::from(shape.c);
                for channel in 0..channels {
                    let values = input.iter().skip(channel).step_by(channels);
                    let sum: f32 = values.map(|x| (x - y[channel]).powi(2)).sum();
                    y.push((sum / shape.pixels() as f32).sqrt());
                }
                y
            }
            Op::Embedding {
                vocabulary,
                channels,
            } => {
                let last = usize::from(vocabulary) - 1;
                let row = |&x: &f32| (x as usize).min(last) * usize::from(channels);
                let rows = input.iter().map(row);
                rows.flat_map(|at| &weights[at..at + usize::from(channels)])
                    .copied()
                    .collect()
            }
        };
        if layer.activation == Activation::Relu {
            y.iter_mut().for_each(|v| *v = v.max(0.0));
        }
        y
    }
}

impl FoldedEncoder {
    /// Embeds `windows` (`B * input_len`, normalised) in f32; gives `B * D` values.
    pub fn embed(&self, windows: &[f32]) -> Result<Vec<f32>, ExportError> {
        let len = whole_windows(self, windows)?;
        let forward = Forward::new(self);
        let embed = |window| forward.tensors(window).pop().unwrap_or_default();
        let embeddings: Vec<Vec<f32>> = windows.par_chunks(len).map(embed).collect();
        Ok(embeddings.concat())
    }
}

/// Values in one window, where `windows` holds at least one and only whole ones.
pub fn whole_windows(encoder: &FoldedEncoder, windows: &[f32]) -> Result<usize, ExportError> {
    let need = encoder.spec().input.len();
    match windows.is_empty() || !windows.len().is_multiple_of(need) {
        true => Err(ExportError::Windows {
            need,
            have: windows.len(),
        }),
        false => Ok(need),
    }
}

/// `O x n` to `n x O`.
fn transposed(weights: &[f32], outputs: usize) -> Vec<f32> {
    let row = weights.len() / outputs.max(1);
    (0..row)
        .flat_map(|i| (0..outputs).map(move |o| weights[o * row + i]))
        .collect()
}

/// Adds `x` times the matrix `rows`, of one row for each value of `x`, to `sums`.
fn multiply(x: &[f32], rows: &[f32], sums: &mut [f32]) {
    for (&x, row) in x.iter().zip(rows.chunks_exact(sums.len().max(1))) {
        for (sum, &w) in sums.iter_mut().zip(row) {
            *sum += x * w;
        }
    }
}

/// Calls `f` with each tap that lies on the input: index of the tap, of the input pixel, of the output pixel.
fn slide(kernel: Kernel, input: Shape, output: Shape, mut f: impl FnMut(usize, usize, usize)) {
    let Ok((_, pad)) = kernel.resolve(input.h, input.w) else {
        return;
    };
    let place = |axis: usize, at: u16, tap: u8, extent: u16| {
        let from = i64::from(at) * i64::from(kernel.stride[axis]) - i64::from(pad[axis]);
        let at = from + i64::from(tap) * i64::from(kernel.dilation[axis]);
        (0..i64::from(extent)).contains(&at).then_some(at as usize)
    };
    for h in 0..output.h {
        for w in 0..output.w {
            let to = usize::from(h) * usize::from(output.w) + usize::from(w);
            for row in 0..kernel.size[0] {
                let Some(y) = place(0, h, row, input.h) else {
                    continue;
                };
                for column in 0..kernel.size[1] {
                    let Some(x) = place(1, w, column, input.w) else {
                        continue;
                    };
                    let tap = usize::from(row) * usize::from(kernel.size[1]) + usize::from(column);
                    f(tap, y * usize::from(input.w) + x, to);
                }
            }
        }
    }
}

fn pool(kernel: Kernel, x: &[f32], input: Shape, output: Shape, average: bool) -> Vec<f32> {
    let channels = usize::from(input.c);
    let mut y = vec![if average { 0.0 } else { f32::NEG_INFINITY }; output.len()];
    let mut counts = vec![0_u32; output.pixels()];
    slide(kernel, input, output, |_, at, to| {
        counts[to] += 1;
        let pixel = x[at * channels..][..channels].iter();
        for (y, &x) in y[to * channels..][..channels].iter_mut().zip(pixel) {
            *y = if average { *y + x } else { y.max(x) };
        }
    });
    if average {
        for (pixel, &count) in y.chunks_mut(channels).zip(&counts) {
            pixel.iter_mut().for_each(|v| *v /= count.max(1) as f32);
        }
    }
    y
}

fn means(x: &[f32], input: Shape) -> Vec<f32> {
    let channels = usize::from(input.c);
    let sum = |channel| x.iter().skip(channel).step_by(channels).sum::<f32>();
    (0..channels)
        .map(|channel| sum(channel) / input.pixels() as f32)
        .collect()
}
