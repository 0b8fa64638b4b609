//! Images packed for the DSP instructions compute the bits of the plain ones: tables of shapes on each side of every
//! bound, and random layers. Runs the twin here; the boards run the instructions on the same images.

#[path = "budgets/cases.rs"]
#[allow(dead_code, reason = "shared with the budgets")]
mod cases;

use cases::{Random, about, chain, made_up};
use host::export::{QuantizedEncoder, int8_image_for};
use mote_core::image::{ModelImage, Target};
use mote_core::quant::Multiplier;
use mote_core::scratch::Scratch;
use mote_core::shape::Shape;
use mote_core::spec::{Activation, Kernel, Op, Padding, Spec};

/// An image's bytes at a multiple of 16.
fn aligned(bytes: &[u8]) -> Vec<u128> {
    let (chunks, rest) = bytes.as_chunks::<16>();
    let mut words: Vec<u128> = chunks.iter().map(|&c| u128::from_ne_bytes(c)).collect();
    let mut last = [0; 16];
    last[..rest.len()].copy_from_slice(rest);
    words.push(u128::from_ne_bytes(last));
    words
}

/// Runs an encoder both ways on random windows; gives how many layers were packed.
fn compare(encoder: &QuantizedEncoder, what: &str) -> usize {
    let write = |target| int8_image_for(&about(what, &encoder.spec), encoder, target).unwrap();
    let words = [Target::Portable, Target::Dsp].map(|target| aligned(&write(target)));
    let [plain, packed] =
        [&words[0], &words[1]].map(|words| ModelImage::parse(bytemuck::cast_slice(words)).unwrap());
    let mut random = Random(7);
    let mut scratch = Box::new(Scratch::<{ 1 << 18 }>::new());
    for _ in 0..2 {
        let input: Vec<i8> = (0..encoder.spec.input.len())
            .map(|_| random.next() as i8)
            .collect();
        let expected = plain.embed(&input, (*scratch).as_mut()).unwrap().to_vec();
        let found = packed.embed(&input, (*scratch).as_mut()).unwrap();
        assert_eq!(found, expected, "{what}: {:?}", encoder.spec);
    }
    packed.layers().filter(|layer| layer.work.is_some()).count()
}

fn kernel(random: &mut Random) -> Kernel {
    let mut pick = |low: u64, high: u64| (low + random.next() % (high - low + 1)) as u8;
    let size = [pick(1, 4), pick(1, 5)];
    let stride = [pick(1, 3), pick(1, 3)];
    let dilation = [pick(1, 2), pick(1, 3)];
    let padding = match pick(0, 3) {
        0 => Padding::Same,
        1 => Padding::Valid,
        _ => Padding::Explicit([pick(0, 2), pick(0, 2), pick(0, 2), pick(0, 2)]),
    };
    Kernel {
        size,
        stride,
        dilation,
        padding,
    }
}

fn layer(input: Shape, op: Op, random: &mut Random) -> Option<Spec> {
    let activation = [Activation::None, Activation::Relu][(random.next() % 2) as usize];
    let spec = chain(input, &[(op, activation)]);
    spec.shapes().is_ok().then_some(spec)
}

/// Shapes with single rows and columns, odd channels, any padding, stride and dilation.
#[test]
fn random_convolutions_compute_the_same() {
    let mut random = Random(3);
    let mut packed = 0;
    for seed in 0..3000 {
        let rows = [1, 1 + random.next() % 9][(random.next() % 2) as usize];
        let input = Shape::new(
            rows as u16,
            (1 + random.next() % 14) as u16,
            (1 + random.next() % 9) as u16,
        );
        let op = Op::Conv2d {
            channels: (1 + random.next() % 9) as u16,
            kernel: kernel(&mut random),
            batch_norm: false,
        };
        if let Some(spec) = layer(input, op, &mut random) {
            packed += compare(&made_up(&spec, seed), "convolution");
        }
    }
    assert!(packed > 1000, "only {packed} were packed");
}

/// Every small size of input and every padding.
#[test]
fn depthwise_convolutions_compute_the_same() {
    let mut random = Random(5);
    let mut packed = 0;
    for h in 1..8 {
        for w in 1..8 {
            for pad in 0..10 {
                let mut side = || (random.next() % 3) as u8;
                let padding = match pad {
                    0 => Padding::Same,
                    1 => Padding::Valid,
                    _ => Padding::Explicit([side(), side(), side(), side()]),
                };
                let op = Op::DepthwiseConv2d {
                    kernel: Kernel::new([3, 3], [1, 1], padding),
                    batch_norm: false,
                };
                if let Some(spec) = layer(Shape::new(h, w, 4 * (1 + h % 3)), op, &mut random) {
                    packed += compare(&made_up(&spec, u64::from(h * 8 + w)), "depthwise");
                }
            }
        }
    }
    assert!(packed > 300, "only {packed} were packed");
}

#[test]
fn dense_layers_compute_the_same() {
    let mut random = Random(9);
    for inputs in 1..40 {
        for channels in [1, 2, 3, 7, 8, 9, 15, 16, 17] {
            let op = Op::Dense {
                channels,
                batch_norm: false,
            };
            let spec = layer(Shape::vector(inputs), op, &mut random).unwrap();
            assert_eq!(compare(&made_up(&spec, u64::from(channels)), "dense"), 1);
        }
    }
}

/// One dense layer of two channels, whose numbers `change` sets.
fn bounded(change: impl Fn(&mut QuantizedEncoder)) -> usize {
    let op = Op::Dense {
        channels: 2,
        batch_norm: false,
    };
    let mut encoder = made_up(&chain(Shape::vector(8), &[(op, Activation::None)]), 1);
    change(&mut encoder);
    compare(&encoder, "bound")
}

/// Each bound of `pack`, from both sides: inside packed, outside plain, and the same bits either way.
#[test]
fn layers_outside_the_bounds_stay_plain() {
    let weight = |w: i8, at: usize| bounded(|e| e.layers[0].weights[at] = w);
    assert_eq!(
        (weight(-127, 0), weight(-128, 0), weight(-128, 8)),
        (1, 0, 1)
    );
    let shift = |shift: i8| {
        bounded(|e| {
            e.layers[0].ratios[1] = Multiplier {
                multiplier: 1 << 30,
                shift,
            };
        })
    };
    assert_eq!((shift(-1), shift(0), shift(1)), (1, 0, 0));
    assert_eq!((shift(-23), shift(-24), shift(-31)), (1, 1, 1));
    // Eight weights of 0: the sum is the bias.
    let bias = |channel: usize, bias: i32| {
        bounded(|e| {
            e.layers[0].weights[8 * channel..][..8].fill(0);
            e.layers[0].bias[channel] = bias;
        })
    };
    for channel in [0, 1] {
        let (inside, outside) = ((1 << 23) - 1, 1 << 23);
        assert_eq!((bias(channel, inside), bias(channel, -inside)), (1, 1));
        assert_eq!((bias(channel, outside), bias(channel, -outside)), (0, 0));
    }
}

/// Packed bytes that do not lie at a multiple of 4 are refused, in words.
#[test]
fn unaligned_images_are_refused() {
    let op = Op::Dense {
        channels: 2,
        batch_norm: false,
    };
    let encoder = made_up(&chain(Shape::vector(8), &[(op, Activation::None)]), 1);
    let bytes = int8_image_for(&about("x", &encoder.spec), &encoder, Target::Dsp).unwrap();
    let mut shifted = vec![0_u128; bytes.len() / 16 + 2];
    let room: &mut [u8] = bytemuck::cast_slice_mut(&mut shifted);
    room[1..=bytes.len()].copy_from_slice(&bytes);
    let image = ModelImage::parse(&room[1..]).unwrap();
    let error = image
        .embed(&[0; 8], Scratch::<256>::new().as_mut())
        .unwrap_err();
    assert!(error.to_string().contains("multiples of 4"), "{error}");
}
