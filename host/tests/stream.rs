//! A stream through a causal encoder against whole windows: the same bits.

use host::export::{About, FoldedEncoder, Method, calibrate, int8_image, quantize};
use host::train::Network;
use host::train::trained::TrainedEncoder;
use mote_core::image::ModelImage;
use mote_core::kernel::Output;
use mote_core::kernel::i8::GlobalAvgPool;
use mote_core::preset::{conv1d, tcn};
use mote_core::shape::Shape;
use mote_core::spec::{Activation, Layer, Op, Tensor};
use mote_core::stream::{Stream, StreamError};

/// Steps in a window.
const T: u16 = 24;
const SYMBOLS: u16 = 9;

/// The same numbers in the same integers, over windows of `length`: symbols, or two channels of a series.
fn image(length: u16, symbols: bool) -> Vec<u8> {
    let channels = if symbols { 1 } else { 2 };
    let spec = |length| {
        tcn(
            Shape::sequence(length, channels),
            symbols.then_some(SYMBOLS),
            0.25,
            None,
        )
    };
    let mut trained = Network::new(&spec(T).unwrap(), 3).unwrap().trained();
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
    let windows: Vec<f32> = samples(T as usize * 8, channels, symbols)
        .iter()
        .map(|&q| real(q, symbols))
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
fn samples(steps: usize, channels: u16, symbols: bool) -> Vec<i8> {
    let mut state = 7_u32;
    (0..steps * usize::from(channels))
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let draw = state >> 16;
            if symbols {
                (draw % u32::from(SYMBOLS)) as i8 - 127 - 1
            } else {
                draw as i8
            }
        })
        .collect()
}

fn real(q: i8, symbols: bool) -> f32 {
    if symbols {
        f32::from(q) + 128.0
    } else {
        f32::from(q) / 64.0
    }
}

fn check(symbols: bool) {
    let (steps, t) = (3 * usize::from(T), usize::from(T));
    let (short, long) = (image(T, symbols), image(3 * T, symbols));
    let (short, long) = (
        ModelImage::parse(&short).unwrap(),
        ModelImage::parse(&long).unwrap(),
    );
    let channels = usize::from(short.input_shape().c);
    let stream_of = samples(steps, channels as u16, symbols);

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
            mean.run(
                &features[(step + 1 - t) * width..(step + 1) * width],
                &mut expected,
            );
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
    check(true);
}

#[test]
fn samples_one_by_one_give_the_bits_of_the_whole() {
    check(false);
}

#[test]
fn what_cannot_take_a_stream_is_refused_with_numbers() {
    let bytes = image(T, true);
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
