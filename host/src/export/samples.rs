//! Encoders for the tests: random specs with random numbers that behave as trained ones do.

use crate::train::trained::{BatchNorm, TrainedEncoder, TrainedLayer};
use mote_core::shape::Shape;
use mote_core::spec::{Activation, Kernel, Layer, Op, Padding, Spec, Tensor};

/// SplitMix64 (Steele et al., 2014): small, and the same everywhere.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// Even in `low..high`.
    pub fn even(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * (self.next() >> 40) as f32 / (1_u64 << 24) as f32
    }

    /// About normal, with deviation 1.
    pub fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.even(-0.5, 0.5)).sum()
    }

    pub fn normals(&mut self, n: usize, deviation: f32) -> Vec<f32> {
        (0..n).map(|_| self.normal() * deviation).collect()
    }
}

/// Random numbers for `spec`, scaled so that activations keep their size from layer to layer.
pub fn trained(spec: &Spec, seed: u64) -> TrainedEncoder {
    let mut random = Random::new(seed);
    let shapes = spec.shapes().unwrap();
    let layer = |(index, layer): (usize, &Layer)| {
        let (input, output) = (shapes[usize::from(layer.input.0)], shapes[index + 1]);
        let channels = layer.op.biases(output);
        let fan_in = layer.op.fan_in(input).max(1) as f32;
        let deviation = match layer.op {
            Op::Embedding { .. } => 1.0,
            _ => (2.0 / fan_in).sqrt(),
        };
        let mut evens = |low, high| (0..channels).map(|_| random.even(low, high)).collect();
        let batch_norm = layer.op.batch_norm().then(|| BatchNorm {
            gamma: evens(0.5, 1.5),
            beta: evens(-0.3, 0.3),
            mean: evens(-0.3, 0.3),
            variance: evens(0.5, 2.0),
            epsilon: 1e-3,
        });
        TrainedLayer {
            bias: evens(-0.2, 0.2),
            weights: random.normals(layer.op.weights(input, output), deviation),
            batch_norm,
        }
    };
    TrainedEncoder {
        spec: spec.clone(),
        layers: spec.layers.iter().enumerate().map(layer).collect(),
    }
}

/// `count` windows for `spec`: normal values, or symbols where it looks symbols up.
pub fn windows(spec: &Spec, count: usize, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed);
    let len = count * spec.input.len();
    let vocabulary = spec.layers.iter().find_map(|layer| match layer.op {
        Op::Embedding { vocabulary, .. } => Some(u64::from(vocabulary)),
        _ => None,
    });
    match vocabulary {
        Some(vocabulary) => (0..len).map(|_| random.below(vocabulary) as f32).collect(),
        None => random.normals(len, 1.0),
    }
}

/// A random spec of a few layers, each of any kind that fits where it stands.
pub fn spec(seed: u64) -> Spec {
    let mut random = Random::new(seed);
    let pick = |random: &mut Random, low: u64, high: u64| low + random.below(high - low + 1);
    let symbols = random.below(6) == 0;
    let h = if random.below(2) == 0 {
        1
    } else {
        pick(&mut random, 2, 9)
    };
    let w = pick(&mut random, 1, 14);
    let c = if symbols { 1 } else { pick(&mut random, 1, 6) };
    let input = Shape::new(h as u16, w as u16, c as u16);
    let mut spec = Spec {
        input,
        layers: Default::default(),
    };
    let target = pick(&mut random, 2, 9) as usize;
    let mut tries = 0;
    while spec.layers.len() < target && tries < 400 {
        tries += 1;
        let made = spec.layers.len() as u64 + 1;
        let op = if symbols && made == 1 {
            Op::Embedding {
                vocabulary: pick(&mut random, 1, 256) as u16,
                channels: 5,
            }
        } else {
            op(&mut random, made)
        };
        // Mostly the last tensor, sometimes one further back.
        let input = if random.below(4) == 0 {
            random.below(made)
        } else {
            made - 1
        };
        let input = if symbols {
            input.max(u64::from(made > 1))
        } else {
            input
        };
        let activation = [Activation::None, Activation::Relu][random.below(2) as usize];
        let layer = Layer {
            input: Tensor(input as u8),
            op,
            activation,
        };
        let touches_symbols = symbols && made > 1 && op.other() == Some(Tensor::INPUT);
        if touches_symbols || spec.layers.push(layer).is_err() {
            continue;
        }
        if spec.shapes().is_err() {
            spec.layers.pop();
        }
    }
    spec
}

fn op(random: &mut Random, made: u64) -> Op {
    let channels = 1 + random.below(9) as u16;
    let kernel = kernel(random);
    let batch_norm = random.below(2) == 0;
    let other = Tensor(random.below(made) as u8);
    match random.below(20) {
        0..5 => Op::Conv2d {
            channels,
            kernel,
            batch_norm,
        },
        5..8 => Op::DepthwiseConv2d { kernel, batch_norm },
        8 => Op::Dense {
            channels,
            batch_norm,
        },
        9..13 => Op::Add { other },
        13..15 => Op::Concat { other },
        15 => Op::AvgPool {
            kernel: Kernel {
                dilation: [1, 1],
                ..kernel
            },
        },
        16 => Op::MaxPool {
            kernel: Kernel {
                dilation: [1, 1],
                ..kernel
            },
        },
        17 => Op::GlobalAvgPool,
        18 => Op::GlobalStatPool,
        _ => Op::Conv2d {
            channels,
            kernel: Kernel::new([1, 1], [1, 1], Padding::Same),
            batch_norm,
        },
    }
}

fn kernel(random: &mut Random) -> Kernel {
    let mut pair = |most: u64| [1 + random.below(most) as u8, 1 + random.below(most) as u8];
    let (size, stride, dilation) = (pair(4), pair(2), pair(2));
    let padding = match random.below(6) {
        0 => Padding::Valid,
        1 => Padding::Causal,
        2 => Padding::Explicit(std::array::from_fn(|_| random.below(3) as u8)),
        _ => Padding::Same,
    };
    Kernel {
        size,
        stride,
        dilation,
        padding,
    }
}
