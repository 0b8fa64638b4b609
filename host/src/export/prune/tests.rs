use super::*;
use crate::export::samples::{self, Random, trained, windows};
use crate::export::{About, FoldedEncoder, Method, calibrate, int8, int8_image, quantize};
use mote_core::image::ModelImage;
use mote_core::preset::Preset;
use mote_core::spec::Layer;
use proptest::prelude::*;

fn about(spec: &Spec) -> About {
    About::plain("test", u32::from(spec.input.w), usize::from(spec.input.c))
}

fn quantized(spec: &Spec, seed: u64) -> QuantizedEncoder {
    let folded = FoldedEncoder::fold(&trained(spec, seed)).unwrap();
    let ranges = calibrate(&folded, &windows(spec, 4, seed), Method::MinMax).unwrap();
    quantize(&folded, &ranges).unwrap()
}

/// The weights of one output channel.
fn own<'a>(layer: &Layer, numbers: &'a mut QuantizedLayer, channel: usize) -> Vec<&'a mut i8> {
    let channels = numbers.bias.len();
    let filter = numbers.weights.len() / channels;
    let (first, step) = match layer.op {
        Op::DepthwiseConv2d { .. } => (channel, channels),
        _ => (channel * filter, 1),
    };
    let weights = numbers.weights.iter_mut().skip(first).step_by(step);
    weights.take(filter).collect()
}

/// Kills about every third channel in one of four ways; gives how many.
fn damage(encoder: &mut QuantizedEncoder, random: &mut Random) -> usize {
    let shapes = encoder.spec.shapes().unwrap();
    let mut killed = 0;
    for (layer, numbers) in encoder.spec.layers.iter().zip(&mut encoder.layers) {
        for channel in 0..numbers.bias.len() {
            let how = random.below(12);
            killed += usize::from(how < 4);
            match how {
                // Constant, at the zero point or elsewhere.
                0 | 1 => {
                    own(layer, numbers, channel)
                        .into_iter()
                        .for_each(|w| *w = 0);
                    numbers.bias[channel] = [0, 3000, -3000][random.below(3) as usize];
                }
                // Always clamped.
                2 => {
                    numbers.bias[channel] = if random.below(2) == 0 {
                        1 << 28
                    } else {
                        -(1 << 28)
                    }
                }
                // An input channel that is not read here.
                3 if !matches!(layer.op, Op::DepthwiseConv2d { .. }) => {
                    let channels = usize::from(shapes[usize::from(layer.input.0)].c);
                    let from = random.below(channels as u64) as usize;
                    let unread = numbers.weights.iter_mut().skip(from).step_by(channels);
                    unread.for_each(|w| *w = 0);
                }
                _ => {}
            }
        }
    }
    killed
}

/// Embeddings of random windows, among them the most extreme.
fn embeddings(encoder: &QuantizedEncoder, seed: u64) -> (Vec<Vec<i8>>, usize) {
    let bytes = int8_image(&about(&encoder.spec), encoder).unwrap();
    let image = ModelImage::parse(&bytes).unwrap();
    let mut scratch = vec![0; image.scratch_len()];
    let mut random = Random::new(seed);
    let windows = (0..6).map(|window| {
        let value = |_| match window {
            0 => i8::MIN,
            1 => i8::MAX,
            _ => random.next() as i8,
        };
        let input: Vec<i8> = (0..image.input_shape().len()).map(value).collect();
        image.embed(&input, &mut scratch).unwrap().to_vec()
    });
    (windows.collect(), bytes.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Any list of layers with any dead channels: the same bits, never a larger image, and pruning again finds nothing.
    #[test]
    fn pruning_changes_no_bit(seed: u64) {
        let mut random = Random::new(seed);
        let mut whole = quantized(&samples::spec(seed), seed);
        damage(&mut whole, &mut random);
        let pruned = prune(whole.clone()).unwrap();
        let ((before, len), (after, less)) = (embeddings(&whole, seed), embeddings(&pruned, seed));
        prop_assert_eq!(before, after, "{:?} became {:?}", whole.spec, pruned.spec);
        prop_assert!(less <= len);
        prop_assert_eq!(&prune(pruned.clone()).unwrap(), &pruned);
    }

    /// No value leaves its interval, at any layer.
    #[test]
    fn values_stay_within_their_reach(seed: u64) {
        let mut whole = quantized(&samples::spec(seed), seed);
        damage(&mut whole, &mut Random::new(seed));
        let reaches = reaches(&whole).unwrap();
        let bytes = int8_image(&about(&whole.spec), &whole).unwrap();
        let image = ModelImage::parse(&bytes).unwrap();
        let mut scratch = vec![0; image.scratch_len()];
        let mut random = Random::new(seed);
        image.input_mut(&mut scratch).unwrap().fill_with(|| random.next() as i8);
        for layer in image.layers() {
            image.run_layer(layer.index, &mut scratch).unwrap();
            let reaches = &reaches[layer.index + 1];
            for (value, reach) in scratch[layer.output.range()].iter().zip(reaches.iter().cycle()) {
                prop_assert!((reach.least..=reach.most).contains(value), "layer {}: {value} in {reach:?}", layer.index);
            }
        }
    }
}

/// Random damage leaves much to prune: the properties above are not empty.
#[test]
fn much_of_what_was_killed_is_left_out() {
    let (mut killed, mut gone) = (0, 0);
    for seed in 0..200 {
        let mut whole = quantized(&samples::spec(seed), seed);
        killed += damage(&mut whole, &mut Random::new(seed));
        gone += channels_left_out(&whole.spec, &prune(whole.clone()).unwrap().spec).unwrap();
    }
    assert!(gone * 4 > killed && killed > 500, "{gone} of {killed}");
}

/// Encoders of real shapes whose training has killed channels, as ReLU does: negative whatever goes in. The embedding
/// of every window stays the same, and the image shrinks by the flash of what is gone.
#[test]
fn presets_with_dead_channels_shrink_to_the_same_bits() {
    // Layer, channels killed in it; how many go: in resnet8 both summands must be dead, in dscnn a depthwise
    // convolution takes its channel along and what stays is a multiple of four. Bytes of the image before and after.
    type Case = (Preset, &'static [(usize, usize)], usize, [usize; 2]);
    let cases: [Case; 4] = [
        (
            Preset::Conv1d,
            &[(0, 5), (1, 8), (4, 16)],
            4 + 8 + 16,
            [59_920, 51_536],
        ),
        (
            Preset::Resnet8,
            &[(1, 4), (4, 8), (8, 17)],
            4 + 8 + 16,
            [69_973, 53_013],
        ),
        (
            Preset::Dscnn,
            &[(0, 9), (2, 12)],
            2 * (8 + 12),
            [27_072, 24_288],
        ),
        (Preset::Tcn, &[(1, 6), (4, 6)], 12, [37_717, 35_317]),
    ];
    for (preset, killed, gone, sizes) in cases {
        let spec = preset.spec(preset.usual_input(), 1.0, None).unwrap();
        let mut encoder = trained(&spec, 3);
        for &(layer, count) in killed {
            let numbers = &mut encoder.layers[layer];
            let norm = numbers.batch_norm.as_mut().unwrap();
            for channel in 0..count {
                // Every third channel, from the second on.
                let channel = 3 * channel + 1;
                (norm.gamma[channel], norm.beta[channel]) = (0.0, -0.1);
            }
        }
        let data = windows(&spec, 2, 3);
        let folded = FoldedEncoder::fold(&encoder).unwrap();
        let ranges = calibrate(&folded, &data, Method::default()).unwrap();
        let whole = quantize(&folded, &ranges).unwrap();
        let bytes = int8(&encoder, &about(&spec), &data, Method::default()).unwrap();
        let image = ModelImage::parse(&bytes).unwrap();
        let (before, len) = embeddings(&whole, 9);
        let mut scratch = vec![0; image.scratch_len()];
        let mut random = Random::new(9);
        for (window, expected) in before.iter().enumerate().skip(2) {
            let input: Vec<i8> = (0..image.input_shape().len())
                .map(|_| random.next() as i8)
                .collect();
            let embedding = image.embed(&input, &mut scratch).unwrap();
            assert_eq!(embedding, expected, "{} window {window}", preset.name());
        }
        assert_eq!(
            channels_left_out(&spec, &image.spec()).unwrap(),
            gone,
            "{}",
            preset.name()
        );
        assert_eq!([len, bytes.len()], sizes, "{}", preset.name());
    }
}

/// A constant that is no zero point stays beside padding, and goes where there is none.
#[test]
fn constants_beside_padding_stay() {
    let spec = Preset::Dscnn
        .spec(Preset::Dscnn.usual_input(), 0.25, None)
        .unwrap();
    let mut encoder = quantized(&spec, 5);
    let mut left_out = |layer: usize, bias: i32| {
        for channel in 0..4 {
            let numbers = &mut encoder.layers[layer];
            own(&spec.layers[layer], numbers, channel)
                .into_iter()
                .for_each(|w| *w = 0);
            encoder.layers[layer].bias[channel] = bias;
        }
        let pruned = prune(encoder.clone()).unwrap();
        assert_eq!(embeddings(&pruned, 1).0, embeddings(&encoder, 1).0);
        channels_left_out(&spec, &pruned.spec).unwrap()
    };
    // Before a padded depthwise convolution: its border would see the zero point.
    assert_eq!(left_out(0, 20_000), 0);
    // ReLU's zero is the zero point, so the depthwise convolution is constant too.
    assert_eq!(left_out(0, -20_000), 8);
    // Before a convolution of 1 x 1 any constant folds, and takes what feeds it along.
    assert_eq!(left_out(3, 20_000), 16);
}
