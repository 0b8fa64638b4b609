//! Which integers each channel can hold, whatever goes in: intervals through the layers (interval arithmetic).

use super::{ExportError, QuantizedEncoder, QuantizedLayer};
use mote_core::kernel::Output;
use mote_core::kernel::i8::{Add, Concat, Operand};
use mote_core::quant::{Multiplier, Quant};
use mote_core::shape::Shape;
use mote_core::spec::{Kernel, Layer, Op};

/// Every value of one channel, at every pixel, lies in `least..=most`. Some values in between may never occur.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reach {
    /// Lower end.
    pub least: i8,
    /// Upper end, not below `least`.
    pub most: i8,
}

impl Reach {
    const ALL: Self = Self {
        least: i8::MIN,
        most: i8::MAX,
    };

    /// Whether the channel holds one value only.
    pub fn is_constant(self) -> bool {
        self.least == self.most
    }

    fn ends(self) -> [i8; 2] {
        [self.least, self.most]
    }

    fn hull(self, value: i8) -> Self {
        Self {
            least: self.least.min(value),
            most: self.most.max(value),
        }
    }

    /// Of what a function that never falls makes of the ends.
    fn map(self, f: impl Fn(i8) -> i8) -> Self {
        let [least, most] = self.ends().map(f);
        Self { least, most }
    }
}

/// The reach of each channel of each tensor, the input first.
///
/// # Errors
/// If the spec is no encoder.
pub fn reaches(encoder: &QuantizedEncoder) -> Result<Vec<Vec<Reach>>, ExportError> {
    let shapes = encoder.spec.shapes()?;
    let mut reaches = vec![vec![Reach::ALL; encoder.spec.input.c.into()]];
    for (index, (layer, numbers)) in encoder.spec.layers.iter().zip(&encoder.layers).enumerate() {
        let reach = Step {
            layer,
            numbers,
            input: &reaches[usize::from(layer.input.0)],
            other: layer.op.other().map(|t| &reaches[usize::from(t.0)][..]),
            shape: shapes[usize::from(layer.input.0)],
            from: encoder.quants[usize::from(layer.input.0)],
            second: layer.op.other().map(|t| encoder.quants[usize::from(t.0)]),
            to: Output::new(encoder.quants[index + 1], layer.activation),
        };
        reaches.push(reach.made());
    }
    Ok(reaches)
}

/// Whether a tap of `kernel` ever lies outside an input of this shape.
pub fn leaves_input(kernel: Kernel, input: Shape) -> bool {
    let Ok((output, pad)) = kernel.resolve(input.h, input.w) else {
        return true;
    };
    let beyond = |axis: usize, extent: u16| {
        let last = u32::from(output[axis].saturating_sub(1)) * u32::from(kernel.stride[axis]);
        let taps =
            u32::from(kernel.size[axis].saturating_sub(1)) * u32::from(kernel.dilation[axis]);
        pad[axis] > 0 || last + taps >= u32::from(extent)
    };
    beyond(0, input.h) || beyond(1, input.w)
}

/// One layer with what it reads.
struct Step<'a> {
    layer: &'a Layer,
    numbers: &'a QuantizedLayer,
    input: &'a [Reach],
    other: Option<&'a [Reach]>,
    shape: Shape,
    from: Quant,
    second: Option<Quant>,
    to: Output,
}

impl Step<'_> {
    fn made(&self) -> Vec<Reach> {
        let zero_point = self.from.zero_point;
        let outside = |kernel| leaves_input(kernel, self.shape).then_some(zero_point);
        let hull = |outside: Option<i8>| {
            let reaches = self.input.iter();
            let hull = reaches.map(|&reach| outside.map_or(reach, |value| reach.hull(value)));
            hull.collect::<Vec<_>>()
        };
        let ratio = |index: usize| self.numbers.ratios.get(index).copied();
        let ratio = |index| ratio(index).unwrap_or(Multiplier::ZERO);
        match self.layer.op {
            Op::Conv2d { kernel, .. } => self.products(&hull(outside(kernel))),
            Op::Dense { .. } => self.products(self.input),
            Op::DepthwiseConv2d { kernel, .. } => self.own_products(&hull(outside(kernel))),
            // A window without a tap inside gives the zero point.
            Op::AvgPool { kernel } | Op::MaxPool { kernel } => {
                let clamp = |value: i8| value.clamp(self.to.min, self.to.max);
                let reaches = hull(outside(kernel)).into_iter();
                reaches.map(|reach| reach.map(clamp)).collect()
            }
            Op::Add { .. } => {
                let operand = |index, quant: Quant| Operand {
                    zero_point: quant.zero_point,
                    multiplier: ratio(index),
                };
                let add = Add {
                    a: operand(0, self.from),
                    b: operand(1, self.second.unwrap_or(self.from)),
                    multiplier: ratio(2),
                    output: self.to,
                };
                let pairs = self.input.iter().zip(self.other.unwrap_or(self.input));
                let sum = |(a, b): (&Reach, &Reach)| {
                    let mut ends = [0; 2];
                    add.run(&a.ends(), &b.ends(), &mut ends);
                    self.checked(ends, ratio(2), 1 << 29)
                };
                pairs.map(sum).collect()
            }
            Op::Concat { .. } => {
                let parts = [
                    (self.input, self.from, ratio(0)),
                    (
                        self.other.unwrap_or(self.input),
                        self.second.unwrap_or(self.from),
                        ratio(1),
                    ),
                ];
                let rescaled = parts.into_iter().flat_map(|(reaches, quant, multiplier)| {
                    let operand = Operand {
                        zero_point: quant.zero_point,
                        multiplier,
                    };
                    let concat = Concat {
                        a: operand,
                        b: operand,
                        output: self.to,
                        channels: [1, 0],
                    };
                    reaches.iter().map(move |reach| {
                        let mut ends = [0; 2];
                        concat.run(&reach.ends(), &[], &mut ends);
                        self.checked(ends, multiplier, 255)
                    })
                });
                rescaled.collect()
            }
            Op::GlobalAvgPool => self.means(ratio(0)),
            Op::GlobalStatPool => {
                let mut reaches = self.means(ratio(0));
                let none = self.to.finish(0, ratio(0));
                reaches.extend(self.input.iter().map(|reach| Reach {
                    least: none,
                    most: if reach.is_constant() { none } else { i8::MAX },
                }));
                reaches
            }
            Op::Embedding { channels, .. } => {
                let rows = self
                    .numbers
                    .weights
                    .chunks_exact(usize::from(channels).max(1));
                let column = |c: usize| {
                    let mut values = rows.clone().map(|row| row[c]);
                    let first = values.next().unwrap_or_default();
                    let one = Reach {
                        least: first,
                        most: first,
                    };
                    values.fold(one, Reach::hull)
                };
                (0..channels.into()).map(column).collect()
            }
        }
    }

    /// Convolution or matrix product: each output channel has a run of weights, input channels innermost.
    fn products(&self, input: &[Reach]) -> Vec<Reach> {
        let filter = (self.numbers.weights.len() / self.numbers.bias.len().max(1)).max(1);
        let filters = self.numbers.weights.chunks(filter).enumerate();
        let sums = filters.map(|(channel, weights)| {
            let taps = weights.iter().zip(input.iter().cycle());
            self.sum(channel, taps)
        });
        sums.collect()
    }

    /// Depthwise convolution: each output channel has a column of weights.
    fn own_products(&self, input: &[Reach]) -> Vec<Reach> {
        let sums = input.iter().enumerate().map(|(channel, reach)| {
            let own = self.numbers.weights.iter().skip(channel);
            self.sum(channel, own.step_by(input.len()).map(|w| (w, reach)))
        });
        sums.collect()
    }

    fn sum<'a>(&self, channel: usize, taps: impl Iterator<Item = (&'a i8, &'a Reach)>) -> Reach {
        let bias = i64::from(self.numbers.bias[channel]);
        let (mut least, mut most) = (bias, bias);
        for (&weight, reach) in taps {
            let [a, b] = reach.ends().map(|x| i64::from(x) * i64::from(weight));
            (least, most) = (least + a.min(b), most + a.max(b));
        }
        self.finished(least, most, self.numbers.ratios[channel])
    }

    fn means(&self, ratio: Multiplier) -> Vec<Reach> {
        let pixels = self.shape.pixels() as i64;
        let mean = |reach: &Reach| {
            let centred = |x: i8| pixels * (i64::from(x) - i64::from(self.from.zero_point));
            let [least, most] = reach.ends().map(centred);
            self.finished(least, most, ratio)
        };
        self.input.iter().map(mean).collect()
    }

    fn finished(&self, least: i64, most: i64, ratio: Multiplier) -> Reach {
        let finish = |sum: i64| i32::try_from(sum).map(|sum| self.to.finish(sum, ratio));
        match (finish(least), finish(most)) {
            (Ok(a), Ok(b)) => self.checked([a, b], ratio, least.abs().max(most.abs())),
            _ => Reach::ALL,
        }
    }

    /// The interval of two results of `requantize`, which never falls unless a left shift of a sum of this size wraps.
    fn checked(&self, [least, most]: [i8; 2], ratio: Multiplier, size: i64) -> Reach {
        match size << ratio.shift.max(0) > i64::from(i32::MAX) || least > most {
            true => Reach::ALL,
            false => Reach { least, most },
        }
    }
}
