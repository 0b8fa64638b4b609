//! What an encoder costs: multiply-accumulates and parameters.

use super::{Op, Spec, SpecError};
use crate::shape::Shape;

impl Op {
    /// Multiply-accumulates of one run, padding included; 0 for operations without weights.
    pub const fn macs(&self, input: Shape, output: Shape) -> u64 {
        match self {
            Self::Conv2d { .. } | Self::DepthwiseConv2d { .. } | Self::Dense { .. } => {
                output.pixels() as u64 * self.weights(input, output) as u64
            }
            _ => 0,
        }
    }

    /// Number of weights, without bias and batch normalisation.
    pub const fn weights(&self, input: Shape, output: Shape) -> usize {
        match *self {
            Self::Embedding {
                vocabulary,
                channels,
            } => vocabulary as usize * channels as usize,
            _ => self.fan_in(input).saturating_mul(output.c as usize),
        }
    }

    /// Number of products in one output value.
    pub const fn fan_in(&self, input: Shape) -> usize {
        let taps = match self.kernel() {
            Some(kernel) => kernel.size[0] as usize * kernel.size[1] as usize,
            None => 1,
        };
        match self {
            Self::Conv2d { .. } => taps * input.c as usize,
            Self::DepthwiseConv2d { .. } => taps,
            Self::Dense { .. } => input.len(),
            _ => 0,
        }
    }

    /// Number of bias values: one an output channel where there are weights to add them to.
    pub const fn biases(&self, output: Shape) -> usize {
        match self {
            Self::Conv2d { .. } | Self::DepthwiseConv2d { .. } | Self::Dense { .. } => {
                output.c as usize
            }
            _ => 0,
        }
    }

    /// Whether batch normalisation follows while training.
    pub const fn batch_norm(&self) -> bool {
        match self {
            Self::Conv2d { batch_norm, .. }
            | Self::DepthwiseConv2d { batch_norm, .. }
            | Self::Dense { batch_norm, .. } => *batch_norm,
            _ => false,
        }
    }

    /// Parameters as Keras counts them: weights, bias, and four for each channel of a batch normalisation.
    pub const fn parameters(&self, input: Shape, output: Shape) -> usize {
        let norm = if self.batch_norm() {
            4 * output.c as usize
        } else {
            0
        };
        self.weights(input, output) + self.biases(output) + norm
    }
}

impl Spec {
    /// Multiply-accumulates of one embedding.
    pub fn macs(&self) -> Result<u64, SpecError> {
        let shapes = self.shapes()?;
        Ok(self
            .with_shapes(&shapes)
            .map(|(op, input, output)| op.macs(input, output))
            .sum())
    }

    /// Parameters as Keras counts them: weights, bias, and four for each channel of a batch normalisation.
    pub fn parameters(&self) -> Result<usize, SpecError> {
        let shapes = self.shapes()?;
        Ok(self
            .with_shapes(&shapes)
            .map(|(op, input, output)| op.parameters(input, output))
            .sum())
    }

    fn with_shapes<'a>(
        &'a self,
        shapes: &'a [Shape],
    ) -> impl Iterator<Item = (Op, Shape, Shape)> + 'a {
        self.layers
            .iter()
            .zip(shapes.iter().skip(1))
            .map(|(layer, output)| {
                let input = shapes
                    .get(usize::from(layer.input.0))
                    .copied()
                    .unwrap_or(self.input);
                (layer.op, input, *output)
            })
    }
}
