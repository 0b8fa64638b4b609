//! Three convolutions over time, for motion and other series.

use super::{PresetError, build::Build};
use crate::shape::Shape;
use crate::spec::{Activation, Kernel, Op, Padding, Spec};

/// Channels and stride of each convolution; all have [`TAPS`] taps.
const STACK: [(u16, u8); 3] = [(32, 2), (64, 2), (64, 1)];
const TAPS: u8 = 5;

/// Convolutions to 32, 64 and 64 channels over `input` (`1 x T x C`), then the mean over time; the embedding has `64 * width` values.
pub fn conv1d(input: Shape, width: f32, classes: Option<u16>) -> Result<Spec, PresetError> {
    let mut b = Build::new(input, width)?;
    for (channels, stride) in STACK {
        b.conv(
            channels,
            Kernel::sequence(TAPS, stride, Padding::Same),
            Activation::Relu,
        );
    }
    b.push(Op::GlobalAvgPool, Activation::None);
    b.finish(classes)
}
