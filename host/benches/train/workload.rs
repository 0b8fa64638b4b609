//! What is timed: three bodies that papers and laptops know, and mote's presets.

use mote_core::preset::Preset;
use mote_core::shape::Shape;
use mote_core::spec::{Activation, Kernel, Layer, Op, Padding, Spec, Tensor};

/// An encoder and the rows of its batches.
pub struct Workload {
    /// What the command line calls it.
    pub name: &'static str,
    /// The encoder.
    pub spec: Spec,
    /// Views in a step.
    pub rows: usize,
}

/// All of them: `A`, `B`, `C`, then the presets.
pub fn all() -> Vec<Workload> {
    let mut all = vec![
        Workload {
            name: "A",
            spec: a(),
            rows: 256,
        },
        Workload {
            name: "B",
            spec: b(),
            rows: 256,
        },
        Workload {
            name: "C",
            spec: c(),
            rows: 512,
        },
    ];
    for preset in Preset::ALL {
        let input = match preset {
            Preset::Conv1d => Shape::sequence(128, 6),
            Preset::Resnet8 => Shape::new(32, 32, 3),
            Preset::Dscnn => Shape::new(49, 10, 1),
            Preset::Tcn => Shape::sequence(256, 1),
        };
        let spec = preset.spec(input, 1.0, None);
        all.extend(spec.ok().map(|spec| Workload {
            name: preset.name(),
            spec,
            rows: 256,
        }));
    }
    all
}

/// Appends a layer that reads the last tensor.
fn push(spec: &mut Spec, input: u8, op: Op, relu: bool) -> u8 {
    let activation = if relu {
        Activation::Relu
    } else {
        Activation::None
    };
    spec.layers
        .push(Layer {
            input: Tensor(input),
            op,
            activation,
        })
        .ok();
    spec.layers.len() as u8
}

/// Padded alike on both sides, as PyTorch's own convolutions can.
fn kernel(size: [u8; 2], stride: [u8; 2]) -> Kernel {
    let [rows, columns] = size.map(|taps| taps / 2);
    Kernel::new(
        size,
        stride,
        Padding::Explicit([rows, rows, columns, columns]),
    )
}

fn conv(channels: u16, size: [u8; 2], stride: [u8; 2], batch_norm: bool) -> Op {
    Op::Conv2d {
        channels,
        kernel: kernel(size, stride),
        batch_norm,
    }
}

/// ResNet-8's body over 32 x 32 pixels.
fn a() -> Spec {
    let mut spec = Spec {
        input: Shape::new(32, 32, 3),
        layers: Default::default(),
    };
    let mut last = push(&mut spec, 0, conv(16, [3, 3], [1, 1], true), true);
    for (channels, stride) in [(16, 1), (32, 2), (64, 2)] {
        let body = push(
            &mut spec,
            last,
            conv(channels, [3, 3], [stride; 2], true),
            true,
        );
        let body = push(&mut spec, body, conv(channels, [3, 3], [1, 1], true), false);
        let skip = if stride == 1 {
            last
        } else {
            push(
                &mut spec,
                last,
                conv(channels, [1, 1], [stride; 2], false),
                false,
            )
        };
        last = push(
            &mut spec,
            body,
            Op::Add {
                other: Tensor(skip),
            },
            true,
        );
    }
    push(&mut spec, last, Op::GlobalAvgPool, false);
    spec
}

/// Four depthwise separable blocks over 16 x 16 pixels.
fn b() -> Spec {
    let mut spec = Spec {
        input: Shape::new(32, 32, 3),
        layers: Default::default(),
    };
    let mut last = push(&mut spec, 0, conv(32, [3, 3], [2, 2], true), true);
    for _ in 0..4 {
        let kernel = kernel([3, 3], [1, 1]);
        last = push(
            &mut spec,
            last,
            Op::DepthwiseConv2d {
                kernel,
                batch_norm: true,
            },
            true,
        );
        last = push(&mut spec, last, conv(64, [1, 1], [1, 1], true), true);
    }
    push(&mut spec, last, Op::GlobalAvgPool, false);
    spec
}

/// Three convolutions over 128 samples of six channels.
fn c() -> Spec {
    let mut spec = Spec {
        input: Shape::sequence(128, 6),
        layers: Default::default(),
    };
    let mut last = push(&mut spec, 0, conv(32, [1, 5], [1, 1], true), true);
    for _ in 0..2 {
        last = push(&mut spec, last, conv(64, [1, 5], [1, 2], true), true);
    }
    push(&mut spec, last, Op::GlobalAvgPool, false);
    spec
}
