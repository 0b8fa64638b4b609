//! Leaves out the channels that hold one value whatever goes in, and those that nobody reads: not a bit changes.
//!
//! A constant goes into the bias of whoever reads it, if no padding of another value lies beside it. Channels that a
//! depthwise convolution, a pool, an addition or a concatenation ties together are left out together or not at all.
//! Input and embedding keep theirs. Kernels take two channels at once, depthwise ones four: where a tensor had a
//! multiple of that, it keeps one, so that no layer gets slower; a constant that is left over stays.

use super::reach::{Reach, leaves_input, reaches};
use super::{ExportError, QuantizedEncoder, QuantizedLayer};
use mote_core::shape::Shape;
use mote_core::spec::{Op, Spec};

/// `encoder` without dead channels; its spec has fewer, its results are the same bits.
///
/// # Errors
/// If the spec is no encoder.
pub fn prune(mut encoder: QuantizedEncoder) -> Result<QuantizedEncoder, ExportError> {
    loop {
        let reaches = reaches(&encoder)?;
        let kept = Ties::of(&encoder)?.kept(&encoder, &reaches);
        if kept.iter().flatten().all(|&kept| kept) {
            return Ok(encoder);
        }
        // What fed the channels left out may be dead now.
        encoder = without(encoder, &kept, &reaches);
    }
}

/// Channels that layers with weights make in `whole` but not in `pruned`.
pub fn channels_left_out(whole: &Spec, pruned: &Spec) -> Result<usize, ExportError> {
    let channels = |spec: &Spec| -> Result<usize, ExportError> {
        let shapes = spec.shapes()?;
        let made = spec.layers.iter().zip(shapes.iter().skip(1));
        let weighted = made.filter(|(layer, shape)| {
            layer.op.biases(**shape) > 0 || matches!(layer.op, Op::Embedding { .. })
        });
        Ok(weighted.map(|(_, shape)| usize::from(shape.c)).sum())
    };
    Ok(channels(whole)?.saturating_sub(channels(pruned)?))
}

/// Sets of things that go together (disjoint sets, Galler and Fischer, 1964).
struct Sets(Vec<usize>);

impl Sets {
    fn new(len: usize) -> Self {
        Self((0..len).collect())
    }

    /// The least member of the set of `i`.
    fn of(&self, mut i: usize) -> usize {
        while self.0[i] != i {
            i = self.0[i];
        }
        i
    }

    fn join(&mut self, i: usize, j: usize) {
        let (i, j) = (self.of(i), self.of(j));
        self.0[i.max(j)] = i.min(j);
    }
}

/// Which channels are left out together.
struct Ties {
    shapes: Vec<Shape>,
    /// Number of each tensor's first channel, among those of all tensors.
    first: Vec<usize>,
    channels: Sets,
    tensors: Sets,
}

impl Ties {
    fn of(encoder: &QuantizedEncoder) -> Result<Self, ExportError> {
        let shapes = encoder.spec.shapes()?.to_vec();
        let mut first = vec![0];
        first.extend(shapes.iter().scan(0, |sum, shape| {
            *sum += usize::from(shape.c);
            Some(*sum)
        }));
        let mut ties = Self {
            channels: Sets::new(first[shapes.len()]),
            tensors: Sets::new(shapes.len()),
            shapes,
            first,
        };
        for (index, layer) in encoder.spec.layers.iter().enumerate() {
            let (input, output) = (usize::from(layer.input.0), index + 1);
            let other = layer.op.other().map_or(input, |other| other.0.into());
            let channels = usize::from(ties.shapes[input].c);
            match layer.op {
                Op::Conv2d { .. } | Op::Dense { .. } | Op::Embedding { .. } => {}
                Op::DepthwiseConv2d { .. }
                | Op::AvgPool { .. }
                | Op::MaxPool { .. }
                | Op::GlobalAvgPool => ties.tie(output, 0, input),
                Op::GlobalStatPool => {
                    ties.tie(output, 0, input);
                    ties.tie(output, channels, input);
                }
                Op::Add { .. } => {
                    ties.tie(output, 0, input);
                    ties.tie(output, 0, other);
                }
                Op::Concat { .. } => {
                    ties.tie(output, 0, input);
                    ties.tie(output, channels, other);
                }
            }
        }
        Ok(ties)
    }

    /// Ties all channels of `input` to those of `output` from `from` on.
    fn tie(&mut self, output: usize, from: usize, input: usize) {
        for channel in 0..usize::from(self.shapes[input].c) {
            let node = self.first[output] + from + channel;
            self.channels.join(node, self.first[input] + channel);
        }
        self.tensors.join(output, input);
    }

    fn node(&self, tensor: usize, channel: usize) -> usize {
        self.channels.of(self.first[tensor] + channel)
    }

    /// Which channels of each tensor stay.
    fn kept(&self, encoder: &QuantizedEncoder, reaches: &[Vec<Reach>]) -> Vec<Vec<bool>> {
        let last = self.shapes.len() - 1;
        let mut dead = vec![true; self.first[last + 1]];
        let each = |tensor: usize| 0..usize::from(self.shapes[tensor].c);
        for tensor in [0, last] {
            each(tensor).for_each(|channel| dead[self.node(tensor, channel)] = false);
        }
        for (layer, numbers) in encoder.spec.layers.iter().zip(&encoder.layers) {
            let tensor = usize::from(layer.input.0);
            let padded = match layer.op {
                Op::Conv2d { kernel, .. } => leaves_input(kernel, self.shapes[tensor]),
                Op::Dense { .. } => false,
                _ => continue,
            };
            let unread = |channel: usize| {
                let own = numbers.weights.iter().skip(channel);
                own.step_by(self.shapes[tensor].c.into()).all(|&w| w == 0)
            };
            let zero_point = encoder.quants[tensor].zero_point;
            for channel in each(tensor) {
                let reach = reaches[tensor][channel];
                let folds = reach.is_constant() && (!padded || reach.least == zero_point);
                if !folds && !unread(channel) {
                    dead[self.node(tensor, channel)] = false;
                }
            }
        }
        for tensor in (0..=last).filter(|&tensor| self.tensors.of(tensor) == tensor) {
            self.keep_multiples(encoder, tensor, &mut dead);
        }
        let kept = |tensor: usize| each(tensor).map(|c| !dead[self.node(tensor, c)]).collect();
        (0..=last).map(kept).collect()
    }

    /// Lets channels of the tensors tied to `root` live until each has as many as kernels like.
    fn keep_multiples(&self, encoder: &QuantizedEncoder, root: usize, dead: &mut [bool]) {
        let tied = |tensor: &usize| self.tensors.of(*tensor) == root;
        let tensors: Vec<usize> = (0..self.shapes.len()).filter(tied).collect();
        let layers = encoder.spec.layers.iter();
        let depthwise = layers
            .filter(|layer| tensors.contains(&layer.input.0.into()))
            .any(|layer| matches!(layer.op, Op::DepthwiseConv2d { .. }));
        let unit = if depthwise { 4 } else { 2 };
        let each = |tensor: usize| (0..self.shapes[tensor].c.into()).map(move |c| (tensor, c));
        loop {
            let odd = tensors.iter().any(|&tensor| {
                let left = each(tensor).filter(|&(t, c)| !dead[self.node(t, c)]);
                let (whole, left) = (usize::from(self.shapes[tensor].c), left.count());
                left == 0 || whole.is_multiple_of(unit) && !left.is_multiple_of(unit)
            });
            let mut nodes = tensors.iter().flat_map(|&tensor| each(tensor));
            let mut revived = nodes.find(|&(t, c)| dead[self.node(t, c)]);
            match revived.take().filter(|_| odd) {
                Some((tensor, channel)) => dead[self.node(tensor, channel)] = false,
                None => return,
            }
        }
    }
}

/// `encoder` with the channels of each tensor that are `kept`; the others' constants go into the bias of their readers.
fn without(
    encoder: QuantizedEncoder,
    kept: &[Vec<bool>],
    reaches: &[Vec<Reach>],
) -> QuantizedEncoder {
    let QuantizedEncoder {
        mut spec,
        quants,
        mut layers,
    } = encoder;
    for (index, (layer, numbers)) in spec.layers.iter_mut().zip(&mut layers).enumerate() {
        let input = usize::from(layer.input.0);
        let (from, to) = (&kept[input], &kept[index + 1]);
        let left = to.iter().filter(|&&kept| kept).count() as u16;
        match &mut layer.op {
            Op::Conv2d { channels, .. } | Op::Dense { channels, .. } => {
                *channels = left;
                fold_constants(numbers, from, &reaches[input]);
                let filter = numbers.weights.len() / to.len();
                let filters = numbers.weights.chunks(filter.max(1)).zip(to);
                let filters = filters.filter(|(_, kept)| **kept);
                numbers.weights = filters.flat_map(|(weights, _)| weights).copied().collect();
            }
            Op::Embedding { channels, .. } => {
                *channels = left;
                retain(&mut numbers.weights, to);
            }
            Op::DepthwiseConv2d { .. } => retain(&mut numbers.weights, to),
            _ => continue,
        }
        retain(&mut numbers.bias, to);
        retain(&mut numbers.ratios, to);
    }
    QuantizedEncoder {
        spec,
        quants,
        layers,
    }
}

/// Drops the weights of input channels that are not `kept`, and adds what they would have added to the bias.
fn fold_constants(numbers: &mut QuantizedLayer, kept: &[bool], reaches: &[Reach]) {
    let filter = numbers.weights.len() / numbers.bias.len().max(1);
    for (bias, weights) in numbers
        .bias
        .iter_mut()
        .zip(numbers.weights.chunks(filter.max(1)))
    {
        let taps = weights.iter().zip(kept.iter().zip(reaches).cycle());
        let gone = taps.filter(|(_, (kept, _))| !**kept);
        // A channel that nobody reads need not be constant, but its weights are 0.
        *bias += gone
            .map(|(&weight, (_, reach))| i32::from(weight) * i32::from(reach.least))
            .sum::<i32>();
    }
    retain(&mut numbers.weights, kept);
}

/// Keeps the values whose place, counted around and around `kept`, is kept.
fn retain<T>(values: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter().cycle();
    values.retain(|_| kept.next().is_none_or(|&kept| kept));
}

#[cfg(test)]
mod tests;
