//! Stacks layers on the last tensor made.

use super::PresetError;
use crate::shape::Shape;
use crate::spec::{Activation, Kernel, Layer, Op, Padding, Spec, SpecError, Tensor};
use heapless::Vec;

pub struct Build {
    spec: Spec,
    width: f32,
    /// The tensor that the next layer reads.
    pub last: Tensor,
}

impl Build {
    pub fn new(input: Shape, width: f32) -> Result<Self, PresetError> {
        if !(0.05..=16.0).contains(&width) {
            return Err(PresetError::Width(width));
        }
        Ok(Self {
            spec: Spec {
                input,
                layers: Vec::new(),
            },
            width,
            last: Tensor::INPUT,
        })
    }

    /// `channels` times the width multiplier, to the nearest multiple of 4, at least 4.
    ///
    /// Kernels take four channels at once; Howard et al., *MobileNets*, 2017, round for the same reason.
    pub fn scaled(&self, channels: u16) -> u16 {
        let quads = libm::roundf(f32::from(channels) * self.width / 4.0);
        (quads as u16).max(1) * 4
    }

    /// Appends a layer that reads the last tensor.
    pub fn push(&mut self, op: Op, activation: Activation) -> &mut Self {
        // A preset has fewer than MAX_LAYERS layers.
        let _ = self.spec.layers.push(Layer {
            input: self.last,
            op,
            activation,
        });
        self.last = Tensor(self.spec.layers.len() as u8);
        self
    }

    /// Convolution, batch normalisation, activation; `channels` before the width multiplier.
    pub fn conv(&mut self, channels: u16, kernel: Kernel, activation: Activation) -> &mut Self {
        let channels = self.scaled(channels);
        self.push(
            Op::Conv2d {
                channels,
                kernel,
                batch_norm: true,
            },
            activation,
        )
    }

    /// Dense layer; `channels` before the width multiplier.
    pub fn dense(&mut self, channels: u16, batch_norm: bool, activation: Activation) -> &mut Self {
        let channels = self.scaled(channels);
        self.push(
            Op::Dense {
                channels,
                batch_norm,
            },
            activation,
        )
    }

    /// Average over the whole picture: as a pool where its size can be written, else globally.
    pub fn average(&mut self) -> Result<&mut Self, PresetError> {
        let shape = self.spec.output().map_err(PresetError::Spec)?;
        let op = match (u8::try_from(shape.h), u8::try_from(shape.w)) {
            (Ok(h), Ok(w)) => Op::AvgPool {
                kernel: Kernel::new([h, w], [h, w], Padding::Valid),
            },
            _ => Op::GlobalAvgPool,
        };
        Ok(self.push(op, Activation::None))
    }

    /// Appends the classifier, if any, and checks the whole.
    pub fn finish(&mut self, classes: Option<u16>) -> Result<Spec, PresetError> {
        if let Some(channels) = classes {
            self.push(
                Op::Dense {
                    channels,
                    batch_norm: false,
                },
                Activation::None,
            );
        }
        self.spec.shapes().map_err(PresetError::Spec)?;
        Ok(self.spec.clone())
    }
}

impl From<SpecError> for PresetError {
    fn from(error: SpecError) -> Self {
        Self::Spec(error)
    }
}
