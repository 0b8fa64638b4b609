use super::{kernel, oracle, random, spec};
use crate::train::{Mode, Network};
use Activation::{None as Linear, Relu};
use Padding::{Causal, Explicit, Same, Valid};
use mote_core::shape::Shape;
use mote_core::spec::{Activation, Op, Padding, Spec, Tensor};

/// Compares outputs and the gradients of all parameters and of the input with the oracle's.
pub(super) fn check(name: &str, spec: &Spec, batch: usize) {
    check_some(name, spec, batch, 1);
}

/// The same with the gradients of every `each`-th parameter and input.
pub(super) fn check_some(name: &str, spec: &Spec, batch: usize, each: usize) {
    let mut network = Network::new(spec, 3).unwrap();
    network.want_input_gradient();
    // Batch norm off the identity, so that its gradients are all at work.
    for parameter in network.named().to_vec() {
        let noise = random(parameter.range.len(), 9);
        let values = network.parameters_mut()[parameter.range].iter_mut();
        values
            .zip(noise)
            .for_each(|(value, noise)| *value += 0.2 * noise);
    }
    let symbols = spec
        .layers
        .iter()
        .any(|layer| matches!(layer.op, Op::Embedding { .. }));
    let mut input = random(batch * spec.input.len(), 5);
    if symbols {
        input
            .iter_mut()
            .for_each(|x| *x = (x.abs() * 3.0).floor().min(4.0));
    }
    let output = network.forward(&input, Mode::Train).to_vec();
    let weights = random(output.len(), 7);
    network.backward(&weights);

    let wide = |values: &[f32]| values.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
    let parameters = wide(network.parameters());
    let inputs = wide(&input);
    let expected = oracle::forward(spec, &parameters, &inputs)
        .pop()
        .unwrap()
        .concat();
    close(name, "output", &output, &expected);
    let loss = |parameters: &[f64], inputs: &[f64]| -> f64 {
        let output = oracle::forward(spec, parameters, inputs)
            .pop()
            .unwrap()
            .concat();
        output
            .iter()
            .zip(&weights)
            .map(|(x, w)| x * f64::from(*w))
            .sum()
    };
    let each_of = |values: &[f32]| values.iter().step_by(each).copied().collect::<Vec<f32>>();
    let slope = |values: &[f64], at: usize, loss: &dyn Fn(&[f64]) -> f64| {
        const STEP: f64 = 1e-6;
        let mut moved = values.to_vec();
        moved[at] += STEP;
        let above = loss(&moved);
        moved[at] -= 2.0 * STEP;
        (above - loss(&moved)) / (2.0 * STEP)
    };
    for parameter in network.named() {
        let expected: Vec<f64> = parameter
            .range
            .clone()
            .step_by(each)
            .map(|at| slope(&parameters, at, &|moved| loss(moved, &inputs)))
            .collect();
        close(
            name,
            &parameter.name,
            &each_of(&network.gradients()[parameter.range.clone()]),
            &expected,
        );
    }
    if !symbols {
        let expected: Vec<f64> = (0..inputs.len())
            .step_by(each)
            .map(|at| slope(&inputs, at, &|moved| loss(&parameters, moved)))
            .collect();
        close(name, "input", &each_of(network.input_gradient()), &expected);
    }
}

/// Within 2e-5 of the largest value (2e-6 where all are small): `f32` sums of a few hundred products.
fn close(name: &str, what: &str, found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{name}: length of {what}");
    let largest = expected
        .iter()
        .fold(0.1, |largest: f64, x| largest.max(x.abs()));
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(*found) - expected).abs() / largest;
        assert!(
            error < 2e-5,
            "{name}: {what}[{at}] is {found}, not {expected} ({error:e} of the largest)"
        );
    }
}

pub(super) fn conv(channels: u16, kernel: mote_core::spec::Kernel, batch_norm: bool) -> Op {
    Op::Conv2d {
        channels,
        kernel,
        batch_norm,
    }
}

#[test]
fn conv2d_matches_the_oracle_in_odd_geometries() {
    let cases = [
        (
            "same",
            Shape::new(5, 6, 3),
            kernel([3, 3], [1, 1], [1, 1], Same),
            5,
            3,
        ),
        (
            "stride that does not divide",
            Shape::new(7, 5, 2),
            kernel([3, 2], [2, 3], [1, 1], Same),
            18,
            2,
        ),
        (
            "stride beyond the kernel",
            Shape::new(6, 7, 2),
            kernel([1, 2], [2, 3], [1, 1], Valid),
            4,
            2,
        ),
        (
            "one row, dilated, causal",
            Shape::sequence(11, 4),
            kernel([1, 3], [1, 1], [1, 2], Causal),
            9,
            3,
        ),
        (
            "one row, strided, causal",
            Shape::sequence(10, 3),
            kernel([1, 4], [1, 2], [1, 1], Causal),
            3,
            17,
        ),
        (
            "one column",
            Shape::new(8, 1, 2),
            kernel([5, 1], [2, 1], [1, 1], Same),
            3,
            2,
        ),
        (
            "explicit padding",
            Shape::new(4, 5, 2),
            kernel([3, 3], [2, 2], [1, 1], Explicit([2, 0, 1, 3])),
            3,
            2,
        ),
        (
            "dilated both ways",
            Shape::new(6, 6, 1),
            kernel([2, 3], [1, 1], [3, 2], Same),
            2,
            2,
        ),
        (
            "pointwise",
            Shape::new(3, 3, 17),
            kernel([1, 1], [1, 1], [1, 1], Same),
            6,
            2,
        ),
        (
            "one pixel, one channel",
            Shape::new(1, 1, 1),
            kernel([1, 1], [1, 1], [1, 1], Same),
            1,
            2,
        ),
    ];
    for (name, input, kernel, channels, batch) in cases {
        let plain = spec(input, &[(0, conv(channels, kernel, false), Linear)]);
        check(name, &plain, batch);
        let normalized = spec(
            input,
            &[
                (0, conv(channels, kernel, true), Relu),
                (
                    1,
                    Op::Dense {
                        channels: 3,
                        batch_norm: false,
                    },
                    Linear,
                ),
            ],
        );
        check(name, &normalized, batch + 3);
    }
}

#[test]
fn conv2d_matches_the_oracle_behind_batch_norm() {
    let input = Shape::new(4, 5, 3);
    for channels in [8, 16, 20] {
        let same = kernel([3, 3], [1, 1], [1, 1], Same);
        let layers = [
            (0, conv(channels, same, true), Relu),
            (1, conv(6, same, true), Linear),
            (2, Op::GlobalAvgPool, Relu),
        ];
        check("two convolutions", &spec(input, &layers), 4);
    }
}

#[test]
fn depthwise_conv2d_matches_the_oracle_in_odd_geometries() {
    let cases = [
        (
            "same",
            Shape::new(5, 6, 3),
            kernel([3, 3], [1, 1], [1, 1], Same),
        ),
        (
            "stride 2, odd",
            Shape::new(5, 7, 9),
            kernel([3, 3], [2, 2], [1, 1], Same),
        ),
        (
            "causal, dilated",
            Shape::sequence(9, 5),
            kernel([1, 3], [1, 1], [1, 3], Causal),
        ),
        (
            "wide kernel",
            Shape::new(9, 5, 2),
            kernel([7, 4], [2, 2], [1, 1], Same),
        ),
        (
            "one channel",
            Shape::new(3, 3, 1),
            kernel([2, 2], [1, 1], [1, 1], Valid),
        ),
        (
            "one column",
            Shape::new(8, 1, 17),
            kernel([5, 1], [2, 1], [1, 1], Same),
        ),
        (
            "one row, one pixel",
            Shape::new(1, 1, 7),
            kernel([3, 3], [1, 1], [1, 1], Same),
        ),
    ];
    for (name, input, kernel) in cases {
        for batch_norm in [false, true] {
            let layers = [
                (
                    0,
                    conv(
                        input.c,
                        self::kernel([1, 1], [1, 1], [1, 1], Same),
                        batch_norm,
                    ),
                    Relu,
                ),
                (1, Op::DepthwiseConv2d { kernel, batch_norm }, Relu),
                (2, Op::GlobalAvgPool, Linear),
            ];
            check(name, &spec(input, &layers), 3);
        }
    }
}

#[test]
fn dense_matches_the_oracle() {
    for (inputs, outputs, batch) in [(1, 1, 2), (7, 5, 2), (20, 33, 19), (300, 3, 5)] {
        for batch_norm in [false, true] {
            let layers = [
                (
                    0,
                    Op::Dense {
                        channels: outputs,
                        batch_norm,
                    },
                    Relu,
                ),
                (
                    1,
                    Op::Dense {
                        channels: 4,
                        batch_norm: false,
                    },
                    Linear,
                ),
            ];
            check(
                "dense",
                &spec(Shape::vector(inputs), &layers),
                batch + if batch_norm { 2 } else { 0 },
            );
        }
    }
}

#[test]
fn add_and_concat_match_the_oracle() {
    let point =
        |channels, batch_norm| conv(channels, kernel([1, 1], [1, 1], [1, 1], Same), batch_norm);
    let add = |other| Op::Add {
        other: Tensor(other),
    };
    let concat = |other| Op::Concat {
        other: Tensor(other),
    };
    let input = Shape::new(3, 4, 5);
    check(
        "residual",
        &spec(
            input,
            &[
                (0, point(5, true), Relu),
                (1, point(5, true), Linear),
                (2, add(1), Relu),
                (3, Op::GlobalAvgPool, Linear),
            ],
        ),
        3,
    );
    check(
        "with the input",
        &spec(input, &[(0, point(5, true), Linear), (1, add(0), Linear)]),
        3,
    );
    check(
        "with itself",
        &spec(input, &[(0, point(3, true), Relu), (1, add(1), Relu)]),
        3,
    );
    check(
        "concat",
        &spec(
            input,
            &[
                (0, point(3, true), Relu),
                (0, point(2, false), Relu),
                (1, concat(2), Relu),
                (3, point(2, false), Linear),
            ],
        ),
        3,
    );
    check(
        "concat with the input",
        &spec(input, &[(0, point(3, true), Relu), (1, concat(0), Linear)]),
        2,
    );
    check(
        "concat with itself",
        &spec(
            input,
            &[(0, point(3, true), Linear), (1, concat(1), Linear)],
        ),
        2,
    );
}

#[test]
fn pools_match_the_oracle() {
    let input = Shape::new(5, 6, 3);
    let first = (0, conv(4, kernel([1, 1], [1, 1], [1, 1], Same), true), Relu);
    for kernel in [
        kernel([2, 2], [2, 2], [1, 1], Same),
        kernel([3, 2], [1, 2], [1, 1], Same),
        kernel([5, 6], [5, 6], [1, 1], Valid),
    ] {
        check(
            "avg_pool",
            &spec(input, &[first, (1, Op::AvgPool { kernel }, Relu)]),
            3,
        );
        check(
            "max_pool",
            &spec(input, &[first, (1, Op::MaxPool { kernel }, Linear)]),
            3,
        );
    }
    for (input, kernel) in [
        (Shape::new(1, 7, 9), kernel([1, 3], [1, 2], [1, 1], Same)),
        (Shape::new(7, 1, 5), kernel([2, 1], [2, 1], [1, 1], Same)),
    ] {
        for op in [Op::AvgPool { kernel }, Op::MaxPool { kernel }] {
            let point = self::kernel([1, 1], [1, 1], [1, 1], Same);
            let layers = [(0, conv(input.c, point, true), Relu), (1, op, Linear)];
            check("one row or one column", &spec(input, &layers), 2);
        }
    }
    check(
        "max_pool of the input",
        &spec(
            input,
            &[(
                0,
                Op::MaxPool {
                    kernel: kernel([2, 2], [1, 1], [1, 1], Valid),
                },
                Linear,
            )],
        ),
        2,
    );
    check(
        "global_avg_pool",
        &spec(input, &[(0, Op::GlobalAvgPool, Relu)]),
        3,
    );
}

#[test]
fn global_stat_pool_matches_the_oracle() {
    // Large inputs, so that the epsilon in the gradient stays below the tolerance.
    let layers = [
        (
            0,
            conv(3, kernel([1, 1], [1, 1], [1, 1], Same), true),
            Linear,
        ),
        (1, Op::GlobalStatPool, Linear),
        (
            2,
            Op::Dense {
                channels: 2,
                batch_norm: false,
            },
            Linear,
        ),
    ];
    check(
        "behind batch norm",
        &spec(Shape::sequence(9, 2), &layers),
        4,
    );
    let layers = [
        (0, Op::GlobalStatPool, Linear),
        (0, Op::GlobalAvgPool, Relu),
        (1, Op::Concat { other: Tensor(2) }, Linear),
    ];
    check(
        "of the input, beside its mean",
        &spec(Shape::new(4, 3, 2), &layers),
        2,
    );
}

#[test]
fn embedding_matches_the_oracle() {
    let embedding = Op::Embedding {
        vocabulary: 5,
        channels: 6,
    };
    let layers = [
        (0, embedding, Linear),
        (
            1,
            conv(4, kernel([1, 3], [1, 1], [1, 1], Causal), true),
            Relu,
        ),
        (2, Op::GlobalAvgPool, Linear),
    ];
    check("embedding", &spec(Shape::sequence(7, 1), &layers), 3);
}

#[test]
fn a_layer_that_nothing_reads_changes_nothing() {
    let dense = |channels| Op::Dense {
        channels,
        batch_norm: true,
    };
    check(
        "dead layer",
        &spec(
            Shape::vector(4),
            &[
                (0, dense(3), Relu),
                (0, dense(5), Relu),
                (1, dense(2), Linear),
            ],
        ),
        5,
    );
}
