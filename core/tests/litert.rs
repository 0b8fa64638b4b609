//! int8 kernels against LiteRT's reference kernels: equal to the bit.
//!
//! The vectors and their maker's version and seed stand in `golden/litert.txt`; `golden/litert.py` makes them.

use mote_core::kernel::i8::{
    Add, AvgPool, Concat, Conv2d, Dense, DepthwiseConv2d, GlobalAvgPool, MaxPool,
};
use mote_core::kernel::{Constants, Geometry, Output};
use mote_core::quant::{Multiplier, Quant, requantize};
use mote_core::shape::Shape;
use mote_core::spec::Activation;
use std::collections::BTreeMap;

struct Case<'a> {
    kind: &'a str,
    fields: BTreeMap<&'a str, &'a str>,
}

impl<'a> Case<'a> {
    fn list<T: std::str::FromStr<Err: std::fmt::Debug>>(&self, key: &str) -> Vec<T> {
        let values = self.fields[key].split_whitespace();
        values.map(|value| value.parse().expect(key)).collect()
    }

    fn array<T: std::str::FromStr<Err: std::fmt::Debug> + Copy, const N: usize>(
        &self,
        key: &str,
    ) -> [T; N] {
        self.list(key)
            .try_into()
            .unwrap_or_else(|_| panic!("{key}"))
    }

    fn shape(&self, key: &str) -> Shape {
        let [h, w, c] = self.array(key);
        Shape::new(h, w, c)
    }

    fn geometry(&self) -> Geometry {
        Geometry {
            input: self.shape("input_shape"),
            output: self.shape("output_shape"),
            size: self.array("size"),
            stride: self.array("stride"),
            dilation: self.array("dilation"),
            pad: self.array("pad"),
        }
    }

    fn quants(&self) -> Vec<Quant> {
        let scales = self.list("scales").into_iter();
        let zero_points = self.list("zero_points");
        let quants = scales.zip(zero_points);
        quants
            .map(|(scale, zero_point)| Quant { scale, zero_point })
            .collect()
    }

    fn activation(&self) -> Activation {
        match self.fields.get("relu") {
            Some(&"1") => Activation::Relu,
            _ => Activation::None,
        }
    }
}

fn cases() -> impl Iterator<Item = Case<'static>> {
    include_str!("golden/litert.txt")
        .split("\n\n")
        .skip(1)
        .map(|block| {
            let fields = block.lines().map(|line| line.split_once(' ').expect(line));
            let fields: BTreeMap<_, _> = fields.collect();
            Case {
                kind: fields["case"],
                fields,
            }
        })
}

/// Folded bias, multiplier and shift as an image holds them; `filter_of` names the filter of a weight.
struct Folded(Vec<[u8; 4]>, Vec<[u8; 4]>, Vec<i8>);

impl Folded {
    fn new(case: &Case, weights: &[i8], filter_of: impl Fn(usize) -> usize) -> Self {
        let [input, output] = case.quants().try_into().unwrap();
        let mut bias: Vec<i32> = case.list("bias");
        for (i, &w) in weights.iter().enumerate() {
            bias[filter_of(i)] -= i32::from(input.zero_point) * i32::from(w);
        }
        let multipliers: Vec<Multiplier> = (case.list::<f32>("weight_scales").into_iter())
            .map(|scale| f64::from(input.scale) * f64::from(scale) / f64::from(output.scale))
            .map(|real| Multiplier::from_real(real).unwrap())
            .collect();
        Self(
            bias.into_iter().map(i32::to_le_bytes).collect(),
            multipliers
                .iter()
                .map(|m| m.multiplier.to_le_bytes())
                .collect(),
            multipliers.iter().map(|m| m.shift).collect(),
        )
    }

    fn constants(&self) -> Constants<'_> {
        Constants {
            bias: &self.0,
            multiplier: &self.1,
            shift: &self.2,
        }
    }
}

fn run(case: &Case, out: &mut [i8]) {
    let input: Vec<i8> = case.list("input");
    let quants = case.quants();
    let activation = case.activation();
    let output = Output::new(quants[quants.len() - 1], activation);
    let input_zero_point = quants[0].zero_point;
    match case.kind {
        "conv2d" => {
            let (geometry, weights) = (case.geometry(), case.list::<i8>("weights"));
            let filter = weights.len() / usize::from(geometry.output.c);
            let folded = Folded::new(case, &weights, |i| i / filter);
            let constants = folded.constants();
            Conv2d {
                geometry,
                input_zero_point,
                weights: &weights,
                constants,
                output,
            }
            .run(&input, out);
        }
        "depthwise_conv2d" => {
            let (geometry, weights) = (case.geometry(), case.list::<i8>("weights"));
            let folded = Folded::new(case, &weights, |i| i % usize::from(geometry.output.c));
            let constants = folded.constants();
            DepthwiseConv2d {
                geometry,
                input_zero_point,
                weights: &weights,
                constants,
                output,
            }
            .run(&input, out);
        }
        "dense" => {
            let (inputs, weights) = (input.len(), case.list::<i8>("weights"));
            let folded = Folded::new(case, &weights, |i| i / inputs);
            Dense {
                inputs,
                weights: &weights,
                constants: folded.constants(),
                output,
            }
            .run(&input, out);
        }
        "add" => {
            let add = Add::new(quants[0], quants[1], quants[2], activation).unwrap();
            add.run(&input, &case.list::<i8>("other"), out);
            let mut in_place = input;
            add.run_in_place(&mut in_place, &case.list::<i8>("other"));
            assert_eq!(in_place, out);
        }
        "concat" => Concat::new(
            quants[0],
            quants[1],
            quants[2],
            activation,
            case.array("channels"),
        )
        .unwrap()
        .run(&input, &case.list::<i8>("other"), out),
        "rescale" => Concat::new(quants[0], quants[0], quants[1], activation, [1, 0])
            .unwrap()
            .run(&input, &[], out),
        "avg_pool" => AvgPool {
            geometry: case.geometry(),
            output,
        }
        .run(&input, out),
        "max_pool" => MaxPool {
            geometry: case.geometry(),
            output,
        }
        .run(&input, out),
        "mean" => {
            let shape = case.shape("input_shape");
            GlobalAvgPool::new(shape, quants[0], quants[1], activation)
                .unwrap()
                .run(&input, out);
        }
        kind => panic!("no kernel for {kind}"),
    }
}

/// int32 to int16: the rule without a layer around it.
fn requantize_equals(case: &Case) {
    let [from, to] = case.array::<f32, 2>("scales").map(f64::from);
    let by = Multiplier::from_real(from / to).unwrap();
    let clamp = |value: i32| value.clamp(i16::MIN.into(), i16::MAX.into());
    let results = case
        .list("input")
        .into_iter()
        .map(|acc| clamp(requantize(acc, by)));
    assert_eq!(
        results.collect::<Vec<_>>(),
        case.list::<i32>("output"),
        "{}",
        case.fields["name"]
    );
}

#[test]
fn kernels_equal_litert() {
    let mut count = 0;
    for case in cases() {
        count += 1;
        if case.kind == "requantize" {
            requantize_equals(&case);
            continue;
        }
        let expected: Vec<i8> = case.list("output");
        let mut out = vec![0; expected.len()];
        run(&case, &mut out);
        assert_eq!(out, expected, "{} {}", case.kind, case.fields["name"]);
    }
    assert_eq!(count, 33, "cases in golden/litert.txt");
}
