//! The layers and networks whose cost is kept: shapes of the table in the README, made-up numbers.

use host::export::{About, QuantizedEncoder, QuantizedLayer};
use host::train::trained::{TrainedEncoder, TrainedLayer};
use mote_core::kernel::i8::Add;
use mote_core::preset::Preset;
use mote_core::quant::{Multiplier, Quant};
use mote_core::shape::Shape;
use mote_core::spec::{Activation, Kernel, Layer, Op, Padding, Spec, Tensor};

/// Every case by name: single layers by letter, then networks.
pub fn cases() -> Vec<(String, Spec)> {
    let conv = |channels, size, stride| Op::Conv2d {
        channels,
        kernel: Kernel::new(size, [stride; 2], Padding::Same),
        batch_norm: false,
    };
    let sequence = |channels| Op::Conv2d {
        channels,
        kernel: Kernel::sequence(5, 1, Padding::Same),
        batch_norm: false,
    };
    let depthwise = |size| Op::DepthwiseConv2d {
        kernel: Kernel::new([size; 2], [1, 1], Padding::Same),
        batch_norm: false,
    };
    let pool = |size| Kernel::new([size; 2], [size; 2], Padding::Valid);
    let dense = |channels| Op::Dense {
        channels,
        batch_norm: false,
    };
    let picture = Shape::new(32, 32, 16);
    let sound = Shape::new(25, 5, 64);
    let relu = |op| (op, Activation::Relu);
    let mut cases = vec![
        ("a", chain(picture, &[relu(conv(16, [3, 3], 1))])),
        (
            "b",
            chain(Shape::new(32, 32, 3), &[relu(conv(16, [3, 3], 1))]),
        ),
        ("c", chain(picture, &[relu(conv(32, [3, 3], 2))])),
        ("d", chain(sound, &[relu(conv(64, [1, 1], 1))])),
        ("e", chain(sound, &[relu(depthwise(3))])),
        (
            "f",
            chain(Shape::new(49, 10, 1), &[relu(conv(64, [10, 4], 2))]),
        ),
        ("g", chain(Shape::vector(640), &[relu(dense(128))])),
        ("h1", chain(Shape::sequence(128, 6), &[relu(sequence(16))])),
        ("h2", chain(Shape::sequence(128, 16), &[relu(sequence(32))])),
        (
            "i",
            chain(
                picture,
                &[relu(depthwise(1)), relu(Op::Add { other: Tensor(0) })],
            ),
        ),
        (
            "j",
            chain(
                Shape::new(8, 8, 64),
                &[(Op::AvgPool { kernel: pool(8) }, Activation::None)],
            ),
        ),
        (
            "k",
            chain(Shape::vector(64), &[(dense(10), Activation::None)]),
        ),
        (
            "l",
            chain(picture, &[(conv(32, [1, 1], 2), Activation::None)]),
        ),
        (
            "m",
            chain(Shape::new(8, 8, 64), &[relu(conv(64, [3, 3], 1))]),
        ),
        (
            "n",
            chain(
                picture,
                &[(Op::MaxPool { kernel: pool(2) }, Activation::None)],
            ),
        ),
    ];
    let narrow: Vec<_> = [128, 128, 128, 128, 8, 128, 128, 128, 128, 640]
        .map(|channels| relu(dense(channels)))
        .to_vec();
    cases.push(("autoencoder", chain(Shape::vector(640), &narrow)));
    for (name, preset) in [
        ("conv1d", Preset::Conv1d),
        ("resnet8", Preset::Resnet8),
        ("dscnn", Preset::Dscnn),
        ("tcn", Preset::Tcn),
    ] {
        let classes = match name {
            "resnet8" => Some(10),
            "dscnn" => Some(12),
            _ => None,
        };
        let spec = preset.spec(preset.usual_input(), 1.0, classes).unwrap();
        cases.push((name, spec));
    }
    cases
        .into_iter()
        .map(|(name, spec)| (name.to_owned(), spec))
        .collect()
}

/// The cases with made-up numbers.
pub fn encoders(cases: Vec<(String, Spec)>) -> Vec<(String, QuantizedEncoder)> {
    let made = |(name, spec)| (name, made_up(&spec, 1));
    cases.into_iter().map(made).collect()
}

/// One layer after the other.
pub fn chain(input: Shape, ops: &[(Op, Activation)]) -> Spec {
    let layers = ops
        .iter()
        .enumerate()
        .map(|(index, &(op, activation))| Layer {
            input: Tensor(index as u8),
            op,
            activation,
        });
    Spec {
        input,
        layers: layers.collect(),
    }
}

/// A kernel with single rows and columns, any padding, stride and dilation.
pub fn kernel(random: &mut Random) -> Kernel {
    let mut pick = |low: u64, high: u64| (low + random.next() % (high - low + 1)) as u8;
    let size = [pick(1, 4), pick(1, 5)];
    let stride = [pick(1, 3), pick(1, 3)];
    let dilation = [pick(1, 2), pick(1, 3)];
    let padding = match pick(0, 3) {
        0 => Padding::Same,
        1 => Padding::Valid,
        _ => Padding::Explicit([pick(0, 2), pick(0, 2), pick(0, 2), pick(0, 2)]),
    };
    Kernel {
        size,
        stride,
        dilation,
        padding,
    }
}

/// Small layers of every kind over odd shapes, and some whose ratios shift to the left.
pub fn odd() -> Vec<QuantizedEncoder> {
    let mut random = Random(11);
    let mut odd = Vec::new();
    for seed in 0..372 {
        let mut pick = |most: u64| (1 + random.next() % most) as u16;
        let rows = [1, pick(9)][usize::from(pick(2) - 1)];
        let mut input = Shape::new(rows, pick(14), pick(45));
        let mut channels = pick(45);
        let mut kernel = kernel(&mut random);
        if seed % 6 == 1 {
            // Packed, neighbouring outputs share pixels.
            (kernel.size[1], kernel.stride[1], kernel.dilation[1]) = (3, 1, 1);
            (input.c, channels) = (input.c.next_multiple_of(4), channels.next_multiple_of(2));
        }
        let batch_norm = false;
        let depthwise = Op::DepthwiseConv2d { kernel, batch_norm };
        let ops = match seed % 6 {
            0 | 1 => vec![Op::Conv2d {
                channels,
                kernel,
                batch_norm,
            }],
            2 => vec![depthwise],
            3 => vec![Op::Dense {
                channels,
                batch_norm,
            }],
            4 => {
                kernel.dilation = [1, 1];
                vec![Op::MaxPool { kernel }, Op::AvgPool { kernel }]
            }
            _ => {
                let kernel = Kernel::new([1, 1], [1, 1], Padding::Same);
                vec![
                    Op::DepthwiseConv2d { kernel, batch_norm },
                    Op::Add { other: Tensor(0) },
                ]
            }
        };
        let activation = |index| [Activation::None, Activation::Relu][(seed + index) % 2];
        let ops: Vec<_> = ops
            .into_iter()
            .enumerate()
            .map(|(index, op)| (op, activation(seed / 6 + index)))
            .collect();
        let spec = chain(input, &ops);
        if spec.shapes().is_err() {
            continue;
        }
        let mut encoder = made_up(&spec, seed as u64);
        if seed % 13 == 0
            && let Some(ratio) = encoder.layers[0].ratios.last_mut()
        {
            ratio.shift = (seed / 13 % 2) as i8;
        }
        odd.push(encoder);
    }
    odd
}

/// The same encoder with real numbers.
pub fn trained(encoder: &QuantizedEncoder) -> TrainedEncoder {
    let layers = encoder.layers.iter().map(|layer| TrainedLayer {
        weights: layer.weights.iter().map(|&w| f32::from(w) / 83.0).collect(),
        bias: layer.bias.iter().map(|&b| b as f32 / 7000.0).collect(),
        batch_norm: None,
    });
    TrainedEncoder {
        spec: encoder.spec.clone(),
        layers: layers.collect(),
    }
}

/// What the images say about themselves.
pub fn about(name: &str, spec: &Spec) -> About {
    About::plain(name, u32::from(spec.input.w), usize::from(spec.input.c))
}

/// SplitMix64 (Steele et al., 2014).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A weight, mostly small: no wider than real ones.
    fn weight(&mut self) -> i8 {
        let bits = self.next();
        let sum: i32 = (0..4)
            .map(|i| i32::from((bits >> (8 * i)) as u8 as i8))
            .sum();
        (sum / 3).clamp(-127, 127) as i8
    }
}

/// `spec` with random weights, and ratios that spread every output over its range.
pub fn made_up(spec: &Spec, seed: u64) -> QuantizedEncoder {
    let mut random = Random(seed);
    let shapes = spec.shapes().unwrap();
    let mut spec = spec.clone();
    let symbols = |layer: &Layer| matches!(layer.op, Op::Embedding { .. });
    let mut quants = vec![Quant {
        scale: if spec.layers.iter().any(symbols) {
            1.0
        } else {
            0.05
        },
        zero_point: -128,
    }];
    let mut layers = Vec::new();
    for (index, layer) in spec.layers.iter_mut().enumerate() {
        fold(&mut layer.op);
        let (input, output) = (shapes[usize::from(layer.input.0)], shapes[index + 1]);
        let from = quants[usize::from(layer.input.0)];
        let to = match layer.op {
            Op::AvgPool { .. } | Op::MaxPool { .. } => from,
            _ => Quant {
                scale: 0.04 + 0.01 * (index % 3) as f32,
                zero_point: match layer.activation {
                    Activation::Relu => -128,
                    Activation::None => 5,
                },
            },
        };
        quants.push(to);
        let fan_in = layer.op.fan_in(input);
        let mut made = QuantizedLayer::default();
        match layer.op {
            Op::Conv2d { .. } | Op::DepthwiseConv2d { .. } | Op::Dense { .. } => {
                let len = layer.op.weights(input, output);
                made.weights = (0..len).map(|_| random.weight()).collect();
                let channels = layer.op.biases(output);
                let depthwise = matches!(layer.op, Op::DepthwiseConv2d { .. });
                for channel in 0..channels {
                    let sum: i32 = (0..fan_in)
                        .map(|i| match depthwise {
                            true => i * channels + channel,
                            false => channel * fan_in + i,
                        })
                        .map(|at| i32::from(made.weights[at]))
                        .sum();
                    let bias = (random.next() % 8001) as i32 - 4000;
                    made.bias.push(bias - i32::from(from.zero_point) * sum);
                    let spread = 110.0 * 45.0 * (fan_in as f64).sqrt();
                    let wanted = 40.0 + (random.next() % 40) as f64;
                    made.ratios
                        .push(Multiplier::from_real(wanted / spread).unwrap());
                }
            }
            Op::Add { other } => {
                let other = quants[usize::from(other.0)];
                let add = Add::new(from, other, to, layer.activation).unwrap();
                made.ratios = vec![add.a.multiplier, add.b.multiplier, add.multiplier];
            }
            Op::Concat { other } => {
                let parts = [from, quants[usize::from(other.0)]];
                let ratio = |part: Quant| f64::from(part.scale) / f64::from(to.scale);
                made.ratios = parts
                    .map(|part| Multiplier::from_real(ratio(part)).unwrap())
                    .to_vec();
            }
            Op::Embedding { .. } => {
                let len = layer.op.weights(input, output);
                made.weights = (0..len).map(|_| random.weight()).collect();
            }
            Op::GlobalAvgPool | Op::GlobalStatPool => {
                let ratio = f64::from(from.scale) / f64::from(to.scale) / input.pixels() as f64;
                made.ratios = vec![Multiplier::from_real(ratio).unwrap()];
            }
            _ => {}
        }
        layers.push(made);
    }
    QuantizedEncoder {
        spec,
        quants,
        layers,
    }
}

fn fold(op: &mut Op) {
    if let Op::Conv2d { batch_norm, .. }
    | Op::DepthwiseConv2d { batch_norm, .. }
    | Op::Dense { batch_norm, .. } = op
    {
        *batch_norm = false;
    }
}
