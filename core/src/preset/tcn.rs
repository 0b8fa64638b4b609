//! A temporal convolutional network: dilated, causal, residual (Bai et al., *An Empirical Evaluation of Generic
//! Convolutional and Recurrent Networks for Sequence Modeling*, 2018), with batch normalisation in place of weight normalisation.

use super::{PresetError, build::Build};
use crate::shape::Shape;
use crate::spec::{Activation, Kernel, Op, Padding, Spec};

/// One residual block each; with two 3-tap convolutions a block the last step sees 125 steps back.
const DILATIONS: [u8; 5] = [1, 2, 4, 8, 16];
const CHANNELS: u16 = 32;
/// Fewer steps than this are for the blocks; more, as raw sound has, are brought below it first.
const MANY: u16 = 500;
/// Taps and stride of a convolution that does so.
const DOWN: [u8; 2] = [8, 4];

/// Five residual blocks of 32 channels over `input` (`1 x T x C`), then 64 channels and their mean over time;
/// the embedding has `64 * width` values.
///
/// With `vocabulary` the input is symbols (`C` is 1) and each is looked up first. Of 500 and more steps of numbers causal
/// convolutions with stride 4 leave a quarter each, until fewer than 500 are left: a second of sound at 8 or 16 kHz
/// becomes 125 or 250 steps, each of which sees it all (after the strided stem of wav2vec, Schneider et al., 2019).
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
        None => {
            let mut steps = input.w;
            while steps >= MANY {
                let down = Kernel::sequence(DOWN[0], DOWN[1], Padding::Causal);
                b.conv(CHANNELS, down, Activation::Relu);
                steps = steps.div_ceil(DOWN[1].into());
            }
            b.conv(CHANNELS, kernel(3), Activation::Relu)
        }
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
