//! Packs the weights of a layer for the DSP instructions; `core/KERNELS.md` shows the layout and why it is so.
//!
//! Two channels share a halfword, `256 * first + second`. That is exact under bounds which are checked here:
//! no weight of the first is -128, and no input can bring its sum to `2^23`. A layer outside them is not packed.

use super::{QuantizedEncoder, QuantizedLayer};
use mote_core::kernel::dsp::{DepthwisePlane, Order, Packing, Row, conv2d_size};
use mote_core::quant::Multiplier;
use mote_core::shape::Shape;
use mote_core::spec::Op;

/// Sums of the first channel of a pair stay below this, in magnitude.
const FIRST_SUM: i64 = 1 << 23;
/// So do those of the second, which keeps the rounding term from overflowing.
const SECOND_SUM: i64 = FIRST_SUM;
/// Above this right shift every sum below [`FIRST_SUM`] rounds to 0, and the rounding term might overflow.
const MOST_SHIFT: i8 = 23;

/// Rows of which every group is whole, as a dense layer has them.
const WHOLE: Row = Row { run: 4 };

/// The stream of words of layer `index`, or `None` where it stays plain.
pub fn pack(encoder: &QuantizedEncoder, shapes: &[Shape], index: usize) -> Option<Vec<u32>> {
    let (layer, quantized) = (&encoder.spec.layers[index], &encoder.layers[index]);
    let (input, output) = (shapes[usize::from(layer.input.0)], shapes[index + 1]);
    let packing = Packing::of(&layer.op, input, output)?;
    let zero_point = encoder.quants[index + 1].zero_point;
    if let Op::Add { .. } = layer.op {
        return Some(Vec::new());
    }
    let fan_in = layer.op.fan_in(input);
    let depthwise = matches!(layer.op, Op::DepthwiseConv2d { .. });
    let channels: Option<Vec<Channel>> = (0..quantized.bias.len())
        .map(|channel| Channel::new(quantized, channel, fan_in, depthwise, zero_point))
        .collect();
    let mut channels = channels?;
    let stream = match layer.op {
        Op::DepthwiseConv2d { .. } => {
            let down = DepthwisePlane::of(output).down;
            channels
                .iter()
                .map(|c| c.depthwise(down))
                .collect::<Option<Vec<_>>>()?
                .concat()
        }
        Op::Conv2d { kernel, .. } => {
            let size = conv2d_size(kernel.size, kernel.dilation, input, output);
            let row = Row::of(size, input.c);
            for channel in &mut channels {
                channel.pad_rows(row.run, 4 * row.groups());
            }
            match packing.order {
                Order::Runs => pairs(&channels, row, |words| words)?,
                Order::Taps => pairs(&channels, row, |words| by_taps(&words, row.words()))?,
            }
        }
        Op::Dense { .. } => {
            for channel in &mut channels {
                channel.pad_rows(fan_in, fan_in.next_multiple_of(4));
            }
            let (eights, rest) = channels.as_chunks::<8>();
            let mut stream = Vec::new();
            for eight in eights {
                stream.extend(block(eight)?);
            }
            stream.extend(pairs(rest, WHOLE, |words| words)?);
            stream
        }
        _ => return None,
    };
    (stream.len() == packing.stream).then_some(stream)
}

/// One output channel: its weights in the order in which they are read, and its numbers.
#[derive(Clone, Default)]
struct Channel {
    weights: Vec<i8>,
    bias: i32,
    /// Multiplier, rounding term with the zero point in it, right shift.
    numbers: [u32; 3],
}

impl Channel {
    fn new(
        layer: &QuantizedLayer,
        channel: usize,
        fan_in: usize,
        depthwise: bool,
        zero_point: i8,
    ) -> Option<Self> {
        let (first, step) = match depthwise {
            true => (channel, layer.bias.len()),
            false => (channel * fan_in, 1),
        };
        let weights = layer
            .weights
            .get(first..)?
            .iter()
            .step_by(step)
            .take(fan_in);
        Some(Self {
            weights: weights.copied().collect(),
            bias: layer.bias[channel],
            numbers: numbers(layer.ratios[channel], zero_point)?,
        })
    }

    /// The stream of one channel of 3 x 3 taps, whose pairs may lie `down`.
    fn depthwise(&self, down: bool) -> Option<Vec<u32>> {
        if self.reach() >= SECOND_SUM {
            return None;
        }
        let mut stream = vec![(2 * self.bias) as u32];
        stream.extend(self.numbers);
        stream.extend((0..3).map(|line| {
            let tap = |i: usize| match down {
                true => self.weights[3 * i + line],
                false => self.weights[3 * line + i],
            };
            u32::from_le_bytes([0, 1, 1, 2].map(|i| tap(i) as u8))
        }));
        Some(stream)
    }

    /// Pads each row of `run` weights to `row`, with zeros.
    fn pad_rows(&mut self, run: usize, row: usize) {
        let rows = self.weights.chunks(run).flat_map(|weights| {
            let zeros = std::iter::repeat_n(0, row - weights.len());
            weights.iter().copied().chain(zeros)
        });
        self.weights = rows.collect();
    }

    /// Largest magnitude of the sum over every input.
    fn reach(&self) -> i64 {
        let bias = i64::from(self.bias);
        let (mut least, mut most) = (bias, bias);
        for &w in &self.weights {
            let ends = [-128, 127].map(|x| x * i64::from(w));
            least += ends[0].min(ends[1]);
            most += ends[0].max(ends[1]);
        }
        least.abs().max(most.abs())
    }
}

/// Numbers for a sum that is doubled: the rounding term is `2^(shift - 1) + zero_point * 2^shift`.
fn numbers(ratio: Multiplier, zero_point: i8) -> Option<[u32; 3]> {
    let (multiplier, shift) = match ratio.multiplier {
        0 => (0, 1),
        _ if ratio.shift >= 0 => return None,
        _ if ratio.shift < -MOST_SHIFT => (0, 1),
        multiplier => (multiplier as u32, u32::from(ratio.shift.unsigned_abs())),
    };
    let round = (1_i32 << (shift - 1)) + (i32::from(zero_point) << shift);
    Some([multiplier, round as u32, shift])
}

/// Rows of `row` words each, three taps one after the other, in an order that puts the same words of the taps side by side.
fn by_taps(words: &[u32], row: usize) -> Vec<u32> {
    let tap = row / 3;
    let rows = words.chunks(row);
    let side_by_side = rows
        .flat_map(|row| (0..tap).flat_map(move |word| row[word..].iter().copied().step_by(tap)));
    side_by_side.collect()
}

/// Streams of pairs: two starts, the words of weights in `order`, the numbers of both.
fn pairs(channels: &[Channel], row: Row, order: impl Fn(Vec<u32>) -> Vec<u32>) -> Option<Vec<u32>> {
    let mut stream = Vec::new();
    for pair in channels.chunks(2) {
        let pair = Pair::new(&pair[0], pair.get(1), row)?;
        stream.extend(pair.starts);
        stream.extend(order(pair.words));
        stream.extend(pair.numbers);
    }
    Some(stream)
}

/// The stream of eight channels: eight starts, four words of weights for each word of a pixel, eight times numbers.
fn block(channels: &[Channel; 8]) -> Option<Vec<u32>> {
    let (twos, _) = channels.as_chunks::<2>();
    let pairs: Option<Vec<Pair>> = twos
        .iter()
        .map(|[a, b]| Pair::new(a, Some(b), WHOLE))
        .collect();
    let pairs = pairs?;
    let mut stream: Vec<u32> = pairs.iter().flat_map(|pair| pair.starts).collect();
    for word in 0..pairs[0].words.len() {
        stream.extend(pairs.iter().map(|pair| pair.words[word]));
    }
    stream.extend(pairs.iter().flat_map(|pair| pair.numbers));
    Some(stream)
}

struct Pair {
    starts: [u32; 2],
    words: Vec<u32>,
    numbers: [u32; 6],
}

impl Pair {
    /// A missing second channel counts as zeros.
    fn new(first: &Channel, second: Option<&Channel>, row: Row) -> Option<Self> {
        let nothing = Channel {
            weights: vec![0; first.weights.len()],
            bias: 0,
            numbers: [0, 1, 1],
        };
        let second = second.unwrap_or(&nothing);
        if first.weights.contains(&i8::MIN)
            || first.reach() >= FIRST_SUM
            || second.reach() >= SECOND_SUM
        {
            return None;
        }
        let half = |i: usize| {
            let both = 256 * i32::from(first.weights[i]) + i32::from(second.weights[i]);
            u32::from(both as i16 as u16)
        };
        let words = (0..first.weights.len()).step_by(4).flat_map(|k| {
            let last = k % (4 * row.groups()) + 4 == 4 * row.groups();
            let words = [half(k) | half(k + 2) << 16, half(k + 1) | half(k + 3) << 16];
            let len = if last && row.half() { 1 } else { 2 };
            words.into_iter().take(len)
        });
        let both = first.bias.wrapping_mul(256).wrapping_add(second.bias);
        let [a, b] = [first.numbers, second.numbers];
        Some(Self {
            starts: [both as u32, second.bias as u32],
            words: words.collect(),
            numbers: [a[0], a[1], a[2], b[0], b[1], b[2]],
        })
    }
}
