//! Forward and backward through a network: layer by layer, in parallel over fixed chunks of the batch.
//!
//! Each chunk sums for itself, and the chunks' sums are added in order, so the number of threads changes no bit.

use super::layer::Scratch;
use super::layer::batch_norm::BatchNorm;
use super::network::{Mode, Network, Node};
use super::signal::{Output, Signal, Sink};
use super::simd::{Level, padded};
use rayon::prelude::*;
use std::mem::take;
use std::ops::Range;
use std::time::Instant;

/// Most chunks of a batch. Fixed, because it decides the order of sums.
const CHUNKS: usize = 16;

/// Working memory of the passes.
#[derive(Default)]
pub(super) struct Work {
    chunks: Vec<Chunk>,
    batch: usize,
    packed: Vec<f32>,
    output: Vec<f32>,
    /// For each tensor, how many layers have yet to write its gradient.
    pending: Vec<usize>,
    /// For each tensor, whether its gradient holds something.
    written: Vec<bool>,
    /// Whether the input's gradient is wanted.
    input_gradient: bool,
}

struct Chunk {
    scratch: Scratch,
    packed: Vec<f32>,
    sums: Vec<f64>,
    narrow: Vec<f32>,
}

impl Chunk {
    fn new(level: Level) -> Self {
        let scratch = Scratch {
            level,
            input: Vec::new(),
            upstream: Vec::new(),
        };
        Self {
            scratch,
            packed: Vec::new(),
            sums: Vec::new(),
            narrow: Vec::new(),
        }
    }

    /// Zeros for one layer's pass.
    fn prepare(&mut self, scratch: [usize; 2], packed: usize, sums: usize) {
        zeros(&mut self.scratch.input, scratch[0]);
        zeros(&mut self.scratch.upstream, scratch[1]);
        zeros(&mut self.packed, packed);
        self.sums.clear();
        self.sums.resize(sums, 0.0);
        zeros(&mut self.narrow, sums);
    }
}

fn zeros(values: &mut Vec<f32>, len: usize) {
    values.clear();
    values.resize(len, 0.0);
}

/// Adds up the chunks' sums in order.
fn add_up(chunks: &[Chunk], len: usize) -> Vec<f64> {
    let mut total = vec![0.0; len];
    for chunk in chunks {
        total
            .iter_mut()
            .zip(&chunk.sums)
            .for_each(|(total, sum)| *total += sum);
    }
    total
}

/// What is the same for all images of a pass.
struct Shared<'a> {
    nodes: &'a [Node],
    signals: &'a [Signal],
    level: Level,
}

impl Network {
    /// Asks [`Self::backward`] for the gradient of the input too: a head needs it, an encoder does not.
    pub fn want_input_gradient(&mut self) {
        self.work.input_gradient = true;
    }

    /// Runs a batch of `input.len() / input_len` inputs (`B x H x W x C`); returns `B x output_len` values.
    ///
    /// # Panics
    /// If `input` is not a whole number of inputs.
    pub fn forward(&mut self, input: &[f32], mode: Mode) -> &[f32] {
        assert!(
            input.len().is_multiple_of(self.input_len()),
            "a batch of {} values is no multiple of {}",
            input.len(),
            self.input_len()
        );
        self.resize(input.len() / self.input_len());
        self.signals[0].raw.clear();
        self.signals[0].raw.extend_from_slice(input);
        for index in 0..self.nodes.len() {
            if self.nodes[index].live {
                let begun = Instant::now();
                self.forward_layer(index, mode);
                self.seconds[index][0] += begun.elapsed().as_secs_f64();
            }
        }
        let last = self.signals.len() - 1;
        let mut output = take(&mut self.work.output);
        output.resize(self.work.batch * self.output_len(), 0.0);
        let signal = &self.signals[last];
        if signal.normalized {
            signal.read(self.level, 0..self.work.batch, &mut output);
        } else {
            output.copy_from_slice(signal.raw(0..self.work.batch));
        }
        self.work.output = output;
        &self.work.output
    }

    /// What the last [`Self::forward`] returned.
    pub fn output(&self) -> &[f32] {
        &self.work.output
    }

    fn resize(&mut self, batch: usize) {
        self.work.batch = batch;
        let chunks = if batch == 0 {
            0
        } else {
            batch.div_ceil(self.images_per_chunk())
        };
        self.work
            .chunks
            .resize_with(chunks, || Chunk::new(self.level));
        for chunk in &mut self.work.chunks {
            chunk.scratch.level = self.level;
        }
    }

    fn images_per_chunk(&self) -> usize {
        self.work.batch.div_ceil(CHUNKS).max(1)
    }

    fn images(&self, chunk: usize) -> Range<usize> {
        let per = self.images_per_chunk();
        chunk * per..((chunk + 1) * per).min(self.work.batch)
    }

    fn forward_layer(&mut self, index: usize, mode: Mode) {
        let (level, batch, per) = (self.level, self.work.batch, self.images_per_chunk());
        let node = &mut self.nodes[index];
        node.layer.pack(
            &self.parameters[node.weights.clone()],
            &self.parameters[node.bias.clone()],
        );
        let node = &self.nodes[index];
        let mut raw = take(&mut self.signals[index + 1].raw);
        let signal = &self.signals[index + 1];
        let (len, channels) = (signal.len(), signal.channels());
        let sums = if node.norm.is_some() && mode == Mode::Train {
            2 * padded(channels)
        } else {
            0
        };
        raw.resize(batch * len, 0.0);
        let inputs = node.inputs.map(|tensor| &self.signals[tensor]);
        let mut chunks = take(&mut self.work.chunks);
        raw.par_chunks_mut(per * len)
            .zip(chunks.par_iter_mut())
            .enumerate()
            .for_each(|(at, (values, chunk))| {
                chunk.prepare(node.layer.scratch_len(per), 0, sums);
                let mut output = Output {
                    level,
                    len,
                    channels,
                    values,
                    relu: signal.relu && !signal.normalized,
                    sums: (sums > 0).then_some(&mut chunk.sums),
                    narrow: &mut chunk.narrow,
                };
                node.layer
                    .forward(inputs, self.images(at), &mut output, &mut chunk.scratch);
            });
        let total = add_up(&chunks, sums);
        self.work.chunks = chunks;
        let signal = &mut self.signals[index + 1];
        signal.raw = raw;
        if let Some(norm) = &mut self.nodes[index].norm {
            let affine = [
                &self.parameters[norm.gamma.clone()],
                &self.parameters[norm.beta.clone()],
            ];
            // Means lie before variances; see `Network::push`.
            let (means, variances) = self.running.split_at_mut(norm.variance.start);
            let running = [&mut means[norm.mean.clone()], &mut variances[..channels]];
            match mode {
                Mode::Train => {
                    norm.state
                        .forward(&total, batch * signal.pixels(), affine, running, signal)
                }
                Mode::Eval => BatchNorm::evaluate(affine, running.map(|values| &*values), signal),
            }
        }
    }

    /// Takes the gradient of the loss with respect to the last forward's output (which must have been in
    /// [`Mode::Train`]) back to all parameters; see [`Self::gradients`].
    ///
    /// # Panics
    /// If `gradient` is not as long as that output.
    pub fn backward(&mut self, gradient: &[f32]) {
        assert_eq!(
            gradient.len(),
            self.work.batch * self.output_len(),
            "the gradient of another batch"
        );
        self.gradients.fill(0.0);
        let last = self.signals.len() - 1;
        self.work.written = vec![false; self.signals.len()];
        self.work.pending = vec![0; self.signals.len()];
        self.work.pending[last] = 1;
        for node in self.nodes.iter().filter(|node| node.live) {
            for operand in 0..node.operands {
                self.work.pending[node.inputs[operand]] += 1;
            }
        }
        self.write_gradient(Some((last, 0)), [0, 0], 0, |_, images, _, sink| {
            if let Some(mut sink) = sink {
                let len = sink.signal.len();
                sink.values
                    .copy_from_slice(&gradient[images.start * len..images.end * len]);
                sink.finish(0..images.len());
            }
        });
        for index in (0..self.nodes.len()).rev() {
            if self.nodes[index].live {
                let begun = Instant::now();
                self.backward_layer(index);
                self.seconds[index][1] += begun.elapsed().as_secs_f64();
            }
        }
    }

    /// The gradient of the loss with respect to the input, after [`Self::want_input_gradient`] and
    /// [`Self::backward`]; else empty.
    pub fn input_gradient(&self) -> &[f32] {
        if self.work.input_gradient {
            &self.signals[0].gradient
        } else {
            &[]
        }
    }

    fn backward_layer(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        let signal = &mut self.signals[index + 1];
        if let Some(norm) = &node.norm {
            let (before, beta) = self.gradients.split_at_mut(norm.beta.start);
            let gradients = [
                &mut before[norm.gamma.clone()],
                &mut beta[..norm.beta.len()],
            ];
            norm.state
                .backward(&self.parameters[norm.gamma.clone()], gradients, signal);
        } else {
            for (to, sum) in self.gradients[node.bias.clone()]
                .iter_mut()
                .zip(&signal.sums)
            {
                *to = *sum as f32;
            }
        }
        let node = &self.nodes[index];
        let (packed, operands, inputs) = (node.layer.packed_len(), node.operands, node.inputs);
        let scratch = node.layer.scratch_len(self.images_per_chunk());
        for operand in 0..operands {
            let wanted = inputs[operand] > 0 || self.work.input_gradient;
            if !wanted && packed == 0 {
                continue;
            }
            let target = wanted.then_some((inputs[operand], operand));
            let last = operand + 1 == operands && !self.work.written[inputs[operand]];
            if last && self.nodes[index].layer.passes_gradient() {
                self.move_gradient(index + 1, inputs[operand]);
                continue;
            }
            self.write_gradient(target, scratch, packed, |shared, images, chunk, sink| {
                let node = &shared.nodes[index];
                let inputs = node.inputs.map(|tensor| &shared.signals[tensor]);
                let output = &shared.signals[index + 1];
                node.layer.backward(
                    inputs,
                    output,
                    images,
                    &mut chunk.packed,
                    sink,
                    &mut chunk.scratch,
                );
            });
        }
        if packed > 0 {
            self.reduce_weights(index, packed);
        }
    }

    /// Makes the gradient of tensor `from`, which nobody needs any more, that of `to`, which has none yet: cheaper than
    /// a copy.
    fn move_gradient(&mut self, from: usize, to: usize) {
        let gradient = take(&mut self.signals[from].gradient);
        let spare = std::mem::replace(&mut self.signals[to].gradient, gradient);
        self.signals[from].gradient = spare;
        self.write_gradient(Some((to, 0)), [0, 0], 0, |_, images, _, sink| {
            let Some(mut sink) = sink else { return };
            for at in 0..images.len() {
                sink.finish(at..at + 1);
            }
        });
    }

    /// Adds up the chunks' gradients of a layer's weights in order.
    fn reduce_weights(&mut self, index: usize, len: usize) {
        const PIECE: usize = 2048;
        let mut packed = take(&mut self.work.packed);
        zeros(&mut packed, len);
        let chunks = &self.work.chunks;
        packed
            .par_chunks_mut(PIECE)
            .enumerate()
            .for_each(|(piece, total)| {
                for chunk in chunks {
                    total
                        .iter_mut()
                        .zip(&chunk.packed[piece * PIECE..])
                        .for_each(|(total, part)| *total += part);
                }
            });
        let node = &self.nodes[index];
        node.layer
            .unpack(&packed, &mut self.gradients[node.weights.clone()]);
        self.work.packed = packed;
    }

    /// Runs `work` over all chunks; with a `target` (tensor and operand) it may write that tensor's gradient.
    fn write_gradient(
        &mut self,
        target: Option<(usize, usize)>,
        scratch: [usize; 2],
        packed: usize,
        work: impl Fn(&Shared<'_>, Range<usize>, &mut Chunk, Option<Sink<'_>>) + Sync,
    ) {
        let (batch, per) = (self.work.batch, self.images_per_chunk());
        let tensor = target.map_or(0, |(tensor, _)| tensor);
        let mut gradient = if target.is_some() {
            take(&mut self.signals[tensor].gradient)
        } else {
            Vec::new()
        };
        let (len, summed, channels) = (
            self.signals[tensor].len(),
            self.signals[tensor].summed,
            self.signals[tensor].channels(),
        );
        let (mut adds, mut settles) = (false, false);
        if target.is_some() {
            gradient.resize(batch * len, 0.0);
            adds = self.work.written[tensor];
            self.work.written[tensor] = true;
            self.work.pending[tensor] -= 1;
            settles = self.work.pending[tensor] == 0;
        }
        let mut chunks = take(&mut self.work.chunks);
        let mut pieces = gradient.chunks_mut(per * len);
        let pieces: Vec<Option<&mut [f32]>> = chunks.iter().map(|_| pieces.next()).collect();
        let shared = Shared {
            nodes: &self.nodes,
            signals: &self.signals,
            level: self.level,
        };
        pieces
            .into_par_iter()
            .zip(chunks.par_iter_mut())
            .enumerate()
            .for_each(|(at, (piece, chunk))| {
                chunk.prepare(scratch, packed, 2 * padded(channels));
                let images = self.images(at);
                let (mut sums, mut narrow) = (take(&mut chunk.sums), take(&mut chunk.narrow));
                let sink = piece.zip(target).map(|(values, (tensor, operand))| Sink {
                    level: shared.level,
                    operand,
                    signal: &shared.signals[tensor],
                    images: images.clone(),
                    values,
                    adds,
                    settles,
                    sums: &mut sums,
                    narrow: &mut narrow,
                });
                work(&shared, images, chunk, sink);
                (chunk.sums, chunk.narrow) = (sums, narrow);
            });
        if target.is_some() {
            let signal = &mut self.signals[tensor];
            signal.gradient = gradient;
            if settles && summed {
                signal.sums = add_up(&chunks, 2 * padded(channels));
            }
        }
        self.work.chunks = chunks;
    }
}
