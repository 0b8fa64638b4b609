//! int8 kernels against f64 oracles: equal to the bit through exact sums and the definition of rounding, and
//! within one step of the real result.

mod oracle;

use mote_core::kernel::i8::{
    Add, AvgPool, Concat, Conv2d, Dense, DepthwiseConv2d, Embedding, GlobalAvgPool, GlobalStatPool,
    MaxPool,
};
use mote_core::kernel::{Constants, Geometry, Output};
use mote_core::quant::{Multiplier, Quant};
use mote_core::shape::Shape;
use mote_core::spec::Activation;
use oracle::Random;
use proptest::prelude::*;

/// Constants of a layer with random scales whose outputs fill the int8 range.
struct Layer {
    input_zero_point: i8,
    weights: Vec<i8>,
    /// Without the folded zero point.
    bias: Vec<i32>,
    multipliers: Vec<Multiplier>,
    output: Output,
    bytes: (Vec<[u8; 4]>, Vec<[u8; 4]>, Vec<i8>),
}

impl Layer {
    fn new(
        random: &mut Random,
        fan_in: usize,
        len: usize,
        filter_of: impl Fn(usize) -> usize,
    ) -> Self {
        let weights = random.weights(len);
        let filters = (0..len).map(&filter_of).max().map_or(0, |last| last + 1);
        let input_zero_point = random.i8();
        let bias: Vec<i32> = (0..filters)
            .map(|_| random.uniform(-5e3, 5e3) as i32)
            .collect();
        let width = 73.0 * 73.0 * (fan_in as f64).sqrt();
        let multipliers: Vec<Multiplier> = (0..filters)
            .map(|_| Multiplier::from_real(random.uniform(20.0, 120.0) / width).unwrap())
            .collect();
        let output = random_output(random);
        let mut folded = bias.clone();
        for (i, &w) in weights.iter().enumerate() {
            folded[filter_of(i)] -= i32::from(input_zero_point) * i32::from(w);
        }
        let bytes = (
            folded.into_iter().map(i32::to_le_bytes).collect(),
            multipliers
                .iter()
                .map(|m| m.multiplier.to_le_bytes())
                .collect(),
            multipliers.iter().map(|m| m.shift).collect(),
        );
        Self {
            input_zero_point,
            weights,
            bias,
            multipliers,
            output,
            bytes,
        }
    }

    fn constants(&self) -> Constants<'_> {
        Constants {
            bias: &self.bytes.0,
            multiplier: &self.bytes.1,
            shift: &self.bytes.2,
        }
    }

    /// Centred input, weights and bias for the oracle, whose sums are then exact integers.
    fn reals(&self, input: &[i8]) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
        (
            centred(input, self.input_zero_point),
            self.weights.iter().map(|&w| w.into()).collect(),
            self.bias.iter().map(|&b| b.into()).collect(),
        )
    }

    fn check(&self, sums: &[f64], output: &[i8]) -> Result<(), TestCaseError> {
        prop_assert_eq!(sums.len(), output.len());
        for (i, (&sum, &out)) in sums.iter().zip(output).enumerate() {
            judge(
                sum,
                self.multipliers[i % self.multipliers.len()],
                self.output,
                out,
            )?;
        }
        Ok(())
    }
}

fn random_output(random: &mut Random) -> Output {
    let quant = Quant {
        scale: 1.0,
        zero_point: random.i8() / 2,
    };
    let relu = random.unit() < 0.5;
    Output::new(
        quant,
        if relu {
            Activation::Relu
        } else {
            Activation::None
        },
    )
}

fn centred(values: &[i8], zero_point: i8) -> Vec<f64> {
    values
        .iter()
        .map(|&q| f64::from(q) - f64::from(zero_point))
        .collect()
}

/// `out` is the requantized sum to the bit, and within one step of the real product.
fn judge(sum: f64, by: Multiplier, output: Output, out: i8) -> Result<(), TestCaseError> {
    let (min, max) = (i64::from(output.min), i64::from(output.max));
    let exact = oracle::requantize(sum as i64, by) + i64::from(output.zero_point);
    prop_assert_eq!(
        i64::from(out),
        exact.clamp(min, max),
        "sum {} by {:?}",
        sum,
        by
    );
    let real = sum * by.to_real() + f64::from(output.zero_point);
    let distance = (f64::from(out) - real.clamp(min as f64, max as f64)).abs();
    prop_assert!(
        distance <= 1.0,
        "{} is {} steps from {}",
        out,
        distance,
        real
    );
    Ok(())
}

fn lens(geometry: &Geometry) -> (usize, usize, usize) {
    let taps = usize::from(geometry.size[0]) * usize::from(geometry.size[1]);
    (taps, geometry.input.len(), geometry.output.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn conv2d(geometry in oracle::geometries(false), seed: u64) {
        let random = &mut Random(seed);
        let (taps, inputs, outputs) = lens(&geometry);
        let fan_in = taps * usize::from(geometry.input.c);
        let layer = Layer::new(random, fan_in, fan_in * usize::from(geometry.output.c), |i| i / fan_in);
        let (input, mut output) = (random.i8s(inputs), vec![0; outputs]);
        Conv2d {
            geometry,
            input_zero_point: layer.input_zero_point,
            weights: &layer.weights,
            constants: layer.constants(),
            output: layer.output,
        }
        .run(&input, &mut output);
        let (x, w, b) = layer.reals(&input);
        layer.check(&oracle::conv2d(&geometry, &x, &w, &b), &output)?;
    }

    #[test]
    fn depthwise_conv2d(geometry in oracle::geometries(true), seed: u64) {
        let random = &mut Random(seed);
        let (taps, inputs, outputs) = lens(&geometry);
        let channels = usize::from(geometry.input.c);
        let layer = Layer::new(random, taps, taps * channels, |i| i % channels);
        let (input, mut output) = (random.i8s(inputs), vec![0; outputs]);
        DepthwiseConv2d {
            geometry,
            input_zero_point: layer.input_zero_point,
            weights: &layer.weights,
            constants: layer.constants(),
            output: layer.output,
        }
        .run(&input, &mut output);
        let (x, w, b) = layer.reals(&input);
        layer.check(&oracle::depthwise_conv2d(&geometry, &x, &w, &b), &output)?;
    }

    #[test]
    fn dense(inputs in 1_usize..80, outputs in 1_usize..12, seed: u64) {
        let random = &mut Random(seed);
        let layer = Layer::new(random, inputs, inputs * outputs, |i| i / inputs);
        let (input, mut output) = (random.i8s(inputs), vec![0; outputs]);
        Dense { inputs, weights: &layer.weights, constants: layer.constants(), output: layer.output }
            .run(&input, &mut output);
        let (x, w, b) = layer.reals(&input);
        layer.check(&oracle::dense(&x, &w, &b), &output)?;
    }

    #[test]
    fn add(len in 1_usize..50, seed: u64) {
        let random = &mut Random(seed);
        let quants = [(); 3].map(|()| Quant {
            scale: 2_f64.powf(random.uniform(-8.0, 2.0)) as f32,
            zero_point: random.i8(),
        });
        let [a, b, out] = quants;
        let layer = Add::new(a, b, out, Activation::None).unwrap();
        let (x, y, mut output) = (random.i8s(len), random.i8s(len), vec![0; len]);
        layer.run(&x, &y, &mut output);
        let raise = |q: i8, operand: mote_core::kernel::i8::Operand| {
            let centred = i64::from(q) - i64::from(operand.zero_point);
            oracle::requantize(centred << 20, operand.multiplier)
        };
        for ((&x, &y), &q) in x.iter().zip(&y).zip(&output) {
            let exact = oracle::requantize(raise(x, layer.a) + raise(y, layer.b), layer.multiplier)
                + i64::from(out.zero_point);
            prop_assert_eq!(i64::from(q), exact.clamp(-128, 127));
            let sum = f64::from(a.dequantize(x)) + f64::from(b.dequantize(y));
            let real = (sum / f64::from(out.scale) + f64::from(out.zero_point)).clamp(-128.0, 127.0);
            prop_assert!((f64::from(q) - real).abs() <= 1.0);
        }
        let mut in_place = x;
        layer.run_in_place(&mut in_place, &y);
        prop_assert_eq!(in_place, output);
    }

    #[test]
    fn concat(pixels in 1_usize..9, channels in [0_usize..6, 1..6], equal: bool, seed: u64) {
        let random = &mut Random(seed);
        let mut quant = || Quant { scale: random.uniform(0.01, 0.1) as f32, zero_point: random.i8() };
        let (a, mut b, mut out) = (quant(), quant(), quant());
        if equal {
            (b, out) = (a, a);
        }
        let (x, y) = (random.i8s(pixels * channels[0]), random.i8s(pixels * channels[1]));
        let mut output = vec![0; x.len() + y.len()];
        Concat::new(a, b, out, Activation::None, channels).unwrap().run(&x, &y, &mut output);
        let total = channels[0] + channels[1];
        for (i, &q) in output.iter().enumerate() {
            let (pixel, channel) = (i / total, i % total);
            let (from, value) = match channel.checked_sub(channels[0]) {
                None => (a, x[pixel * channels[0] + channel]),
                Some(channel) => (b, y[pixel * channels[1] + channel]),
            };
            let ratio = f64::from(from.scale) / f64::from(out.scale);
            let centred = f64::from(value) - f64::from(from.zero_point);
            let output = Output::new(out, Activation::None);
            judge(centred, Multiplier::from_real(ratio).unwrap(), output, q)?;
            prop_assert!(!equal || q == value);
        }
    }

    #[test]
    fn avg_pool(geometry in oracle::geometries(true), seed: u64) {
        let random = &mut Random(seed);
        let (_, inputs, outputs) = lens(&geometry);
        let (input, mut out) = (random.i8s(inputs), vec![0; outputs]);
        let output = random_output(random);
        AvgPool { geometry, output }.run(&input, &mut out);
        let (min, max) = (f64::from(output.min), f64::from(output.max));
        // f64's round takes ties away from zero, and a tie is exact in f64.
        let expected = oracle::pool(&geometry, &centred(&input, 0), |values| match values.len() {
            0 => output.zero_point.into(),
            n => (values.iter().sum::<f64>() / n as f64).round().clamp(min, max),
        });
        prop_assert_eq!(centred(&out, 0), expected);
    }

    #[test]
    fn max_pool(geometry in oracle::geometries(true), seed: u64) {
        let random = &mut Random(seed);
        let (_, inputs, outputs) = lens(&geometry);
        let (input, mut out) = (random.i8s(inputs), vec![0; outputs]);
        let output = random_output(random);
        MaxPool { geometry, output }.run(&input, &mut out);
        let (min, max) = (f64::from(output.min), f64::from(output.max));
        let expected = oracle::pool(&geometry, &centred(&input, 0), |values| {
            let greatest = values.iter().copied().reduce(f64::max);
            greatest.unwrap_or(output.zero_point.into()).clamp(min, max)
        });
        prop_assert_eq!(centred(&out, 0), expected);
    }

    #[test]
    fn global_pools(h in 1_u16..9, w in 1_u16..40, c in 1_u16..8, flat: bool, seed: u64) {
        let random = &mut Random(seed);
        let input_shape = Shape::new(h, w, c);
        let input_zero_point = random.i8();
        let output = random_output(random);
        let input = match flat {
            true => vec![random.i8(); input_shape.len()],
            false => random.i8s(input_shape.len()),
        };
        let pixels = input_shape.pixels() as f64;
        let multiplier = Multiplier::from_real(random.uniform(0.2, 3.0) / pixels).unwrap();
        let x = centred(&input, input_zero_point);
        let (mean, deviation) = oracle::statistics(input_shape, &x);

        let mut averages = vec![0; c.into()];
        GlobalAvgPool { input: input_shape, input_zero_point, multiplier, output }
            .run(&input, &mut averages);
        let mut statistics = vec![0; 2 * usize::from(c)];
        GlobalStatPool { input: input_shape, input_zero_point, multiplier, output }
            .run(&input, &mut statistics);
        let (means, deviations) = statistics.split_at(c.into());
        prop_assert_eq!(&averages, means);
        for (&mean, &q) in mean.iter().zip(means) {
            judge((mean * pixels).round(), multiplier, output, q)?;
        }
        for (&deviation, &q) in deviation.iter().zip(deviations) {
            let real = deviation * pixels * multiplier.to_real() + f64::from(output.zero_point);
            let real = real.clamp(output.min.into(), output.max.into());
            prop_assert!((f64::from(q) - real).abs() <= 1.0, "{} for {}", q, real);
            prop_assert!(!flat || q == output.zero_point.clamp(output.min, output.max));
        }
    }

    #[test]
    fn embedding(vocabulary in 1_usize..=256, channels in 1_usize..6, steps in 1_usize..20, seed: u64) {
        let random = &mut Random(seed);
        let (table, input) = (random.i8s(vocabulary * channels), random.i8s(steps));
        let mut output = vec![0; steps * channels];
        Embedding { vocabulary, channels, table: &table }.run(&input, &mut output);
        for (&q, row) in input.iter().zip(output.chunks(channels)) {
            let symbol = ((i32::from(q) + 128) as usize).min(vocabulary - 1);
            prop_assert_eq!(row, &table[symbol * channels..][..channels]);
        }
    }

    #[test]
    fn wrong_lengths_do_not_panic(
        geometry in oracle::geometries(false),
        lens in [0_usize..200, 0..200, 0..20, 0..20, 0..20, 0..200],
        seed: u64,
    ) {
        let random = &mut Random(seed);
        let (input, weights, shift) = (random.i8s(lens[0]), random.i8s(lens[1]), random.i8s(lens[2]));
        let (bias, multiplier) = (vec![[0x7f; 4]; lens[3]], vec![[0x80; 4]; lens[4]]);
        let constants = Constants { bias: &bias, multiplier: &multiplier, shift: &shift };
        let mut out = vec![0; lens[5]];
        let (input_zero_point, output) = (random.i8(), random_output(random));
        let by = Multiplier { multiplier: i32::MIN, shift: random.i8() };
        let a = mote_core::kernel::i8::Operand { zero_point: input_zero_point, multiplier: by };
        let channels = [lens[2], lens[3]];
        Conv2d { geometry, input_zero_point, weights: &weights, constants, output }
            .run(&input, &mut out);
        DepthwiseConv2d { geometry, input_zero_point, weights: &weights, constants, output }
            .run(&input, &mut out);
        Dense { inputs: lens[2], weights: &weights, constants, output }.run(&input, &mut out);
        Add { a, b: a, multiplier: by, output }.run(&input, &weights, &mut out);
        Concat { a, b: a, output, channels }.run(&input, &weights, &mut out);
        AvgPool { geometry, output }.run(&input, &mut out);
        MaxPool { geometry, output }.run(&input, &mut out);
        let input_shape = geometry.input;
        GlobalAvgPool { input: input_shape, input_zero_point, multiplier: by, output }.run(&input, &mut out);
        GlobalStatPool { input: input_shape, input_zero_point, multiplier: by, output }.run(&input, &mut out);
        Embedding { vocabulary: lens[2], channels: lens[3], table: &weights }.run(&input, &mut out);
    }
}
