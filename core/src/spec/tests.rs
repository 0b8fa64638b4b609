use super::*;
use proptest::prelude::*;
use std::string::ToString;

fn kernel(size: u8, stride: u8, dilation: u8, padding: Padding) -> Kernel {
    Kernel {
        size: [1, size],
        stride: [1, stride],
        dilation: [1, dilation],
        padding,
    }
}

/// Sizes as TFLite's documentation defines SAME and VALID; pads worked out by hand.
#[test]
fn kernels_resolve_to_known_sizes() {
    let cases = [
        // input, kernel, output, left
        (49, kernel(10, 2, 1, Padding::Same), 25, 4),
        (10, kernel(4, 2, 1, Padding::Same), 5, 1),
        (32, kernel(3, 2, 1, Padding::Same), 16, 0),
        (7, kernel(1, 2, 1, Padding::Same), 4, 0),
        (128, kernel(5, 2, 1, Padding::Valid), 62, 0),
        (5, kernel(5, 1, 1, Padding::Valid), 1, 0),
        (10, kernel(3, 1, 4, Padding::Causal), 10, 8),
        (10, kernel(3, 3, 2, Padding::Causal), 4, 4),
        (4, kernel(3, 1, 1, Padding::Explicit([0, 0, 2, 1])), 5, 2),
    ];
    for (input, k, output, left) in cases {
        assert_eq!(
            k.resolve(1, input),
            Ok(([1, output], [0, left])),
            "{k:?} over {input}"
        );
    }
}

#[test]
fn a_bad_layer_is_named_with_its_numbers() {
    let input = Shape::sequence(16, 6);
    let error = |layers: &[Layer]| {
        let spec = Spec {
            input,
            layers: Vec::from_slice(layers).unwrap(),
        };
        spec.shapes().unwrap_err().to_string()
    };
    let layer = |input, op| Layer {
        input: Tensor(input),
        op,
        activation: Activation::None,
    };
    let conv = |k| Op::Conv2d {
        channels: 8,
        kernel: k,
        batch_norm: false,
    };
    let good = layer(0, conv(kernel(5, 2, 1, Padding::Same)));
    assert_eq!(error(&[]), "the encoder has no layers");
    assert_eq!(
        error(&[good, layer(0, conv(kernel(5, 1, 4, Padding::Valid)))]),
        "layer 1: the kernel covers 17 columns, but the padded input has 16"
    );
    assert_eq!(
        error(&[good, layer(3, Op::GlobalAvgPool)]),
        "layer 1: reads tensor 3, but only tensors 0 to 1 exist before it"
    );
    assert_eq!(
        error(&[good, layer(1, Op::Add { other: Tensor(0) })]),
        "layer 1: cannot join 1 x 8 x 8 with 1 x 16 x 6"
    );
    assert!(
        error(&[layer(0, conv(kernel(3, 0, 1, Padding::Same)))]).contains("found 0 for columns")
    );
    assert!(
        error(&[layer(0, conv(kernel(255, 1, 9, Padding::Causal)))])
            .contains("2286 columns of padding")
    );
    assert!(
        error(&[
            good,
            layer(
                1,
                Op::Embedding {
                    vocabulary: 4,
                    channels: 2
                }
            )
        ])
        .contains("tensor 1")
    );
    assert!(
        error(&[layer(
            0,
            Op::MaxPool {
                kernel: kernel(2, 2, 1, Padding::Explicit([0, 0, 2, 0]))
            }
        )])
        .contains("columns")
    );
}

proptest! {
    /// Whatever the numbers are, inference answers; and an answer covers the input that TFLite would.
    #[test]
    fn resolving_never_panics(h: u16, w: u16, size: [u8; 2], stride: [u8; 2], dilation: [u8; 2], pad: [u8; 4], which in 0..4) {
        let padding = [Padding::Same, Padding::Valid, Padding::Causal, Padding::Explicit(pad)][which as usize];
        let k = Kernel { size, stride, dilation, padding };
        if let Ok((output, before)) = k.resolve(h, w) {
            if padding == Padding::Same {
                prop_assert_eq!(u32::from(output[1]), u32::from(w).div_ceil(u32::from(stride[1])));
            }
            prop_assert!(u32::from(before[1]) <= u32::from(size[1].max(pad[2])) * u32::from(dilation[1]));
        }
    }
}
