//! Layers whose measured cost the predictions are fitted to: of every kind, in the sizes that small encoders have.
//! The presets are not among them; they judge the fit.

use crate::cases::chain;
use mote_core::shape::Shape;
use mote_core::spec::{Activation, Kernel, Op, Padding, Spec, Tensor};

const RELU: Activation = Activation::Relu;
const NONE: Activation = Activation::None;

/// Input, filters, taps, stride.
type Picture = ([u16; 3], u16, [u8; 2], u8);

const PICTURES: [Picture; 21] = [
    ([32, 32, 3], 16, [3, 3], 1),
    ([20, 20, 3], 24, [3, 3], 2),
    ([24, 24, 8], 12, [3, 3], 1),
    ([16, 16, 16], 32, [3, 3], 2),
    ([24, 20, 12], 16, [3, 3], 1),
    ([16, 16, 24], 24, [3, 3], 1),
    ([12, 12, 32], 48, [3, 3], 1),
    ([8, 8, 48], 32, [3, 3], 1),
    ([10, 10, 16], 32, [3, 3], 1),
    ([7, 7, 64], 32, [3, 3], 1),
    ([28, 28, 4], 8, [3, 3], 1),
    ([20, 13, 20], 20, [3, 3], 1),
    ([9, 9, 40], 64, [3, 3], 2),
    ([20, 20, 4], 8, [5, 5], 1),
    ([40, 10, 1], 32, [10, 4], 2),
    ([28, 28, 1], 16, [5, 5], 2),
    ([32, 32, 12], 24, [1, 1], 2),
    ([16, 16, 32], 48, [1, 1], 1),
    ([20, 6, 48], 64, [1, 1], 1),
    ([10, 10, 8], 16, [1, 1], 1),
    ([14, 14, 32], 64, [1, 1], 2),
];

/// Length, channels, filters, taps, stride, dilation; dilated ones are causal.
const SEQUENCES: [(u16, u16, u16, u8, u8, u8); 12] = [
    (100, 6, 16, 5, 1, 1),
    (160, 3, 32, 5, 2, 1),
    (90, 9, 24, 7, 2, 1),
    (64, 32, 48, 5, 2, 1),
    (80, 16, 24, 3, 1, 1),
    (40, 48, 64, 5, 2, 1),
    (200, 1, 32, 3, 1, 1),
    (200, 32, 32, 3, 1, 2),
    (128, 16, 16, 3, 1, 8),
    (96, 24, 32, 3, 1, 4),
    (150, 32, 24, 1, 1, 1),
    (150, 32, 32, 3, 1, 16),
];

/// Input, taps, stride.
const DEPTHWISE: [Picture; 12] = [
    ([20, 6, 48], 0, [3, 3], 1),
    ([16, 16, 32], 0, [3, 3], 1),
    ([12, 12, 16], 0, [3, 3], 1),
    ([24, 24, 8], 0, [3, 3], 1),
    ([9, 7, 64], 0, [3, 3], 1),
    ([24, 24, 16], 0, [3, 3], 2),
    ([16, 16, 32], 0, [3, 3], 2),
    ([10, 12, 64], 0, [3, 3], 2),
    ([16, 16, 16], 0, [5, 5], 1),
    ([1, 100, 16], 0, [1, 5], 1),
    ([1, 64, 32], 0, [1, 5], 1),
    ([1, 120, 24], 0, [1, 3], 1),
];

const DENSE: [[u16; 2]; 9] = [
    [512, 96],
    [64, 12],
    [128, 64],
    [100, 128],
    [16, 128],
    [128, 16],
    [256, 32],
    [96, 50],
    [33, 17],
];

/// Input, window, stride.
const POOLS: [([u16; 3], u8, u8); 6] = [
    ([6, 6, 64], 6, 6),
    ([24, 24, 16], 2, 2),
    ([16, 16, 32], 2, 2),
    ([17, 17, 24], 3, 2),
    ([20, 20, 12], 2, 2),
    ([12, 12, 48], 4, 4),
];

/// Shapes of whole tensors, for what has no kernel.
const TENSORS: [[u16; 3]; 7] = [
    [24, 24, 16],
    [12, 12, 32],
    [8, 8, 48],
    [1, 100, 32],
    [1, 20, 64],
    [1, 16, 32],
    [20, 6, 40],
];

/// Every layer by a name of its own; where a case has several, all of them count.
pub fn shapes() -> Vec<(String, Spec)> {
    let mut cases: Vec<Spec> = Vec::new();
    let shape = |[h, w, c]: [u16; 3]| Shape::new(h, w, c);
    for (input, channels, size, stride) in PICTURES {
        let conv = Op::Conv2d {
            channels,
            kernel: Kernel::new(size, [stride; 2], Padding::Same),
            batch_norm: false,
        };
        cases.push(chain(shape(input), &[(conv, RELU)]));
    }
    for (len, c, channels, taps, stride, dilation) in SEQUENCES {
        let padding = match dilation {
            1 => Padding::Same,
            _ => Padding::Causal,
        };
        let conv = Op::Conv2d {
            channels,
            kernel: Kernel::sequence(taps, stride, padding).dilated(dilation),
            batch_norm: false,
        };
        cases.push(chain(Shape::sequence(len, c), &[(conv, RELU)]));
    }
    for (input, _, size, stride) in DEPTHWISE {
        let depthwise = Op::DepthwiseConv2d {
            kernel: Kernel::new(size, [stride; 2], Padding::Same),
            batch_norm: false,
        };
        cases.push(chain(shape(input), &[(depthwise, RELU)]));
    }
    for [inputs, channels] in DENSE {
        let dense = Op::Dense {
            channels,
            batch_norm: false,
        };
        cases.push(chain(Shape::vector(inputs), &[(dense, NONE)]));
    }
    for (input, size, stride) in POOLS {
        let kernel = Kernel::new([size; 2], [stride; 2], Padding::Valid);
        cases.push(chain(shape(input), &[(Op::AvgPool { kernel }, NONE)]));
        cases.push(chain(shape(input), &[(Op::MaxPool { kernel }, NONE)]));
    }
    for tensor in TENSORS {
        let input = shape(tensor);
        let same = Op::Conv2d {
            channels: input.c,
            kernel: Kernel::new([1, 1], [1, 1], Padding::Valid),
            batch_norm: false,
        };
        let other = Tensor(1);
        // Something to read beside the input.
        cases.push(chain(
            input,
            &[
                (same, RELU),
                (Op::Add { other: Tensor(0) }, RELU),
                (Op::Add { other }, NONE),
                (Op::Concat { other }, NONE),
            ],
        ));
        cases.push(chain(input, &[(Op::GlobalAvgPool, NONE)]));
        cases.push(chain(input, &[(Op::GlobalStatPool, NONE)]));
        let embedding = Op::Embedding {
            vocabulary: 64,
            channels: input.c,
        };
        let symbols = Shape::new(input.h, input.w, 1);
        cases.push(chain(symbols, &[(embedding, NONE)]));
    }
    let named = cases.into_iter().enumerate();
    named.map(|(i, spec)| (format!("fit{i}"), spec)).collect()
}
