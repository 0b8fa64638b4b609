//! A temporal convolutional network: dilated, causal, residual (Bai et al., *An Empirical Evaluation of Generic
//! Convolutional and Recurrent Networks for Sequence Modeling*, 2018), with batch normalisation in place of weight normalisation.

use super::{PresetError, build::Build};
use crate::shape::Shape;
use crate::spec::{Activation, Kernel, Op, Padding, Spec};

/// One residual block each; with two 3-tap convolutions a block the last step sees 125 steps back.
const DILATIONS: [u8; 5] = [1, 2, 4, 8, 16];
const CHANNELS: u16 = 32;

/// Five residual blocks of 32 channels over `input` (`1 x T x C`), then 64 channels and their mean over time;
/// the embedding has `64 * width` values.
///
/// With `vocabulary` the input is symbols (`C` is 1) and each is looked up first.
pub fn tcn(
    input: Shape,
    vocabulary: Option<u16>,
    width: f32,
    classes: Option<u16>,
) -> Result<Spec, PresetError> {
    let kernel = |taps| Kernel::sequence(taps, 1, Padding::Causal);
    let mut b = Build::new(input, width)?;
    match vocabulary {
        Some(vocabulary) => {
            let channels = b.scaled(CHANNELS);
            b.push(
                Op::Embedding {
                    vocabulary,
                    channels,
                },
                Activation::None,
            )
        }
        None => b.conv(CHANNELS, kernel(3), Activation::Relu),
    };
    for dilation in DILATIONS {
        let start = b.last;
        b.conv(CHANNELS, kernel(3).dilated(dilation), Activation::Relu);
        b.conv(CHANNELS, kernel(3).dilated(dilation), Activation::None);
        b.push(Op::Add { other: start }, Activation::Relu);
    }
    b.conv(2 * CHANNELS, kernel(1), Activation::Relu);
    b.push(Op::GlobalAvgPool, Activation::None);
    b.finish(classes)
}
