//! Losses and training steps against PyTorch in float64; `golden/torch_step.py` wrote the golden files.

#[path = "common/golden.rs"]
mod values;

use host::objective::barlow_twins::BarlowTwins;
use host::objective::cpc::Cpc;
use host::objective::cross_entropy::{CrossEntropy, Places};
use host::objective::distillation::Regression;
use host::objective::gaussian::Gaussian;
use host::objective::moco::{Moco, MocoConfig};
use host::objective::mse::Mse;
use host::objective::next_symbol;
use host::objective::nt_xent::NtXent;
use host::objective::paired::{Clip, Paired};
use host::objective::smooth_l1::SmoothL1;
use host::objective::vicreg::VicReg;
use host::objective::{Batch, Objective, UNLABELLED};
use host::train::pretrain::{Head, Pretraining, Recipe};
use host::train::{Network, Rule, Schedule, head, projector};
use mote_core::preset::{Preset, tcn};
use mote_core::shape::Shape;
use mote_core::spec::{Activation, Kernel, Layer, Op, Padding, Spec, Tensor};
use values::{close, golden, uniform};

fn check_loss(
    objective: &mut dyn Objective,
    width: usize,
    factor: f32,
    batch: &Batch,
    bytes: &[u8],
) {
    let golden = golden(bytes);
    let z: Vec<f32> = uniform(batch.rows() * width, 1)
        .iter()
        .map(|x| *x as f32 * factor)
        .collect();
    let mut gradient = vec![0.0; z.len()];
    let loss = objective.evaluate(&z, width, batch, &mut gradient).unwrap();
    gradient.iter_mut().for_each(|g| *g *= factor);
    close("loss", &[loss as f32], &golden[..1], 1e-6);
    close("gradient", &gradient, &golden[1..], 5e-6);
}

fn pairs(rows: u32) -> Batch {
    Batch {
        groups: (0..rows).map(|row| row % (rows / 2)).collect(),
        ..Batch::default()
    }
}

#[test]
fn nt_xent_is_torchs() {
    check_loss(
        &mut NtXent::new(0.2).unwrap(),
        17,
        1.0,
        &pairs(30),
        include_bytes!("golden/nt_xent.golden"),
    );
    let batch = Batch {
        groups: (0..25).map(|row| row / 3).collect(),
        families: (0..25).map(|row| row / 7).collect(),
        ..Batch::default()
    };
    check_loss(
        &mut NtXent::new(0.5).unwrap(),
        9,
        1.0,
        &batch,
        include_bytes!("golden/nt_xent_groups.golden"),
    );
}

#[test]
fn cross_entropy_is_torchs() {
    let batch = Batch {
        labels: (0..9).map(|row| row * 7 % 5).collect(),
        ..pairs(9)
    };
    check_loss(
        &mut CrossEntropy::default(),
        5,
        3.0,
        &batch,
        include_bytes!("golden/cross_entropy.golden"),
    );
}

#[test]
fn vicreg_is_torchs() {
    check_loss(
        &mut VicReg::default(),
        10,
        1.0,
        &pairs(24),
        include_bytes!("golden/vicreg.golden"),
    );
}

#[test]
fn barlow_twins_is_torchs() {
    check_loss(
        &mut BarlowTwins::default(),
        10,
        1.0,
        &pairs(24),
        include_bytes!("golden/barlow_twins.golden"),
    );
}

#[test]
fn moco_is_torchs() {
    let config = MocoConfig {
        queue: 24,
        ..MocoConfig::default()
    };
    let mut moco = Moco::new(config, 0);
    let as_f32 = |values: &[f64]| -> Vec<f32> { values.iter().map(|v| *v as f32).collect() };
    let before = as_f32(&uniform(24 * 7, 3));
    // Two steps fill the queue with what torch's holds.
    for (step, keys) in before.chunks_exact(12 * 7).enumerate() {
        let families = (0..12).map(|row| (12 * step as u32 + row) % 5);
        let batch = Batch {
            families: families.collect(),
            ..pairs(12)
        };
        moco.take_keys(keys);
        moco.evaluate(&[1.0; 12 * 7], 7, &batch, &mut [0.0; 12 * 7])
            .unwrap();
    }
    moco.take_keys(&as_f32(&uniform(12 * 7, 2)));
    let batch = Batch {
        families: (0..12).map(|row| row % 4).collect(),
        ..pairs(12)
    };
    check_loss(
        &mut moco,
        7,
        1.0,
        &batch,
        include_bytes!("golden/moco.golden"),
    );
}

#[test]
fn cpc_is_torchs() {
    let batch = Batch {
        families: (0..18).map(|row| row % 9 / 3).collect(),
        ..pairs(18)
    };
    check_loss(
        &mut Cpc::default(),
        8,
        1.0,
        &batch,
        include_bytes!("golden/cpc.golden"),
    );
}

/// Regression of what is known: the loss of `masked`, and that of `hand_features`.
#[test]
fn regressions_are_torchs() {
    let known = |(at, value): (usize, &f64)| {
        if at * 7 % 3 == 0 {
            f32::NAN
        } else {
            *value as f32
        }
    };
    let batch = Batch {
        groups: (0..10).collect(),
        targets: uniform(10 * 6, 2).iter().enumerate().map(known).collect(),
        ..Batch::default()
    };
    let masked = include_bytes!("golden/masked.golden");
    check_loss(&mut Mse, 6, 2.0, &batch, masked);
    let hand_features = include_bytes!("golden/hand_features.golden");
    check_loss(&mut SmoothL1, 6, 2.0, &batch, hand_features);
}

#[test]
fn distillation_is_torchs() {
    let batch = Batch {
        targets: uniform(12 * 7, 2).iter().map(|v| *v as f32).collect(),
        ..pairs(12)
    };
    check_loss(
        &mut Regression,
        7,
        1.0,
        &batch,
        include_bytes!("golden/distillation.golden"),
    );
}

#[test]
fn paired_is_torchs() {
    let config = Paired {
        temperature: 0.1,
        ..Paired::default()
    };
    // `check_loss` gives each row of the batch one projection; here each has two.
    let golden = golden(include_bytes!("golden/paired.golden"));
    let batch = Batch {
        groups: (0..11).collect(),
        families: (0..11).map(|row| row / 3).collect(),
        ..Batch::default()
    };
    let z: Vec<f32> = uniform(22 * 6, 1).iter().map(|x| *x as f32).collect();
    let mut gradient = vec![0.0; z.len()];
    let loss = Clip::new(&config).evaluate(&z, 6, &batch, &mut gradient);
    close("loss", &[loss.unwrap() as f32], &golden[..1], 1e-6);
    close("gradient", &gradient, &golden[1..], 5e-6);
}

#[test]
fn next_value_is_torchs() {
    let mut targets: Vec<f32> = uniform(11 * 3, 2).iter().map(|v| *v as f32).collect();
    for row in [3, 7] {
        targets[row * 3 + 2] = f32::NAN;
    }
    let batch = Batch {
        groups: (0..11).collect(),
        targets,
        ..Batch::default()
    };
    check_loss(
        &mut Gaussian,
        6,
        1.0,
        &batch,
        include_bytes!("golden/next_value.golden"),
    );
}

/// Gives `network` the parameters that torch's twin drew, from the streams after `stream`.
fn draw(network: &mut Network, mut stream: u64) {
    for parameter in network.named().to_vec() {
        stream += 1;
        let kind = parameter.name.rsplit('.').next().unwrap();
        let (scale, offset) = match kind {
            "weights" => (initial_scale(network, &parameter.name), 0.0),
            "gamma" => (0.25, 1.0),
            _ => (0.25, 0.0),
        };
        let values = uniform(parameter.range.len(), stream);
        for (to, value) in network.parameters_mut()[parameter.range]
            .iter_mut()
            .zip(values)
        {
            *to = (value * f64::from(scale)) as f32 + offset;
        }
    }
}

/// `1 / sqrt(fan in)`.
fn initial_scale(network: &Network, name: &str) -> f32 {
    let index: usize = name.split('.').next().unwrap().parse().unwrap();
    let layer = network.spec().layers[index];
    let input = network.spec().shapes().unwrap()[usize::from(layer.input.0)];
    let taps = |kernel: Kernel| usize::from(kernel.size[0]) * usize::from(kernel.size[1]);
    let fan_in = match layer.op {
        Op::Conv2d { kernel, .. } => taps(kernel) * usize::from(input.c),
        Op::DepthwiseConv2d { kernel, .. } => taps(kernel),
        Op::Embedding { .. } => 1,
        _ => input.len(),
    };
    (fan_in as f64).powf(-0.5) as f32
}

fn check_steps(spec: &Spec, bytes: &[u8]) {
    let encoder = Network::new(spec, 0).unwrap();
    let head = projector(&[encoder.output_len() as u16, 12, 8], false, 0).unwrap();
    let rows = 14;
    let inputs = uniform(rows * spec.input.len(), 99)
        .iter()
        .map(|x| (x * 1.75) as f32)
        .collect();
    let batch = Batch {
        inputs,
        ..pairs(rows as u32)
    };
    check_run(
        encoder,
        head,
        Box::new(NtXent::new(0.5).unwrap()),
        &batch,
        bytes,
    );
}

fn check_run(
    mut encoder: Network,
    mut head: Network,
    objective: Box<dyn Objective>,
    batch: &Batch,
    bytes: &[u8],
) {
    let golden = golden(bytes);
    draw(&mut encoder, 100);
    draw(&mut head, 200);
    let head = Head::new(Some(head), objective, 1.0);
    let recipe = Recipe {
        rule: Rule::ADAM,
        weight_decay: 0.0,
        schedule: Schedule::constant(1e-3),
        epochs: 1,
        seed: 0,
        clip: None,
        accumulate: 1,
    };
    let mut run = Pretraining::new(encoder, vec![head], recipe);
    let (losses, mut rest) = golden.split_at(10);
    for (step, expected) in losses.iter().enumerate() {
        let loss = run.step(batch).unwrap().loss as f32;
        assert!(
            (loss - expected).abs() <= 1e-4 * expected.abs(),
            "loss of step {step} is {loss}, not {expected}"
        );
        if step > 0 {
            continue;
        }
        for (place, network) in [
            ("encoder", &run.encoder),
            ("head", run.heads[0].network.as_ref().unwrap()),
        ] {
            for parameter in network.named() {
                let (expected, after) = rest.split_at(parameter.range.len());
                rest = after;
                close(
                    &format!("gradient of {place}.{}", parameter.name),
                    &network.gradients()[parameter.range.clone()],
                    expected,
                    5e-5,
                );
            }
        }
        close("running statistics", run.encoder.running(), rest, 1e-5);
    }
}

fn preset(preset: Preset, input: Shape) -> Spec {
    preset.spec(input, 0.25, None).unwrap()
}

#[test]
fn conv1d_steps_are_torchs() {
    check_steps(
        &preset(Preset::Conv1d, Shape::sequence(45, 6)),
        include_bytes!("golden/conv1d.golden"),
    );
}

#[test]
fn resnet8_steps_are_torchs() {
    // MLPerf Tiny's, in front of its classifier; `stat.golden` has what ends the encoder instead.
    let mut spec = Preset::Resnet8
        .spec(Shape::new(11, 9, 3), 0.25, Some(2))
        .unwrap();
    spec.layers.pop();
    check_steps(&spec, include_bytes!("golden/resnet8.golden"));
}

#[test]
fn dscnn_steps_are_torchs() {
    check_steps(
        &preset(Preset::Dscnn, Shape::new(25, 10, 1)),
        include_bytes!("golden/dscnn.golden"),
    );
}

#[test]
fn tcn_steps_are_torchs() {
    check_steps(
        &preset(Preset::Tcn, Shape::sequence(40, 2)),
        include_bytes!("golden/tcn.golden"),
    );
}

#[test]
fn statistics_pooling_steps_are_torchs() {
    let mut spec = Spec {
        input: Shape::sequence(45, 6),
        layers: Default::default(),
    };
    let mut push = |op, activation| {
        let input = Tensor(spec.layers.len() as u8);
        spec.layers
            .push(Layer {
                input,
                op,
                activation,
            })
            .unwrap();
    };
    for channels in [8, 12, 12] {
        let kernel = Kernel {
            size: [1, 5],
            stride: [1, 2],
            dilation: [1, 1],
            padding: Padding::Same,
        };
        push(
            Op::Conv2d {
                channels,
                kernel,
                batch_norm: true,
            },
            Activation::Relu,
        );
    }
    push(Op::GlobalStatPool, Activation::None);
    push(
        Op::Dense {
            channels: 20,
            batch_norm: true,
        },
        Activation::Relu,
    );
    push(
        Op::Dense {
            channels: 10,
            batch_norm: false,
        },
        Activation::None,
    );
    check_steps(&spec, include_bytes!("golden/stat.golden"));
}

#[test]
fn masked_symbols_is_torchs() {
    let asked = |row: u32| {
        if row.is_multiple_of(3) {
            row * 7 % 6
        } else {
            UNLABELLED
        }
    };
    let batch = Batch {
        labels: (0..20).map(asked).collect(),
        ..pairs(4)
    };
    check_loss(
        &mut Places::new("masked_symbols", 6),
        30,
        3.0,
        &batch,
        include_bytes!("golden/masked_symbols.golden"),
    );
}

/// An embedding, causal dilated convolutions, and the loss at every place.
#[test]
fn next_symbol_steps_are_torchs() {
    let (rows, length) = (6, 20);
    let mut spec = tcn(Shape::sequence(length, 1), Some(7), 0.25, None).unwrap();
    assert_eq!(
        spec.layers.pop().map(|layer| layer.op),
        Some(Op::GlobalAvgPool)
    );
    let encoder = Network::new(&spec, 0).unwrap();
    let linear = Op::Conv2d {
        channels: 7,
        kernel: Kernel::sequence(1, 1, Padding::Causal),
        batch_norm: false,
    };
    let head = head(spec.output().unwrap(), &[(linear, Activation::None)], 0).unwrap();
    let draws = uniform(rows * usize::from(length), 99);
    let inputs: Vec<f32> = draws
        .iter()
        .map(|x| ((x + 1.0) / 2.0 * 7.0).floor() as f32)
        .collect();
    let answers = |window: &[f32]| -> Vec<u32> {
        let next = window[1..].iter().chain(&[0.0]);
        next.map(|&symbol| next_symbol::answer(symbol)).collect()
    };
    let batch = Batch {
        labels: inputs.chunks(length.into()).flat_map(answers).collect(),
        inputs,
        ..pairs(rows as u32)
    };
    check_run(
        encoder,
        head,
        Box::new(Places::new("next_symbol", 7)),
        &batch,
        include_bytes!("golden/next_symbol.golden"),
    );
}
