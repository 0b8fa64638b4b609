//! `embedding`: one row of a table for each symbol.

use super::{Layer, Scratch};
use crate::train::signal::{Output, Signal, Sink};
use std::ops::Range;

pub(crate) struct Embedding {
    vocabulary: usize,
    channels: usize,
    table: Vec<f32>,
}

impl Embedding {
    pub(crate) fn new(vocabulary: usize, channels: usize) -> Self {
        Self {
            vocabulary,
            channels,
            table: vec![0.0; vocabulary * channels],
        }
    }

    /// The row of `symbol`: the nearest integer, clamped to the vocabulary.
    fn row(&self, symbol: f32) -> Range<usize> {
        let symbol = (symbol.round().max(0.0) as usize).min(self.vocabulary - 1);
        symbol * self.channels..(symbol + 1) * self.channels
    }
}

impl Layer for Embedding {
    fn pack(&mut self, weights: &[f32], _bias: &[f32]) {
        self.table.copy_from_slice(weights);
    }

    fn packed_len(&self) -> usize {
        self.table.len()
    }

    fn unpack(&self, packed: &[f32], gradient: &mut [f32]) {
        gradient.copy_from_slice(packed);
    }

    fn scratch_len(&self, _images: usize) -> [usize; 2] {
        [0, 0]
    }

    fn forward(
        &self,
        inputs: [&Signal; 2],
        images: Range<usize>,
        output: &mut Output<'_>,
        _scratch: &mut Scratch,
    ) {
        for (at, image) in images.enumerate() {
            let symbols = inputs[0].raw(image..image + 1);
            for (to, symbol) in output
                .image(at)
                .chunks_exact_mut(self.channels)
                .zip(symbols)
            {
                to.copy_from_slice(&self.table[self.row(*symbol)]);
            }
            output.finish(at..at + 1);
        }
    }

    /// Symbols have no gradient.
    fn backward(
        &self,
        inputs: [&Signal; 2],
        output: &Signal,
        images: Range<usize>,
        packed: &mut [f32],
        sink: Option<Sink<'_>>,
        _scratch: &mut Scratch,
    ) {
        let symbols = inputs[0].raw(images.clone());
        for (from, symbol) in output
            .gradient(images)
            .chunks_exact(self.channels)
            .zip(symbols)
        {
            packed[self.row(*symbol)]
                .iter_mut()
                .zip(from)
                .for_each(|(to, g)| *to += g);
        }
        if let Some(mut sink) = sink.filter(|sink| !sink.adds) {
            sink.values.fill(0.0);
            let count = sink.images.len();
            sink.finish(0..count);
        }
    }
}
