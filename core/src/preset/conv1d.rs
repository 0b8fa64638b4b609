//! Three strided convolutions over time, for motion and other series.

use super::{PresetError, build::Build};
use crate::shape::Shape;
use crate::spec::{Activation, Kernel, Op, Padding, Spec};

/// Channels of each convolution; all have [`TAPS`] taps and stride 2.
const STACK: [u16; 3] = [32, 64, 64];
const TAPS: u8 = 5;
/// Values between statistics and embedding.
const HIDDEN: u16 = 128;
const EMBEDDING: u16 = 64;

/// Convolutions to 32, 64 and 64 channels over `input` (`1 x T x C`), mean and deviation over time, and two
/// dense layers; the embedding has `64 * width` values.
///
/// The dense layers are what other recipes throw away as a projector: at a few labels a class, the space in
/// which the objective compares windows is the better embedding.
pub fn conv1d(input: Shape, width: f32, classes: Option<u16>) -> Result<Spec, PresetError> {
    let mut b = Build::new(input, width)?;
    for channels in STACK {
        b.conv(
            channels,
            Kernel::sequence(TAPS, 2, Padding::Same),
            Activation::Relu,
        );
    }
    b.push(Op::GlobalStatPool, Activation::None);
    b.dense(HIDDEN, true, Activation::Relu);
    b.dense(EMBEDDING, false, Activation::None);
    b.finish(classes)
}
