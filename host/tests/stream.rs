//! A stream through a causal encoder against whole windows: the same bits.

use host::export::{About, FoldedEncoder, Method, calibrate, int8_image, quantize};
use host::train::Network;
use host::train::trained::TrainedEncoder;
use mote_core::image::ModelImage;
use mote_core::kernel::Output;
use mote_core::kernel::i8::GlobalAvgPool;
use mote_core::preset::{conv1d, tcn};
use mote_core::shape::Shape;
use mote_core::spec::{Activation, Kernel, Layer, Op, Padding, Spec, Tensor};
use mote_core::stream::{Stream, StreamError};

/// Steps in a window.
const T: u16 = 24;
const SYMBOLS: u16 = 9;

/// What streams.
#[derive(Clone, Copy, PartialEq)]
enum Case {
    /// Symbols through `tcn`.
    Symbols,
    /// Two channels of a series through `tcn`.
    Series,
    /// The same through strides of 2 and 5, so that a step is made of every tenth sample.
    Strided,
}

impl Case {
    fn channels(self) -> u16 {
        if self == Self::Symbols { 1 } else { 2 }
    }

    /// Samples for each step that is averaged.
    fn every(self) -> usize {
        if self == Self::Strided { 10 } else { 1 }
    }

    /// Causal layers over windows of `length`.
    fn spec(self, length: u16) -> Spec {
        let input = Shape::sequence(length, self.channels());
        let vocabulary = (self == Self::Symbols).then_some(SYMBOLS);
        let mut spec = tcn(input, vocabulary, 0.25, None).unwrap();
        if self == Self::Strided {
            let first = Layer {
                input: Tensor::INPUT,
                op: Op::Conv2d {
                    channels: 4,
                    kernel: Kernel::sequence(3, 2, Padding::Causal),
                    batch_norm: false,
                },
                activation: Activation::Relu,
            };
            let layers = std::mem::take(&mut spec.layers);
            spec.layers.push(first).unwrap();
            for mut layer in layers {
                layer.input.0 += 1;
                if let Op::Add { other } = &mut layer.op {
                    other.0 += 1;
                }
                spec.layers.push(layer).unwrap();
            }
            if let Op::Conv2d { kernel, .. } = &mut spec.layers[1].op {
                kernel.stride = [1, 5];
            }
        }
        spec
    }
}

/// The same numbers in the same integers, over windows of `length`.
fn image(length: u16, case: Case) -> Vec<u8> {
    let channels = case.channels();
    let mut trained = Network::new(&case.spec(T), 3).unwrap().trained();
    // Whitening ends an encoder in a dense layer.
    let dense = Op::Dense {
        channels: 5,
        batch_norm: false,
    };
    let input = Tensor(trained.spec.layers.len() as u8);
    let layer = Layer {
        input,
        op: dense,
        activation: Activation::None,
    };
    trained.spec.layers.push(layer).unwrap();
    let weights = (0..5 * 16).map(|i| (i * 37 % 19) as f32 / 9.0 - 1.0);
    trained.layers.push(host::train::trained::TrainedLayer {
        weights: weights.collect(),
        bias: vec![0.1; 5],
        batch_norm: None,
    });
    let windows: Vec<f32> = samples(T as usize * 8, case)
        .iter()
        .map(|&q| real(q, case))
        .collect();
    let ranges = calibrate(
        &FoldedEncoder::fold(&trained).unwrap(),
        &windows,
        Method::MinMax,
    )
    .unwrap();
    let longer = TrainedEncoder {
        spec: {
            let mut longer = trained.spec.clone();
            longer.input = Shape::sequence(length, channels);
            longer
        },
        layers: trained.layers,
    };
    let quantized = quantize(&FoldedEncoder::fold(&longer).unwrap(), &ranges).unwrap();
    let about = About::plain("stream", length.into(), channels.into());
    int8_image(&about, &quantized).unwrap()
}

/// Numbers that look random.
fn samples(steps: usize, case: Case) -> Vec<i8> {
    let mut state = 7_u32;
    (0..steps * usize::from(case.channels()))
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let draw = state >> 16;
            if case == Case::Symbols {
                (draw % u32::from(SYMBOLS)) as i8 - 127 - 1
            } else {
                draw as i8
            }
        })
        .collect()
}

fn real(q: i8, case: Case) -> f32 {
    if case == Case::Symbols {
        f32::from(q) + 128.0
    } else {
        f32::from(q) / 64.0
    }
}

fn check(case: Case) {
    let (steps, t) = (3 * usize::from(T), usize::from(T));
    let (short, long) = (image(T, case), image(3 * T, case));
    let (short, long) = (
        ModelImage::parse(&short).unwrap(),
        ModelImage::parse(&long).unwrap(),
    );
    let channels = usize::from(short.input_shape().c);
    let stream_of = samples(steps, case);

    // The features of every step, by the layers as they run over the whole stream.
    let pool = long
        .layers()
        .position(|l| l.layer.op == Op::GlobalAvgPool)
        .unwrap();
    let mut scratch = vec![0; long.scratch_len()];
    long.input_mut(&mut scratch)
        .unwrap()
        .copy_from_slice(&stream_of);
    (0..pool).for_each(|index| long.run_layer(index, &mut scratch).unwrap());
    let features = scratch[long.layer(pool).unwrap().input.range()].to_vec();
    let averaged = short.layer(pool).unwrap();
    let width = usize::from(averaged.input.shape.c);
    let mean = GlobalAvgPool {
        input: averaged.input.shape,
        input_zero_point: averaged.input.quant.zero_point,
        multiplier: averaged.ratio(0),
        output: Output::new(averaged.output.quant, Activation::None),
    };

    let mut state = vec![99; Stream::state_len(&short).unwrap()];
    let mut stream = Stream::new(short, &mut state).unwrap();
    for round in 0..2 {
        for (step, sample) in stream_of.chunks(channels).enumerate() {
            assert_eq!(stream.embedding().is_some(), step >= t, "round {round}");
            stream.push(sample).unwrap();
            if step + 1 < t {
                continue;
            }
            let found = stream.embedding().unwrap().to_vec();
            let mut scratch = vec![0; short.scratch_len()];
            if step + 1 == t {
                let window = &stream_of[..t * channels];
                assert_eq!(
                    short.embed(window, &mut scratch).unwrap(),
                    found,
                    "the first window"
                );
            }
            let mut expected = vec![0; width];
            let made = step / case.every() + 1;
            let first = made - usize::from(averaged.input.shape.w);
            mean.run(&features[first * width..made * width], &mut expected);
            scratch[averaged.output.range()].copy_from_slice(&expected);
            short.run_layer(pool + 1, &mut scratch).unwrap();
            assert_eq!(
                scratch[short.layer(pool + 1).unwrap().output.range()],
                found,
                "step {step}"
            );
        }
        stream.reset();
    }
}

#[test]
fn symbols_one_by_one_give_the_bits_of_the_whole() {
    check(Case::Symbols);
}

#[test]
fn samples_one_by_one_give_the_bits_of_the_whole() {
    check(Case::Series);
}

#[test]
fn strides_make_steps_when_they_are_due() {
    check(Case::Strided);
}

#[test]
fn raw_sound_is_brought_to_few_steps_and_streams() {
    let spec = tcn(Shape::sequence(8000, 1), None, 0.25, None).unwrap();
    let encoder = Network::new(&spec, 1).unwrap().trained();
    let second: Vec<f32> = (0..8000).map(|i| (i as f32 * 0.3).sin()).collect();
    let about = About::plain("sound", 8000, 1);
    let bytes = host::export::int8(&encoder, &about, &second, Method::MinMax).unwrap();
    let image = ModelImage::parse(&bytes).unwrap();
    let pool = image.layers().find(|l| l.layer.op == Op::GlobalAvgPool);
    assert_eq!(pool.unwrap().input.shape.w, 125);
    let mut window = Vec::new();
    let quant = image.input_quant();
    window.extend(second.iter().map(|&v| quant.quantize(v)));
    let mut scratch = vec![0; image.scratch_len()];
    let whole = image.embed(&window, &mut scratch).unwrap().to_vec();
    let mut state = vec![0; Stream::state_len(&image).unwrap()];
    let mut stream = Stream::new(image, &mut state).unwrap();
    window.iter().for_each(|&q| stream.push(&[q]).unwrap());
    assert_eq!(stream.embedding().unwrap(), whole);
    assert!(state.len() < 4000, "{}", state.len());
}

#[test]
fn what_cannot_take_a_stream_is_refused_with_numbers() {
    let bytes = image(T, Case::Symbols);
    let image = ModelImage::parse(&bytes).unwrap();
    let need = Stream::state_len(&image).unwrap();
    assert!(need < image.scratch_len() * 4, "{need}");
    let have = need - 1;
    let error = Stream::new(image, &mut vec![0; have]).unwrap_err();
    assert_eq!(error, StreamError::State { need, have });
    let mut state = vec![0; need];
    let mut stream = Stream::new(image, &mut state).unwrap();
    let error = stream.push(&[1, 2]).unwrap_err();
    assert_eq!(error.to_string(), "a sample has 1 values, but 2 were given");

    let spec = conv1d(Shape::sequence(32, 2), 0.5, None).unwrap();
    let encoder = Network::new(&spec, 1).unwrap().trained();
    let windows: Vec<f32> = (0..64 * 4).map(|i| (i % 13) as f32 / 7.0).collect();
    let bytes = host::export::int8(
        &encoder,
        &About::plain("c", 32, 2),
        &windows,
        Method::MinMax,
    )
    .unwrap();
    let image = ModelImage::parse(&bytes).unwrap();
    assert_eq!(
        Stream::state_len(&image),
        Err(StreamError::Layer { layer: 0 })
    );
}
