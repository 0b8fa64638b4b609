//! The plain version of every layer, in `f64`: what the fast ones are judged by.

use mote_core::shape::Shape;
use mote_core::spec::{Activation, Kernel, Op, Spec};

/// The values of each tensor for each image.
pub type Tensors = Vec<Vec<Vec<f64>>>;

/// Runs `spec` on `batch` images, with batch norm over the batch; `parameters` lie as in `Network::parameters`.
pub fn forward(spec: &Spec, parameters: &[f64], input: &[f64]) -> Tensors {
    let shapes = spec.shapes().unwrap();
    let mut tensors: Tensors = vec![
        input
            .chunks(spec.input.len())
            .map(<[f64]>::to_vec)
            .collect(),
    ];
    let mut rest = parameters;
    let mut next = |len: usize| {
        let (taken, left) = rest.split_at(len);
        rest = left;
        taken.to_vec()
    };
    for (index, layer) in spec.layers.iter().enumerate() {
        let (from, to) = (shapes[usize::from(layer.input.0)], shapes[index + 1]);
        let (ci, co) = (usize::from(from.c), usize::from(to.c));
        let images = &tensors[usize::from(layer.input.0)];
        let other = layer
            .op
            .other()
            .map(|tensor| &tensors[usize::from(tensor.0)]);
        let mut norm = false;
        let mut output: Vec<Vec<f64>> = match layer.op {
            Op::Conv2d {
                kernel, batch_norm, ..
            } => {
                norm = batch_norm;
                let taps = usize::from(kernel.size[0]) * usize::from(kernel.size[1]);
                let weights = next(co * taps * ci);
                let bias = if norm { vec![0.0; co] } else { next(co) };
                let pixel = |image: &[f64], place: usize| -> Vec<f64> {
                    let reads = reads(from, to, kernel, place);
                    let sum = |o: usize| {
                        reads
                            .iter()
                            .map(|(tap, at)| {
                                (0..ci)
                                    .map(|c| {
                                        weights[(o * taps + tap) * ci + c] * image[at * ci + c]
                                    })
                                    .sum::<f64>()
                            })
                            .sum::<f64>()
                    };
                    (0..co).map(|o| bias[o] + sum(o)).collect()
                };
                images
                    .iter()
                    .map(|image| {
                        (0..to.pixels())
                            .flat_map(|place| pixel(image, place))
                            .collect()
                    })
                    .collect()
            }
            Op::DepthwiseConv2d { kernel, batch_norm } => {
                norm = batch_norm;
                let taps = usize::from(kernel.size[0]) * usize::from(kernel.size[1]);
                let weights = next(taps * ci);
                let bias = if norm { vec![0.0; co] } else { next(co) };
                let pixel = |image: &[f64], place: usize| -> Vec<f64> {
                    let reads = reads(from, to, kernel, place);
                    (0..co)
                        .map(|c| {
                            bias[c]
                                + reads
                                    .iter()
                                    .map(|(tap, at)| weights[tap * ci + c] * image[at * ci + c])
                                    .sum::<f64>()
                        })
                        .collect()
                };
                images
                    .iter()
                    .map(|image| {
                        (0..to.pixels())
                            .flat_map(|place| pixel(image, place))
                            .collect()
                    })
                    .collect()
            }
            Op::Dense { batch_norm, .. } => {
                norm = batch_norm;
                let weights = next(co * from.len());
                let bias = if norm { vec![0.0; co] } else { next(co) };
                let dot = |image: &[f64], o: usize| {
                    image
                        .iter()
                        .zip(&weights[o * from.len()..])
                        .map(|(x, w)| x * w)
                        .sum::<f64>()
                };
                images
                    .iter()
                    .map(|image| (0..co).map(|o| bias[o] + dot(image, o)).collect())
                    .collect()
            }
            Op::Add { .. } => {
                let sum =
                    |(a, b): (&Vec<f64>, &Vec<f64>)| a.iter().zip(b).map(|(a, b)| a + b).collect();
                images.iter().zip(other.unwrap()).map(sum).collect()
            }
            Op::Concat { .. } => {
                let join = |(a, b): (&Vec<f64>, &Vec<f64>)| {
                    a.chunks(ci)
                        .zip(b.chunks(co - ci))
                        .flat_map(|(a, b)| [a, b].concat())
                        .collect()
                };
                images.iter().zip(other.unwrap()).map(join).collect()
            }
            Op::AvgPool { kernel } => pool(images, from, to, kernel, |values| {
                values.iter().sum::<f64>() / values.len() as f64
            }),
            Op::MaxPool { kernel } => pool(images, from, to, kernel, |values| {
                values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
            }),
            Op::GlobalAvgPool => images
                .iter()
                .map(|image| (0..ci).map(|c| moments(image, ci, c).0).collect())
                .collect(),
            Op::GlobalStatPool => {
                let statistics = |image: &Vec<f64>| {
                    let all: Vec<(f64, f64)> = (0..ci).map(|c| moments(image, ci, c)).collect();
                    all.iter()
                        .map(|m| m.0)
                        .chain(all.iter().map(|m| m.1.sqrt()))
                        .collect()
                };
                images.iter().map(statistics).collect()
            }
            Op::Embedding { vocabulary, .. } => {
                let table = next(usize::from(vocabulary) * co);
                images
                    .iter()
                    .map(|image| {
                        image
                            .iter()
                            .flat_map(|&s| table[s as usize * co..(s as usize + 1) * co].to_vec())
                            .collect()
                    })
                    .collect()
            }
        };
        if norm {
            let (gamma, beta) = (next(co), next(co));
            let all: Vec<f64> = output.concat();
            for c in 0..co {
                let (mean, variance) = moments(&all, co, c);
                for x in output
                    .iter_mut()
                    .flat_map(|image| image.iter_mut().skip(c).step_by(co))
                {
                    *x = (*x - mean) / (variance + 1e-5).sqrt() * gamma[c] + beta[c];
                }
            }
        }
        if layer.activation == Activation::Relu {
            output.iter_mut().flatten().for_each(|x| *x = x.max(0.0));
        }
        tensors.push(output);
    }
    tensors
}

/// Mean and biased variance of channel `c` of `channels`.
fn moments(values: &[f64], channels: usize, c: usize) -> (f64, f64) {
    let channel = || values.iter().skip(c).step_by(channels);
    let count = channel().count() as f64;
    let mean = channel().sum::<f64>() / count;
    (
        mean,
        channel().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count,
    )
}

/// The taps that read no padding at output pixel `place`, each with the input pixel read.
fn reads(from: Shape, to: Shape, kernel: Kernel, place: usize) -> Vec<(usize, usize)> {
    let (_, pad) = kernel.resolve(from.h, from.w).unwrap();
    let place = [place / usize::from(to.w), place % usize::from(to.w)];
    let mut reads = Vec::new();
    for row in 0..usize::from(kernel.size[0]) {
        for column in 0..usize::from(kernel.size[1]) {
            let at = |axis: usize, tap: usize| {
                (place[axis] * usize::from(kernel.stride[axis])
                    + tap * usize::from(kernel.dilation[axis])) as isize
                    - isize::from(pad[axis] as i8)
            };
            let (y, x) = (at(0, row), at(1, column));
            if (0..from.h as isize).contains(&y) && (0..from.w as isize).contains(&x) {
                reads.push((
                    row * usize::from(kernel.size[1]) + column,
                    y as usize * usize::from(from.w) + x as usize,
                ));
            }
        }
    }
    reads
}

fn pool(
    images: &[Vec<f64>],
    from: Shape,
    to: Shape,
    kernel: Kernel,
    reduce: impl Fn(&[f64]) -> f64,
) -> Vec<Vec<f64>> {
    let c = usize::from(from.c);
    let value = |image: &[f64], place: usize, channel: usize| {
        reduce(
            &reads(from, to, kernel, place)
                .iter()
                .map(|(_, at)| image[at * c + channel])
                .collect::<Vec<_>>(),
        )
    };
    let image = |image: &Vec<f64>| {
        (0..to.pixels() * c)
            .map(|i| value(image, i / c, i % c))
            .collect()
    };
    images.iter().map(image).collect()
}
