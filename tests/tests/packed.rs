//! Images packed for the DSP instructions compute the bits of the plain ones: tables of shapes on each side of every
//! bound, and random layers. Runs the twin here; the boards run the instructions on the same images.

#[path = "budgets/cases.rs"]
#[allow(dead_code, reason = "shared with the budgets")]
mod cases;

use cases::{Random, about, chain, kernel, made_up};
use host::export::{QuantizedEncoder, int8_image_for};
use mote_core::crc::crc32;
use mote_core::image::{ImageError, ModelImage, Target};
use mote_core::preset::Preset;
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

/// The same image with every tensor and all working memory in a place of its own.
fn apart(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let u32_at = |bytes: &[u8], at: usize| {
        u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize
    };
    // Sections lie in the order of their kinds: tensors are the third, layers the fourth.
    let section = |bytes: &[u8], kind: usize| {
        let entry = 32 + 12 * (kind - 1);
        (u32_at(bytes, entry + 4), u32_at(bytes, entry + 8))
    };
    let mut free = 0;
    let (tensors, len) = section(&bytes, 3);
    for record in (tensors..tensors + len).step_by(16) {
        let extent = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        let values = extent(record) * extent(record + 2) * extent(record + 4);
        bytes[record + 12..record + 16].copy_from_slice(&(free as u32).to_le_bytes());
        free = (free + values).next_multiple_of(16);
    }
    let (layers, len) = section(&bytes, 4);
    for record in (layers..layers + len).step_by(32) {
        bytes[record + 11] = 0;
        if bytes[record + 28] != 0 {
            bytes[record + 30..record + 32].copy_from_slice(&((free / 16) as u16).to_le_bytes());
        }
    }
    let crc = crc32(&bytes[8..]);
    bytes[4..8].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// Runs an encoder three ways on random windows: plain with every tensor in a place of its own, plain as planned, and
/// packed. Gives how many layers were packed, and how many wrote over their input, plain and packed.
fn compare(encoder: &QuantizedEncoder, what: &str) -> [usize; 3] {
    let write = |target| int8_image_for(&about(what, &encoder.spec), encoder, target).unwrap();
    let (plain, packed) = (write(Target::Portable), write(Target::Dsp));
    let words = [apart(&plain), plain, apart(&packed), packed].map(|bytes| aligned(&bytes));
    let images = words
        .each_ref()
        .map(|words| ModelImage::parse(bytemuck::cast_slice(words)).unwrap());
    let mut random = Random(7);
    let mut scratch = Box::new(Scratch::<{ 1 << 18 }>::new());
    for _ in 0..2 {
        let input: Vec<i8> = (0..encoder.spec.input.len())
            .map(|_| random.next() as i8)
            .collect();
        let results =
            images.map(|image| image.embed(&input, (*scratch).as_mut()).unwrap().to_vec());
        for result in &results[1..] {
            assert_eq!(*result, results[0], "{what}: {:?}", encoder.spec);
        }
    }
    let over = |image: &ModelImage<'_>| image.layers().filter(|layer| layer.over).count();
    let packed = images[3].layers().filter(|layer| layer.work.is_some());
    [packed.count(), over(&images[1]), over(&images[3])]
}

fn layer(input: Shape, op: Op, random: &mut Random) -> Option<Spec> {
    let activation = [Activation::None, Activation::Relu][(random.next() % 2) as usize];
    let spec = chain(input, &[(op, activation)]);
    spec.shapes().is_ok().then_some(spec)
}

fn add(counts: &mut [usize; 3], more: [usize; 3]) {
    for (count, more) in counts.iter_mut().zip(more) {
        *count += more;
    }
}

/// Shapes with single rows and columns, odd channels, any padding, stride and dilation.
#[test]
fn random_convolutions_compute_the_same() {
    let mut random = Random(3);
    let mut counts = [0; 3];
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
            add(&mut counts, compare(&made_up(&spec, seed), "convolution"));
        }
    }
    assert!(counts.iter().all(|&count| count > 700), "only {counts:?}");
}

/// Three taps side by side, one step apart, over whole groups of four channels for pairs of filters: every small width,
/// any padding and rows.
#[test]
fn convolutions_over_shared_pixels_compute_the_same() {
    let mut random = Random(4);
    let mut counts = [0; 3];
    for w in 1..15 {
        for seed in 0..60 {
            let mut side = |most: u64| (random.next() % most) as u8;
            let padding = match seed % 3 {
                0 => Padding::Same,
                1 => Padding::Valid,
                _ => Padding::Explicit([side(4), side(4), side(4), side(4)]),
            };
            let mut kernel = Kernel::new([1 + side(4), 3], [1 + side(2), 1], padding);
            kernel.dilation = [1 + side(2), 1];
            // Wide ones have fewer rows of outputs in a patch.
            let (fours, wide) = (u16::from(side(4)), u16::from(side(16)));
            let channels = if seed % 8 == 7 { 15 + wide } else { 1 + fours };
            let input = Shape::new(1 + u16::from(side(12)), w, 4 * channels);
            let op = Op::Conv2d {
                channels: 2 + 2 * u16::from(side(5)),
                kernel,
                batch_norm: false,
            };
            if let Some(spec) = layer(input, op, &mut random) {
                let encoder = made_up(&spec, u64::from(w) * 64 + seed);
                let slides = spec.shapes().unwrap()[1].w >= 2;
                let more = compare(&encoder, "shared pixels");
                assert!(!slides || more[0] == 1, "{spec:?} stays plain");
                add(&mut counts, more);
            }
        }
    }
    assert!(counts.iter().all(|&count| count > 300), "only {counts:?}");
}

/// A layer that says that it is packed in another order than its kernel reads is refused.
#[test]
fn words_in_another_order_are_refused() {
    let op = Op::Conv2d {
        channels: 2,
        kernel: Kernel::new([3, 3], [1, 1], Padding::Same),
        batch_norm: false,
    };
    let encoder = made_up(&chain(Shape::new(4, 4, 4), &[(op, Activation::None)]), 1);
    let mut bytes = int8_image_for(&about("x", &encoder.spec), &encoder, Target::Dsp).unwrap();
    // The layers are the fourth section; byte 28 of a record names the order.
    let entry = 32 + 12 * 3 + 4;
    let layers = u32::from_le_bytes(bytes[entry..entry + 4].try_into().unwrap()) as usize;
    assert_eq!(bytes[layers + 28], 3);
    assert!(ModelImage::parse(&bytes).is_ok());
    // 2 was the same order, worked on in less memory.
    for found in [1, 2] {
        bytes[layers + 28] = found;
        let crc = crc32(&bytes[8..]);
        bytes[4..8].copy_from_slice(&crc.to_le_bytes());
        let error = ModelImage::parse(&bytes).unwrap_err();
        let (layer, offset) = (0, 28);
        let expected = ImageError::Code {
            layer,
            offset,
            found,
        };
        assert_eq!(error, expected);
    }
}

/// Bytes of scratch over packed weights; a change here is a change of what fits on a board.
#[test]
fn presets_keep_their_scratch() {
    let scratch = |preset: Preset| {
        let spec = preset.spec(preset.usual_input(), 1.0, None).unwrap();
        let about = about(preset.name(), &spec);
        let bytes = int8_image_for(&about, &made_up(&spec, 1), Target::Dsp).unwrap();
        (
            preset.name(),
            ModelImage::parse(&bytes).unwrap().scratch_len(),
        )
    };
    let expected = [
        ("resnet8", 35_856),
        ("dscnn", 10_336),
        ("conv1d", 5472),
        ("tcn", 18_336),
    ];
    let presets = [Preset::Resnet8, Preset::Dscnn, Preset::Conv1d, Preset::Tcn];
    assert_eq!(presets.map(scratch), expected);
}

/// Every small size of input and every padding.
#[test]
fn depthwise_convolutions_compute_the_same() {
    let mut random = Random(5);
    let mut counts = [0; 3];
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
                    let encoder = made_up(&spec, u64::from(h * 8 + w));
                    add(&mut counts, compare(&encoder, "depthwise"));
                }
            }
        }
    }
    let [packed, plain_over, packed_over] = counts;
    assert!(
        packed > 300 && plain_over > 200 && packed_over > 60,
        "only {counts:?}"
    );
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
            let [packed, ..] = compare(&made_up(&spec, u64::from(channels)), "dense");
            assert_eq!(packed, 1);
        }
    }
}

/// Pools and convolutions in chains, where one writes over the output of the other.
#[test]
fn chains_compute_the_same() {
    let mut random = Random(11);
    let mut counts = [0; 3];
    for seed in 0..4000 {
        let input = Shape::new(
            (1 + random.next() % 9) as u16,
            (1 + random.next() % 9) as u16,
            (1 + random.next() % 40) as u16,
        );
        let ops: Vec<(Op, Activation)> = (0..3)
            .map(|_| {
                let mut kernel = kernel(&mut random);
                let op = match random.next() % 4 {
                    0 => Op::DepthwiseConv2d {
                        kernel,
                        batch_norm: false,
                    },
                    1 => Op::Conv2d {
                        channels: (1 + random.next() % 40) as u16,
                        kernel,
                        batch_norm: false,
                    },
                    which => {
                        kernel.dilation = [1, 1];
                        match which {
                            2 => Op::AvgPool { kernel },
                            _ => Op::MaxPool { kernel },
                        }
                    }
                };
                (op, Activation::Relu)
            })
            .collect();
        let spec = chain(input, &ops);
        if spec.shapes().is_ok() {
            add(&mut counts, compare(&made_up(&spec, seed), "chain"));
        }
    }
    assert!(counts.iter().all(|&count| count > 150), "only {counts:?}");
}

/// One dense layer of two channels, whose numbers `change` sets.
fn bounded(change: impl Fn(&mut QuantizedEncoder)) -> usize {
    let op = Op::Dense {
        channels: 2,
        batch_norm: false,
    };
    let mut encoder = made_up(&chain(Shape::vector(8), &[(op, Activation::None)]), 1);
    change(&mut encoder);
    let [packed, ..] = compare(&encoder, "bound");
    packed
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
