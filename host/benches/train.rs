//! Steps per second of forward, NT-Xent, backward and Adam:
//! `cargo bench -p host --bench train [-- [A|B|C] [THREADS] [SECONDS]]`.
//!
//! The workloads are those of PyTorch's twin in `bench/torch_step.py`, head 64-128-64.

use host::objective::Batch;
use host::objective::nt_xent::NtXent;
use host::train::pretrain::{Head, Pretraining, Recipe};
use host::train::{Network, Rule, Schedule, projector};
use mote_core::shape::Shape;
use mote_core::spec::{Activation, Kernel, Layer, Op, Padding, Spec, Tensor};
use std::time::{Duration, Instant};

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

fn conv(channels: u16, size: [u8; 2], stride: [u8; 2], batch_norm: bool) -> Op {
    Op::Conv2d {
        channels,
        kernel: Kernel {
            size,
            stride,
            dilation: [1, 1],
            padding: Padding::Same,
        },
        batch_norm,
    }
}

/// ResNet-8's body over 32 x 32 pixels.
fn a() -> (Spec, usize) {
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
    (spec, 256)
}

/// Four depthwise separable blocks over 16 x 16 pixels.
fn b() -> (Spec, usize) {
    let mut spec = Spec {
        input: Shape::new(32, 32, 3),
        layers: Default::default(),
    };
    let mut last = push(&mut spec, 0, conv(32, [3, 3], [2, 2], true), true);
    for _ in 0..4 {
        let kernel = Kernel {
            size: [3, 3],
            stride: [1, 1],
            dilation: [1, 1],
            padding: Padding::Same,
        };
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
    (spec, 256)
}

/// Three convolutions over 128 samples of six channels.
fn c() -> (Spec, usize) {
    let mut spec = Spec {
        input: Shape::sequence(128, 6),
        layers: Default::default(),
    };
    let mut last = push(&mut spec, 0, conv(32, [1, 5], [1, 1], true), true);
    for _ in 0..2 {
        last = push(&mut spec, last, conv(64, [1, 5], [1, 2], true), true);
    }
    push(&mut spec, last, Op::GlobalAvgPool, false);
    (spec, 512)
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let threads: Vec<usize> = arguments
        .get(1)
        .and_then(|text| text.parse().ok())
        .map_or(vec![1, 2], |n| vec![n]);
    let seconds = arguments
        .get(2)
        .and_then(|text| text.parse().ok())
        .unwrap_or(3.0);
    for (name, (spec, rows)) in [("A", a()), ("B", b()), ("C", c())] {
        if arguments.first().is_some_and(|wanted| wanted != name) {
            continue;
        }
        for &threads in &threads {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| bench(name, &spec, rows, threads, seconds));
        }
    }
}

fn bench(name: &str, spec: &Spec, rows: usize, threads: usize, seconds: f64) {
    let encoder = Network::new(spec, 1).unwrap();
    let level = encoder.level().name();
    let head = Head::new(
        Some(projector(&[64, 128, 64], false, 2).unwrap()),
        Box::new(NtXent::new(0.5).unwrap()),
        1.0,
    );
    let recipe = Recipe {
        rule: Rule::ADAM,
        weight_decay: 0.0,
        schedule: Schedule::constant(1e-3),
        epochs: 1,
        seed: 1,
        clip: None,
    };
    let mut random = 1u32;
    let mut next = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) as f32 / 4_194_304.0 - 2.0
    };
    let inputs = (0..rows * encoder.input_len()).map(|_| next()).collect();
    let groups = (0..rows as u32)
        .map(|row| row % (rows as u32 / 2))
        .collect();
    let batch = Batch {
        inputs,
        groups,
        ..Batch::default()
    };
    let mut run = Pretraining::new(encoder, vec![head], recipe);
    let mut times = Vec::new();
    let begin = Instant::now();
    while begin.elapsed().as_secs_f64() < seconds || times.len() < 5 {
        let before = Instant::now();
        run.step(&batch).unwrap();
        times.push(before.elapsed());
    }
    times.sort();
    let rate = |time: Duration| 1.0 / time.as_secs_f64();
    println!(
        "{name}  {level}  {threads} threads  median {:.2} steps/s  best {:.2}  n {}",
        rate(times[times.len() / 2]),
        rate(times[0]),
        times.len()
    );
}
