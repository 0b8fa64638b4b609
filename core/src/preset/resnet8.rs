//! ResNet-8 for small pictures, as MLPerf Tiny defines it (Banbury et al., *MLPerf Tiny Benchmark*, 2021).

use super::{PresetError, build::Build};
use crate::shape::Shape;
use crate::spec::{Activation, Kernel, Op, Padding, Spec};

/// Three residual stacks of 16, 32 and 64 channels over `input` (32 x 32 x 3 for CIFAR-10); the embedding has `64 * width` values.
pub fn resnet8(input: Shape, width: f32, classes: Option<u16>) -> Result<Spec, PresetError> {
    let kernel = |size, stride| Kernel::new([size; 2], [stride; 2], Padding::Same);
    let mut b = Build::new(input, width)?;
    b.conv(16, kernel(3, 1), Activation::Relu);
    for (channels, stride) in [(16, 1), (32, 2), (64, 2)] {
        let start = b.last;
        b.conv(channels, kernel(3, stride), Activation::Relu);
        b.conv(channels, kernel(3, 1), Activation::None);
        let body = b.last;
        let mut skip = start;
        if stride > 1 {
            // The shortcut is a bare convolution: no batch normalisation.
            let channels = b.scaled(channels);
            b.last = start;
            b.push(
                Op::Conv2d {
                    channels,
                    kernel: kernel(1, stride),
                    batch_norm: false,
                },
                Activation::None,
            );
            skip = b.last;
        }
        b.last = body;
        b.push(Op::Add { other: skip }, Activation::Relu);
    }
    b.average()?.finish(classes)
}
