//! A causal encoder over a stream: each new sample costs one step of every layer, not a whole window.
//!
//! What a causal convolution needs of the past is a few columns of its input, so they are kept (as in Paine et al.,
//! *Fast Wavenet Generation Algorithm*, 2016). The average at the end is taken over the last `T` steps, `T` being the
//! window of the image. Over the first `T` samples of a stream the embedding is that of
//! [`ModelImage::embed`](crate::image::ModelImage::embed) to the bit. Later ones differ from embedding each window for
//! itself, as they should: what lies before the window is the true past, not padding. They are then, to the bit, what
//! the same layers give over the whole stream, averaged over the last `T` steps.
//!
//! Behind a convolution of stride `s` there is a step for every `s` samples only, the first with the first sample: what
//! lies behind it rests in between, and the embedding stays the same.

use crate::image::{Format, LayerInfo, ModelImage, Target, TensorInfo};
use crate::shape::Shape;
use crate::spec::{Kernel, MAX_LAYERS, Op, Padding};
use core::fmt;

/// Why an image cannot run over a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum StreamError {
    /// Only int8 images for portable cores are taken sample by sample.
    Format,
    /// Before the global average there must be embeddings, causal convolutions of one row, and sums of steps that are
    /// made at the same samples; behind it dense layers only.
    Layer {
        /// The first that does not.
        layer: usize,
    },
    /// The memory is too small.
    State {
        /// Bytes needed.
        need: usize,
        /// Bytes given.
        have: usize,
    },
    /// The sample has the wrong number of values.
    Sample {
        /// Values needed.
        need: usize,
        /// Values given.
        have: usize,
    },
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format => write!(
                f,
                "a stream needs an int8 image for portable cores: quantize with --target portable"
            ),
            Self::Layer { layer } => write!(
                f,
                "layer {layer} cannot take a stream sample by sample: it must be causal, in one row, and end in \
                 global_avg_pool, as tcn is"
            ),
            Self::State { need, have } => {
                write!(f, "a stream needs {need} bytes of memory, but has {have}")
            }
            Self::Sample { need, have } => {
                write!(f, "a sample has {need} values, but {have} were given")
            }
        }
    }
}

impl core::error::Error for StreamError {}

/// The steps kept of one tensor, the newest at `at`.
#[derive(Clone, Copy, Debug)]
struct Ring {
    start: usize,
    steps: usize,
    at: usize,
    /// Samples from one step to the next.
    every: usize,
    /// Samples that pass before the next step.
    wait: usize,
    /// Whether the last sample made a step.
    fresh: bool,
}

impl Ring {
    const EMPTY: Self = Self {
        start: 0,
        steps: 1,
        at: 0,
        every: 1,
        wait: 0,
        fresh: false,
    };

    /// Lets one more sample pass.
    fn pass(&mut self) {
        self.fresh = self.wait == 0;
        if self.fresh {
            self.at = (self.at + 1) % self.steps.max(1);
            self.wait = self.every;
        }
        self.wait = self.wait.saturating_sub(1);
    }

    /// The place of the step `back` before the newest.
    fn place(&self, back: usize, channels: usize) -> usize {
        let steps = self.steps.max(1);
        let step = (self.at + steps).wrapping_sub(back) % steps;
        self.start + step * channels
    }
}

/// An encoder with what it remembers of a stream, in memory that the caller owns.
#[derive(Debug)]
pub struct Stream<'a, 's> {
    image: ModelImage<'a>,
    state: &'s mut [i8],
    /// Of each tensor.
    rings: [Ring; MAX_LAYERS + 1],
    /// Where the taps of a convolution are gathered.
    patch: usize,
    /// The layer that averages.
    pool: usize,
    /// Samples still missing before the first embedding.
    missing: usize,
}

impl<'a, 's> Stream<'a, 's> {
    /// Bytes of memory that a stream through `image` needs.
    ///
    /// # Errors
    /// If the image cannot run over a stream.
    pub fn state_len(image: &ModelImage<'_>) -> Result<usize, StreamError> {
        let (_, _, patch, len) = plan(image)?;
        Ok(patch + len)
    }

    /// A stream of which nothing has come yet.
    ///
    /// # Errors
    /// If the image cannot run over a stream, or `state` is shorter than [`Self::state_len`].
    pub fn new(image: ModelImage<'a>, state: &'s mut [i8]) -> Result<Self, StreamError> {
        let (rings, pool, patch, len) = plan(&image)?;
        let (need, have) = (patch + len, state.len());
        if have < need {
            return Err(StreamError::State { need, have });
        }
        let mut stream = Self {
            image,
            state,
            rings,
            patch,
            pool,
            missing: 0,
        };
        stream.reset();
        Ok(stream)
    }

    /// Forgets the past: what lies before the next sample is padding.
    pub fn reset(&mut self) {
        self.missing = usize::from(self.image.input_shape().w);
        for (tensor, ring) in self.rings.iter_mut().enumerate() {
            ring.wait = 0;
            let tensor = self.image.tensor(tensor);
            let len = ring.steps * usize::from(tensor.shape.c);
            if let Some(steps) = self.state.get_mut(ring.start..ring.start + len) {
                steps.fill(tensor.quant.zero_point);
            }
        }
    }

    /// Takes one sample of `C` values, quantized as the image's input; a symbol as `symbol - 128`.
    ///
    /// # Errors
    /// If it has another number of values.
    pub fn push(&mut self, sample: &[i8]) -> Result<(), StreamError> {
        let need = usize::from(self.image.input_shape().c);
        if sample.len() != need {
            let have = sample.len();
            return Err(StreamError::Sample { need, have });
        }
        self.rings.iter_mut().for_each(Ring::pass);
        let input = self.newest(0).range();
        if let Some(step) = self.state.get_mut(input) {
            step.iter_mut()
                .zip(sample)
                .for_each(|(to, from)| *to = *from);
        }
        for index in 0..self.pool {
            let fresh = self.rings.get(index + 1).is_some_and(|ring| ring.fresh);
            if let Some(layer) = self.image.layer(index).filter(|_| fresh) {
                let layer = self.one_step(layer);
                self.image.run(&layer, self.state);
            }
        }
        self.missing = self.missing.saturating_sub(1);
        Ok(())
    }

    /// The embedding of the last `T` samples; `None` while fewer have come.
    pub fn embedding(&mut self) -> Option<&[i8]> {
        if self.missing > 0 {
            return None;
        }
        for index in self.pool..self.image.layer_count() {
            let mut layer = self.image.layer(index)?;
            // Whole tensors: the ring that is averaged, in any order, and vectors.
            layer.input = self.whole(layer.layer.input.0.into());
            layer.output = self.whole(index + 1);
            layer.over = false;
            self.image.run(&layer, self.state);
        }
        self.state.get(self.whole(self.image.layer_count()).range())
    }

    /// `layer` over the newest step alone.
    fn one_step(&mut self, mut layer: LayerInfo<'a>) -> LayerInfo<'a> {
        let input = usize::from(layer.layer.input.0);
        (layer.in_place, layer.over) = (false, false);
        layer.output = self.newest(layer.index + 1);
        if let Some(other) = layer.layer.op.other() {
            layer.other = Some(self.newest(other.0.into()));
        }
        if let Op::Conv2d { kernel, .. } = &mut layer.layer.op {
            let [_, taps] = kernel.size;
            let (channels, dilation) = (usize::from(layer.input.shape.c), kernel.dilation[1]);
            for tap in 0..usize::from(taps) {
                let back = (usize::from(taps) - 1 - tap) * usize::from(dilation);
                let from = self
                    .rings
                    .get(input)
                    .map_or(0, |ring| ring.place(back, channels));
                let to = self.patch + tap * channels;
                for value in 0..channels {
                    let step = self.state.get(from + value).copied();
                    if let (Some(place), Some(step)) = (self.state.get_mut(to + value), step) {
                        *place = step;
                    }
                }
            }
            *kernel = Kernel::sequence(taps, 1, Padding::Valid);
            layer.input.shape = Shape::sequence(taps.into(), layer.input.shape.c);
            layer.input.offset = self.patch;
        } else {
            layer.input = self.newest(input);
        }
        layer
    }

    /// The newest step of tensor `index`.
    fn newest(&self, index: usize) -> TensorInfo {
        let mut tensor = self.image.tensor(index);
        let ring = self.rings.get(index).copied().unwrap_or(Ring::EMPTY);
        tensor.offset = ring.place(0, tensor.shape.c.into());
        tensor.shape = Shape::sequence(1, tensor.shape.c);
        tensor
    }

    /// Tensor `index` with all its steps.
    fn whole(&self, index: usize) -> TensorInfo {
        let mut tensor = self.image.tensor(index);
        tensor.offset = self.rings.get(index).map_or(0, |ring| ring.start);
        tensor
    }
}

/// A ring for each tensor, the layer that averages, where taps are gathered, and the bytes for that.
type Plan = ([Ring; MAX_LAYERS + 1], usize, usize, usize);

fn plan(image: &ModelImage<'_>) -> Result<Plan, StreamError> {
    if image.format() != Format::I8 || image.target() != Target::Portable {
        return Err(StreamError::Format);
    }
    let mut rings = [Ring::EMPTY; MAX_LAYERS + 1];
    let (mut pool, mut patch) = (None, 0);
    for layer in image.layers() {
        let input = usize::from(layer.layer.input.0);
        // Tensors that are averaged already may not be read by what makes steps, nor the other way round.
        let averaged = |tensor: usize| pool.is_some_and(|pool| tensor > pool);
        let every = |tensor: usize| rings.get(tensor).map_or(1, |ring| ring.every);
        let mut stride = 1;
        let (fits, steps, taps) = match layer.layer.op {
            Op::Embedding { .. } => (pool.is_none(), 1, 0),
            Op::Add { other } => {
                let together = every(other.0.into()) == every(input);
                (together && pool.is_none(), 1, 0)
            }
            Op::Conv2d { kernel, .. } => {
                let [_, taps] = kernel.size.map(usize::from);
                stride = usize::from(kernel.stride[1]).max(1);
                let unpadded = matches!(kernel.padding, Padding::Same | Padding::Valid);
                let causal = kernel.padding == Padding::Causal || (taps == 1 && unpadded);
                let row = kernel.size[0] == 1 && kernel.stride[0] == 1;
                let past = taps.saturating_sub(1) * usize::from(kernel.dilation[1]);
                (causal && row && pool.is_none(), 1 + past, taps)
            }
            Op::GlobalAvgPool => (pool.is_none(), usize::from(layer.input.shape.w), 0),
            Op::Dense { .. } => (averaged(input), 1, 0),
            _ => (false, 1, 0),
        };
        if !fits || layer.input.shape.h != 1 {
            return Err(StreamError::Layer { layer: layer.index });
        }
        if layer.layer.op == Op::GlobalAvgPool {
            pool = Some(layer.index);
        }
        let every = every(input).saturating_mul(stride);
        if let Some(ring) = rings.get_mut(layer.index + 1) {
            ring.every = every;
        }
        if let Some(ring) = rings.get_mut(input) {
            ring.steps = ring.steps.max(steps);
        }
        patch = patch.max(taps * usize::from(layer.input.shape.c));
    }
    let Some(pool) = pool else {
        let layer = image.layer_count();
        return Err(StreamError::Layer { layer });
    };
    let mut end = 0_usize;
    for (tensor, ring) in rings.iter_mut().enumerate() {
        ring.start = end;
        if tensor <= image.layer_count() {
            end += ring.steps * usize::from(image.tensor(tensor).shape.c);
        }
    }
    // The average reads its ring as it lies, so nothing else may have made that longer.
    let averaged = image.layer(pool).is_some_and(|layer| {
        let ring = rings.get(usize::from(layer.layer.input.0));
        ring.is_some_and(|ring| ring.steps == usize::from(layer.input.shape.w))
    });
    if !averaged {
        return Err(StreamError::Layer { layer: pool });
    }
    Ok((rings, pool, end, patch))
}
