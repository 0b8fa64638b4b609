//! Forward and backward through a network: layer by layer, in parallel over fixed chunks of the batch.
//!
//! Each chunk sums for itself, and the chunks' sums are added in order, so the number of threads changes no bit.

use super::layer::Scratch;
use super::layer::batch_norm::BatchNorm;
use super::network::{Mode, Network, Node};
use super::share::{Share, chunks};
use super::signal::{Output, Signal, Sink};
use super::simd::{Level, Lines, padded};
use super::thread::{Thread, own, zeros};
use rayon::prelude::*;
use std::mem::take;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Working memory of the passes.
#[derive(Default)]
pub(super) struct Work {
    /// One for each thread.
    threads: Vec<Mutex<Thread>>,
    /// Counts the passes through layers.
    pass: u64,
    share: Share,
    /// For each chunk of the batch, the sums over its pixels.
    sums: Vec<f64>,
    /// For each chunk of the batch, the gradient of a layer's weights.
    packed: Lines,
    total: Lines,
    /// Gradients of tensors that nobody needs any more: two or three serve all layers, and stay in the cache.
    spare: Vec<Lines>,
    output: Vec<f32>,
    /// For each tensor, how many layers have yet to write its gradient.
    pending: Vec<usize>,
    /// For each tensor, whether its gradient holds something.
    written: Vec<bool>,
    /// Whether the input's gradient is wanted.
    input_gradient: bool,
}

/// `count` pieces of `len` values; empty ones where `len` is 0.
fn pieces<T>(values: &mut [T], len: usize, count: usize) -> Vec<&mut [T]> {
    let mut pieces = values.chunks_mut(len.max(1));
    (0..count)
        .map(|_| pieces.next().unwrap_or_default())
        .collect()
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

    /// Whether the processes of a world of `size` can share a batch of `rows` evenly: their number must divide that of
    /// its chunks, which is returned where it does not.
    pub(super) fn uneven(rows: usize, size: usize) -> Option<usize> {
        Some(chunks(rows).1).filter(|chunks| !chunks.is_multiple_of(size))
    }

    /// Runs a batch of `input.len() / input_len` inputs (`B x H x W x C`); returns `B x output_len` values. After
    /// [`Self::share`] each process gives and gets the whole batch, but computes its part only.
    ///
    /// # Panics
    /// If `input` is not a whole number of inputs, or its chunks cannot be shared evenly.
    pub fn forward(&mut self, input: &[f32], mode: Mode) -> &[f32] {
        assert!(
            input.len().is_multiple_of(self.input_len()),
            "a batch of {} values is no multiple of {}",
            input.len(),
            self.input_len()
        );
        let rows = input.len() / self.input_len();
        assert!(
            Self::uneven(rows, self.world.size()).is_none(),
            "{rows} rows cannot be shared evenly"
        );
        self.resize(rows);
        let (share, len) = (self.work.share, self.input_len());
        let images = share.images();
        self.signals[0]
            .raw
            .copy(&input[images.start * len..images.end * len]);
        for index in 0..self.nodes.len() {
            if self.nodes[index].live {
                let begun = Instant::now();
                self.forward_layer(index, mode);
                self.seconds[index][0] += begun.elapsed().as_secs_f64();
            }
        }
        let last = self.signals.len() - 1;
        let mut output = take(&mut self.work.output);
        let (signal, len) = (&self.signals[last], self.output_len());
        output.resize(share.chunks * share.per * len, 0.0);
        let own = &mut output[images.start * len..images.end * len];
        if signal.normalized {
            signal.read(self.level, 0..images.len(), own);
        } else {
            own.copy_from_slice(signal.raw(0..images.len()));
        }
        self.world.gather_numbers(&mut output);
        output.truncate(rows * len);
        self.work.output = output;
        &self.work.output
    }

    /// What the last [`Self::forward`] returned.
    pub fn output(&self) -> &[f32] {
        &self.work.output
    }

    fn resize(&mut self, batch: usize) {
        let level = self.level;
        self.work.share = Share::of(batch, &*self.world);
        let threads = &mut self.work.threads;
        threads.resize_with(rayon::current_num_threads(), || {
            Mutex::new(Thread::new(level))
        });
        for thread in threads {
            let thread = thread.get_mut().unwrap_or_else(PoisonError::into_inner);
            thread.scratch.level = level;
        }
    }

    /// Adds up in order what all chunks have summed to [`Work::sums`].
    fn add_up(&mut self, len: usize) -> Vec<f64> {
        self.world.gather_numbers(&mut self.work.sums);
        let mut total = vec![0.0; len];
        for sums in self.work.sums.chunks_exact(len.max(1)) {
            total
                .iter_mut()
                .zip(sums)
                .for_each(|(total, sum)| *total += sum);
        }
        total
    }

    fn forward_layer(&mut self, index: usize, mode: Mode) {
        let (level, share) = (self.level, self.work.share);
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
        raw.resize(share.images().len() * len, 0.0);
        let inputs = node.inputs.map(|tensor| &self.signals[tensor]);
        self.work.pass += 1;
        let Work {
            threads,
            pass,
            sums: all,
            ..
        } = &mut self.work;
        let (threads, pass) = (&*threads, *pass);
        all.resize(share.chunks * sums, 0.0);
        raw.par_chunks_mut(share.per * len)
            .zip(pieces(&mut all[share.values(sums)], sums, share.count))
            .enumerate()
            .for_each(|(at, (values, total))| {
                let thread = &mut *own(threads);
                thread.prepare(pass, node.layer.scratch_len(share.per), sums);
                total.fill(0.0);
                let mut output = Output {
                    level,
                    len,
                    channels,
                    values,
                    relu: signal.relu && !signal.normalized,
                    sums: (sums > 0).then_some(total),
                    narrow: &mut thread.narrow,
                };
                node.layer
                    .forward(inputs, share.chunk(at), &mut output, &mut thread.scratch);
            });
        let total = self.add_up(sums);
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
                Mode::Train => norm.state.forward(
                    &total,
                    share.batch * signal.pixels(),
                    affine,
                    running,
                    signal,
                ),
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
            self.work.share.batch * self.output_len(),
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
        let begin = self.work.share.images().start;
        self.write_gradient(Some((last, 0)), [0, 0], 0, |_, images, _, _, sink| {
            if let Some(mut sink) = sink {
                let len = sink.signal.len();
                let from = (begin + images.start) * len;
                sink.values
                    .copy_from_slice(&gradient[from..from + images.len() * len]);
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
            let signal = &self.signals[0];
            &signal.gradient[..self.work.share.images().len() * signal.len()]
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
        let scratch = node.layer.scratch_len(self.work.share.per);
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
            self.write_gradient(
                target,
                scratch,
                packed,
                |shared, images, scratch, packed, sink| {
                    let node = &shared.nodes[index];
                    let inputs = node.inputs.map(|tensor| &shared.signals[tensor]);
                    let output = &shared.signals[index + 1];
                    node.layer
                        .backward(inputs, output, images, packed, sink, scratch);
                },
            );
        }
        if packed > 0 {
            self.reduce_weights(index, packed);
        }
        let spent = take(&mut self.signals[index + 1].gradient);
        if !spent.is_empty() {
            self.work.spare.push(spent);
        }
    }

    /// Makes the gradient of tensor `from`, which nobody needs any more, that of `to`, which has none yet: cheaper than
    /// a copy.
    fn move_gradient(&mut self, from: usize, to: usize) {
        self.signals[to].gradient = take(&mut self.signals[from].gradient);
        self.write_gradient(Some((to, 0)), [0, 0], 0, |_, images, _, _, sink| {
            let Some(mut sink) = sink else { return };
            for at in 0..images.len() {
                sink.finish(at..at + 1);
            }
        });
    }

    /// Adds up the chunks' gradients of a layer's weights in order.
    fn reduce_weights(&mut self, index: usize, len: usize) {
        const PIECE: usize = 2048;
        let Work {
            packed,
            total,
            share,
            ..
        } = &mut self.work;
        let packed = &mut packed[..share.chunks * len];
        self.world.gather_numbers(packed);
        zeros(total, len);
        total
            .par_chunks_mut(PIECE)
            .enumerate()
            .for_each(|(piece, total)| {
                for chunk in packed.chunks_exact(len) {
                    total
                        .iter_mut()
                        .zip(&chunk[piece * PIECE..])
                        .for_each(|(total, part)| *total += part);
                }
            });
        let node = &self.nodes[index];
        node.layer
            .unpack(total, &mut self.gradients[node.weights.clone()]);
    }

    /// Runs `work` over all chunks; with a `target` (tensor and operand) it may write that tensor's gradient.
    fn write_gradient(
        &mut self,
        target: Option<(usize, usize)>,
        scratch: [usize; 2],
        packed: usize,
        work: impl Fn(&Shared<'_>, Range<usize>, &mut Scratch, &mut [f32], Option<Sink<'_>>) + Sync,
    ) {
        let share = self.work.share;
        let tensor = target.map_or(0, |(tensor, _)| tensor);
        let mut gradient = if target.is_some() {
            take(&mut self.signals[tensor].gradient)
        } else {
            Lines::default()
        };
        let (len, summed, channels) = (
            self.signals[tensor].len(),
            self.signals[tensor].summed,
            self.signals[tensor].channels(),
        );
        let (mut adds, mut settles, mut used) = (false, false, 0);
        if target.is_some() {
            if gradient.is_empty() {
                gradient = self.work.spare.pop().unwrap_or_default();
            }
            // What was another tensor's may be longer.
            used = share.images().len() * len;
            gradient.grow(used);
            adds = self.work.written[tensor];
            self.work.written[tensor] = true;
            self.work.pending[tensor] -= 1;
            settles = self.work.pending[tensor] == 0;
        }
        self.work.pass += 1;
        let Work {
            threads,
            pass,
            sums: all_sums,
            packed: all_packed,
            ..
        } = &mut self.work;
        let (threads, pass) = (&*threads, *pass);
        let shared = Shared {
            nodes: &self.nodes,
            signals: &self.signals,
            level: self.level,
        };
        let sums = 2 * padded(channels);
        all_sums.resize(share.chunks * sums, 0.0);
        all_packed.grow(share.chunks * packed);
        pieces(&mut gradient[..used], share.per * len, share.count)
            .into_par_iter()
            .zip(pieces(&mut all_sums[share.values(sums)], sums, share.count))
            .zip(pieces(
                &mut all_packed[share.values(packed)],
                packed,
                share.count,
            ))
            .enumerate()
            .for_each(|(at, ((values, sums), packed))| {
                let thread = &mut *own(threads);
                thread.prepare(pass, scratch, sums.len());
                sums.fill(0.0);
                packed.fill(0.0);
                let images = share.chunk(at);
                let sink = target.map(|(tensor, operand)| Sink {
                    level: shared.level,
                    operand,
                    signal: &shared.signals[tensor],
                    images: images.clone(),
                    values,
                    adds,
                    settles,
                    sums,
                    narrow: &mut thread.narrow,
                });
                work(&shared, images, &mut thread.scratch, packed, sink);
            });
        if target.is_some() {
            self.signals[tensor].gradient = gradient;
            if settles && summed {
                self.signals[tensor].sums = self.add_up(sums);
            }
        }
    }
}
