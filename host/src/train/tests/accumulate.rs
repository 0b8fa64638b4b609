use super::{kernel, random, spec};
use crate::objective::moco::{Moco, MocoConfig};
use crate::objective::nt_xent::NtXent;
use crate::objective::{Batch, Objective};
use crate::train::pretrain::{Head, Pretraining, Recipe, TrainError};
use crate::train::{Mode, Network, Rule, Schedule, Teacher, projector};
use mote_core::shape::Shape;
use mote_core::spec::{Activation, Op, Padding, Spec};

const ROWS: usize = 22;

fn encoder(batch_norm: bool) -> Spec {
    let conv = |channels, stride| Op::Conv2d {
        channels,
        kernel: kernel([1, 3], [1, stride], [1, 1], Padding::Same),
        batch_norm,
    };
    let layers = [
        (0, conv(9, 1), Activation::Relu),
        (1, conv(6, 2), Activation::Relu),
        (2, Op::GlobalAvgPool, Activation::None),
    ];
    spec(Shape::sequence(12, 3), &layers)
}

fn batch(seed: u64) -> Batch {
    Batch {
        inputs: random(ROWS * 12 * 3, seed),
        groups: (0..ROWS as u32)
            .map(|row| row % (ROWS as u32 / 2))
            .collect(),
        ..Batch::default()
    }
}

fn run(spec: &Spec, accumulate: usize) -> Pretraining {
    let encoder = Network::new(spec, 1).unwrap();
    let width = encoder.output_len() as u16;
    let network = projector(&[width, 12, 8], true, 2).unwrap();
    let mut heads = vec![Head::new(
        Some(network),
        Box::new(NtXent::new(0.5).unwrap()),
        1.0,
    )];
    let config = MocoConfig {
        queue: 40,
        momentum: 0.9,
        ..MocoConfig::default()
    };
    let mut moco = Head::new(None, Box::new(Moco::new(config, 5)), 0.5);
    moco.teacher = Some(Teacher::new(&encoder, None, 0.9).unwrap());
    heads.push(moco);
    let recipe = Recipe {
        rule: Rule::ADAM_W,
        weight_decay: 0.01,
        schedule: Schedule::constant(1e-2),
        epochs: 1,
        seed: 9,
        clip: None,
        accumulate,
    };
    Pretraining::new(encoder, heads, recipe)
}

#[test]
fn without_batch_norm_parts_give_the_loss_and_the_gradient_of_the_whole() {
    let (mut whole, batch) = (run(&encoder(false), 1), batch(3));
    let expected = whole.step(&batch).unwrap();
    for parts in [2, 3, 5, ROWS, ROWS + 7] {
        let mut run = run(&encoder(false), parts);
        let step = run.step(&batch).unwrap();
        assert_eq!(step.losses, expected.losses, "{parts} parts");
        let pairs = run
            .encoder
            .gradients()
            .iter()
            .zip(whole.encoder.gradients());
        let largest = pairs.clone().fold(0f32, |most, (_, x)| most.max(x.abs()));
        for (found, expected) in pairs {
            let error = (found - expected).abs() / largest;
            assert!(error < 2e-6, "{parts} parts: {found}, not {expected}");
        }
    }
}

#[test]
fn parts_are_taken_back_as_if_their_activations_had_been_kept() {
    let (batch, parts) = (batch(4), [0..7, 7..14, 14..22]);
    let input = |rows: &std::ops::Range<usize>| &batch.inputs[rows.start * 36..rows.end * 36];
    let mut kept: Vec<Network> = Vec::new();
    let mut embeddings = Vec::new();
    for rows in &parts {
        let mut network = Network::new(&encoder(true), 1).unwrap();
        if let Some(before) = kept.last() {
            let running = network.running_mut();
            running.copy_from_slice(before.running());
        }
        embeddings.extend_from_slice(network.forward(input(rows), Mode::Train));
        kept.push(network);
    }
    let mut objective = NtXent::new(0.5).unwrap();
    let mut gradient = vec![0.0; embeddings.len()];
    objective
        .evaluate(&embeddings, 6, &batch, &mut gradient)
        .unwrap();
    let mut expected = vec![0.0; kept[0].parameters().len()];
    for (network, rows) in kept.iter_mut().zip(&parts).rev() {
        network.backward(&gradient[rows.start * 6..rows.end * 6]);
        let sum = expected.iter_mut().zip(network.gradients());
        sum.for_each(|(sum, part)| *sum += part);
    }

    let mut network = Network::new(&encoder(true), 1).unwrap();
    let found = network.forward_in_parts(&batch.inputs, 3).into_owned();
    assert!(found == embeddings);
    network.backward_in_parts(&batch.inputs, 3, &gradient);
    assert!(network.gradients() == expected);
    assert!(network.running() == kept[2].running());
}

#[test]
fn parts_give_the_same_bytes_on_any_number_of_threads_and_after_a_break() {
    let bytes = |threads, interrupted| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| {
            let mut training = run(&encoder(true), 3);
            for step in 0..6 {
                if interrupted && step == 4 {
                    let state = training.state();
                    training = run(&encoder(true), 3);
                    training.restore(state).unwrap();
                }
                training.step(&batch(step)).unwrap();
            }
            training.state()
        })
    };
    let expected = bytes(1, false);
    assert!(bytes(1, true) == expected);
    for threads in [2, 3, 8] {
        assert!(bytes(threads, false) == expected, "{threads} threads");
    }
}

#[test]
fn the_layer_of_a_number_that_is_none_is_named_in_any_part() {
    for row in [0, 9, 21] {
        let mut training = run(&encoder(false), 3);
        let mut batch = batch(5);
        batch.inputs[row * 36..][..36].fill(3e38);
        let error = training.step(&batch).unwrap_err();
        let place = "the output of layer 2 (global_avg_pool) of the encoder".into();
        assert_eq!(error, TrainError::NotFinite { step: 0, place }, "row {row}");
    }
}
