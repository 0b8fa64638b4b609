//! Kernels with half-precision weights against f64 oracles.
//!
//! A sum of `n` products in f32 lies within `(n + 2) * 2^-24 * sum|terms|` of the exact one
//! (Higham, *Accuracy and Stability of Numerical Algorithms*, section 3.1, to first order).

mod oracle;

use half::f16;
use mote_core::kernel::Geometry;
use mote_core::kernel::f16::{
    Add, AvgPool, Concat, Conv2d, Dense, DepthwiseConv2d, Embedding, GlobalAvgPool, GlobalStatPool,
    MaxPool,
};
use mote_core::shape::Shape;
use mote_core::spec::Activation;
use oracle::Random;
use proptest::prelude::*;

/// Half a unit in the last place of 1.
const UNIT: f64 = f64::EPSILON * (1_u64 << 28) as f64;

fn values(random: &mut Random, len: usize) -> Vec<f32> {
    (0..len).map(|_| random.uniform(-3.0, 3.0) as f32).collect()
}

fn halves(random: &mut Random, len: usize) -> (Vec<[u8; 2]>, Vec<f64>) {
    // Small enough weights are subnormal halves.
    let scale = if random.unit() < 0.2 { 1e-4 } else { 0.5 };
    let halves = (0..len).map(|_| f16::from_f64(random.uniform(-scale, scale)));
    halves
        .map(|half| (half.to_le_bytes(), half.to_f64()))
        .unzip()
}

fn biases(random: &mut Random, len: usize) -> (Vec<[u8; 4]>, Vec<f64>) {
    let values = (0..len).map(|_| random.uniform(-1.0, 1.0) as f32);
    values
        .map(|bias| (bias.to_le_bytes(), f64::from(bias)))
        .unzip()
}

fn activation(random: &mut Random) -> Activation {
    if random.unit() < 0.5 {
        Activation::Relu
    } else {
        Activation::None
    }
}

fn apply(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::None => x,
        Activation::Relu => x.max(0.0),
    }
}

fn widened(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&x| x.into()).collect()
}

fn magnitudes(values: &[f64]) -> Vec<f64> {
    values.iter().map(|x| x.abs()).collect()
}

/// `sizes` are the sums of absolute values of the `terms` terms.
fn check(
    output: &[f32],
    sums: &[f64],
    sizes: &[f64],
    terms: usize,
    activation: Activation,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(output.len(), sums.len());
    for ((&out, &sum), &size) in output.iter().zip(sums).zip(sizes) {
        let error = (f64::from(out) - apply(activation, sum)).abs();
        prop_assert!(
            error <= (terms + 2) as f64 * UNIT * size,
            "{} for {}: {}",
            out,
            sum,
            error
        );
    }
    Ok(())
}

fn lens(geometry: &Geometry) -> (usize, usize, usize) {
    let taps = usize::from(geometry.size[0]) * usize::from(geometry.size[1]);
    (taps, geometry.input.len(), geometry.output.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn conv2d(geometry in oracle::geometries(false), seed: u64) {
        let random = &mut Random(seed);
        let (taps, inputs, outputs) = lens(&geometry);
        let (fan_in, filters) = (taps * usize::from(geometry.input.c), geometry.output.c.into());
        let (weights, w) = halves(random, fan_in * filters);
        let (bias, b) = biases(random, filters);
        let (input, mut out) = (values(random, inputs), vec![0.0; outputs]);
        let activation = activation(random);
        Conv2d { geometry, weights: &weights, bias: &bias, activation }.run(&input, &mut out);
        let x = widened(&input);
        let sums = oracle::conv2d(&geometry, &x, &w, &b);
        let sizes = oracle::conv2d(&geometry, &magnitudes(&x), &magnitudes(&w), &magnitudes(&b));
        check(&out, &sums, &sizes, fan_in + 1, activation)?;
    }

    #[test]
    fn depthwise_conv2d(geometry in oracle::geometries(true), seed: u64) {
        let random = &mut Random(seed);
        let (taps, inputs, outputs) = lens(&geometry);
        let channels = usize::from(geometry.input.c);
        let (weights, w) = halves(random, taps * channels);
        let (bias, b) = biases(random, channels);
        let (input, mut out) = (values(random, inputs), vec![0.0; outputs]);
        let activation = activation(random);
        DepthwiseConv2d { geometry, weights: &weights, bias: &bias, activation }.run(&input, &mut out);
        let x = widened(&input);
        let sums = oracle::depthwise_conv2d(&geometry, &x, &w, &b);
        let sizes = oracle::depthwise_conv2d(&geometry, &magnitudes(&x), &magnitudes(&w), &magnitudes(&b));
        check(&out, &sums, &sizes, taps + 1, activation)?;
    }

    #[test]
    fn dense(inputs in 1_usize..80, outputs in 1_usize..12, seed: u64) {
        let random = &mut Random(seed);
        let (weights, w) = halves(random, inputs * outputs);
        let (bias, b) = biases(random, outputs);
        let (input, mut out) = (values(random, inputs), vec![0.0; outputs]);
        let activation = activation(random);
        Dense { inputs, weights: &weights, bias: &bias, activation }.run(&input, &mut out);
        let x = widened(&input);
        let sizes = oracle::dense(&magnitudes(&x), &magnitudes(&w), &magnitudes(&b));
        check(&out, &oracle::dense(&x, &w, &b), &sizes, inputs + 1, activation)?;
    }

    #[test]
    fn add(len in 1_usize..30, seed: u64) {
        let random = &mut Random(seed);
        let (mut a, b, mut out) = (values(random, len), values(random, len), vec![0.0; len]);
        let activation = activation(random);
        Add { activation }.run(&a, &b, &mut out);
        let pairs = a.iter().zip(&b);
        let expected: Vec<f64> = pairs.map(|(a, b)| apply(activation, (a + b).into())).collect();
        prop_assert_eq!(widened(&out), expected);
        Add { activation }.run_in_place(&mut a, &b);
        prop_assert_eq!(a, out);
    }

    #[test]
    fn concat(pixels in 1_usize..9, channels in [0_usize..6, 1..6], seed: u64) {
        let random = &mut Random(seed);
        let (a, b) = (values(random, pixels * channels[0]), values(random, pixels * channels[1]));
        let mut out = vec![0.0; a.len() + b.len()];
        Concat { channels, activation: Activation::None }.run(&a, &b, &mut out);
        for (pixel, out) in out.chunks(channels[0] + channels[1]).enumerate() {
            prop_assert_eq!(&out[..channels[0]], &a[pixel * channels[0]..][..channels[0]]);
            prop_assert_eq!(&out[channels[0]..], &b[pixel * channels[1]..][..channels[1]]);
        }
    }

    #[test]
    fn pools(geometry in oracle::geometries(true), seed: u64) {
        let random = &mut Random(seed);
        let (taps, inputs, outputs) = lens(&geometry);
        let (input, mut out) = (values(random, inputs), vec![0.0; outputs]);
        let activation = activation(random);
        let (x, mean) = (widened(&input), |v: &[f64]| v.iter().sum::<f64>() / v.len().max(1) as f64);
        AvgPool { geometry, activation }.run(&input, &mut out);
        let sizes = oracle::pool(&geometry, &magnitudes(&x), mean);
        check(&out, &oracle::pool(&geometry, &x, mean), &sizes, taps, activation)?;
        MaxPool { geometry, activation }.run(&input, &mut out);
        let greatest = oracle::pool(&geometry, &x, |v| {
            apply(activation, v.iter().copied().reduce(f64::max).unwrap_or(0.0))
        });
        prop_assert_eq!(widened(&out), greatest);
    }

    #[test]
    fn global_pools(h in 1_u16..9, w in 1_u16..40, c in 1_u16..8, seed: u64) {
        let random = &mut Random(seed);
        let shape = Shape::new(h, w, c);
        let (input, activation) = (values(random, shape.len()), activation(random));
        let (mean, deviation) = oracle::statistics(shape, &widened(&input));
        let (mut average, mut statistics) = (vec![0.0; c.into()], vec![0.0; 2 * usize::from(c)]);
        GlobalAvgPool { input: shape, activation }.run(&input, &mut average);
        GlobalStatPool { input: shape, activation }.run(&input, &mut statistics);
        let (means, deviations) = statistics.split_at(c.into());
        prop_assert_eq!(&average, means);
        // Values are below 3; the root of a variance near 0 magnifies its error.
        let (terms, sizes) = (shape.pixels(), vec![3.0; c.into()]);
        check(means, &mean, &sizes, terms, activation)?;
        for (&out, &deviation) in deviations.iter().zip(&deviation) {
            let error = (f64::from(out).powi(2) - deviation.powi(2)).abs();
            prop_assert!(error <= (terms + 8) as f64 * UNIT * 36.0, "{} for {}", out, deviation);
        }
    }

    #[test]
    fn embedding(vocabulary in 1_usize..=256, channels in 1_usize..6, seed: u64) {
        let random = &mut Random(seed);
        let (table, real) = halves(random, vocabulary * channels);
        let input = [0.0, random.uniform(0.0, 256.0) as f32, 255.0, 1e9, -1.0, f32::NAN, f32::INFINITY];
        let mut out = vec![0.0; input.len() * channels];
        Embedding { vocabulary, channels, table: &table, activation: Activation::None }
            .run(&input, &mut out);
        for (&x, row) in input.iter().zip(out.chunks(channels)) {
            let symbol = (x as usize).min(vocabulary - 1);
            prop_assert_eq!(widened(row), &real[symbol * channels..][..channels]);
        }
    }

    #[test]
    fn wrong_lengths_do_not_panic(
        geometry in oracle::geometries(false),
        lens in [0_usize..200, 0..200, 0..20, 0..20, 0..200],
        seed: u64,
    ) {
        let random = &mut Random(seed);
        let (input, (weights, _)) = (values(random, lens[0]), halves(random, lens[1]));
        let (bias, _) = biases(random, lens[2]);
        let (other, mut out, activation) = (values(random, lens[3]), vec![0.0; lens[4]], activation(random));
        Conv2d { geometry, weights: &weights, bias: &bias, activation }.run(&input, &mut out);
        DepthwiseConv2d { geometry, weights: &weights, bias: &bias, activation }.run(&input, &mut out);
        Dense { inputs: lens[3], weights: &weights, bias: &bias, activation }.run(&input, &mut out);
        Add { activation }.run(&input, &other, &mut out);
        Concat { channels: [lens[2], lens[3]], activation }.run(&input, &other, &mut out);
        AvgPool { geometry, activation }.run(&input, &mut out);
        MaxPool { geometry, activation }.run(&input, &mut out);
        GlobalAvgPool { input: geometry.input, activation }.run(&input, &mut out);
        GlobalStatPool { input: geometry.input, activation }.run(&input, &mut out);
        Embedding { vocabulary: lens[2], channels: lens[3], table: &weights, activation }.run(&input, &mut out);
    }
}

/// A sum whose order shows in its bits: a platform or a rewrite that sums otherwise fails here.
#[test]
fn the_order_of_summation_is_fixed() {
    let random = &mut Random(11);
    let (input, (weights, _)) = (values(random, 103), halves(random, 103));
    let mut out = [0.0];
    let bias = [0.1_f32.to_le_bytes()];
    let activation = Activation::None;
    Dense {
        inputs: 103,
        weights: &weights,
        bias: &bias,
        activation,
    }
    .run(&input, &mut out);
    let mut lanes = [0.0_f32; 4];
    for (i, (x, w)) in input.iter().zip(&weights).enumerate() {
        let product = x * f16::from_le_bytes(*w).to_f32();
        lanes[i % 4] += product;
    }
    let expected = 0.1 + ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]));
    assert_eq!(out[0].to_bits(), expected.to_bits());
}
