//! ResNet-8 for small pictures, as MLPerf Tiny defines it (Banbury et al., *MLPerf Tiny Benchmark*, 2021).

use super::{PresetError, build::Build};
use crate::shape::Shape;
use crate::spec::{Activation, Kernel, Op, Padding, Spec};

/// Three residual stacks of 16, 32 and 64 channels over `input` (32 x 32 x 3 for CIFAR-10), and with `classes` the average
/// of each channel in front of the classifier: the network of MLPerf Tiny.
///
/// Without, the embedding is the mean and the deviation of each of the last channels, `128 * width` values: a linear
/// classifier tells clothes 2.5 points better apart by these than by 64 means alone. To be no larger for it, the
/// second stack has 24 channels then, which cost nothing there.
pub fn resnet8(input: Shape, width: f32, classes: Option<u16>) -> Result<Spec, PresetError> {
    let kernel = |size, stride| Kernel::new([size; 2], [stride; 2], Padding::Same);
    let mut b = Build::new(input, width)?;
    b.conv(16, kernel(3, 1), Activation::Relu);
    let second = if classes.is_some() { 32 } else { 24 };
    for (channels, stride) in [(16, 1), (second, 2), (64, 2)] {
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
    match classes {
        Some(_) => b.average()?,
        None => b.push(Op::GlobalStatPool, Activation::None),
    };
    b.finish(classes)
}
