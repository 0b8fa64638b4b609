//! DS-CNN for spectrograms (Zhang et al., *Hello Edge*, 2017), as MLPerf Tiny defines it.

use super::{PresetError, build::Build};
use crate::shape::Shape;
use crate::spec::{Activation, Kernel, Op, Padding, Spec};

/// A 10 x 4 convolution and four depthwise separable ones over `input` (49 frames of 10 MFCCs, one channel);
/// the embedding has `64 * width` values.
pub fn dscnn(input: Shape, width: f32, classes: Option<u16>) -> Result<Spec, PresetError> {
    let mut b = Build::new(input, width)?;
    b.conv(
        64,
        Kernel::new([10, 4], [2, 2], Padding::Same),
        Activation::Relu,
    );
    for _ in 0..4 {
        let kernel = Kernel::new([3, 3], [1, 1], Padding::Same);
        b.push(
            Op::DepthwiseConv2d {
                kernel,
                batch_norm: true,
            },
            Activation::Relu,
        );
        b.conv(
            64,
            Kernel::new([1, 1], [1, 1], Padding::Same),
            Activation::Relu,
        );
    }
    b.average()?.finish(classes)
}
