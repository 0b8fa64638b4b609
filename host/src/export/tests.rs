use super::samples::{self, trained, windows};
use super::*;
use crate::train::trained::TrainedEncoder;
use mote_core::image::{Format, ModelImage};
use mote_core::preset::{Preset, tcn};
use mote_core::shape::Shape;
use mote_core::spec::{Activation, Layer, Op, Spec, Tensor};

fn about(spec: &Spec) -> About {
    About::plain("test", u32::from(spec.input.w), usize::from(spec.input.c))
}

/// Root mean square of `a - b` over that of `b`, or over 0.25 where `b` nearly vanishes: activations are of size 1.
fn relative_error(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let size = |x: &mut dyn ExactSizeIterator<Item = f32>| {
        let len = x.len() as f64;
        (x.map(|x| f64::from(x).powi(2)).sum::<f64>() / len).sqrt()
    };
    let error = size(&mut a.iter().zip(b).map(|(a, b)| a - b));
    error / size(&mut b.iter().copied()).max(0.25)
}

/// Errors of the int8 and the f16 image of `spec` with random numbers against f32.
fn errors(spec: &Spec, seed: u64, count: usize) -> (f64, f64) {
    let encoder = trained(spec, seed);
    let data = windows(spec, count, seed ^ 1);
    let truth = FoldedEncoder::fold(&encoder).unwrap().embed(&data).unwrap();
    let measure = |bytes: &[u8]| {
        let image = ModelImage::parse(bytes).unwrap();
        relative_error(&embed(&image, &data).unwrap(), &truth)
    };
    let int8 = int8(&encoder, &about(spec), &data, Method::MinMax).unwrap();
    (
        measure(&int8),
        measure(&f16(&encoder, &about(spec)).unwrap()),
    )
}

/// The trainer applies batch norm behind the product, this exporter inside it.
#[test]
fn folding_changes_nothing() {
    for seed in 0..60 {
        let spec = samples::spec(seed);
        let mut encoder = trained(&spec, seed);
        for layer in &mut encoder.layers {
            if let Some(norm) = &mut layer.batch_norm {
                // The trainer has no bias under batch norm, and one epsilon.
                layer.bias.fill(0.0);
                norm.epsilon = 1e-5;
            }
        }
        let data = windows(&spec, 4, seed);
        let folded = FoldedEncoder::fold(&encoder).unwrap().embed(&data).unwrap();
        let error = relative_error(&folded, &encoder.embed(&data));
        assert!(error < 1e-4, "seed {seed}: {error} for {spec:?}");
    }
}

/// Bias and epsilon as other trainers have them, by the definition of batch norm.
#[test]
fn folding_takes_in_bias_and_epsilon() {
    let op = Op::Dense {
        channels: 4,
        batch_norm: true,
    };
    let layer = Layer {
        input: Tensor::INPUT,
        op,
        activation: Activation::None,
    };
    let spec = Spec {
        input: Shape::vector(3),
        layers: [layer].into_iter().collect(),
    };
    let encoder = trained(&spec, 9);
    let x = windows(&spec, 1, 9);
    let (layer, norm) = (
        &encoder.layers[0],
        encoder.layers[0].batch_norm.as_ref().unwrap(),
    );
    assert!(norm.epsilon > 0.0 && layer.bias.iter().all(|&b| b != 0.0));
    let expected = |o: usize| {
        let product: f32 = layer.weights[3 * o..][..3]
            .iter()
            .zip(&x)
            .map(|(w, x)| w * x)
            .sum();
        let centred = product + layer.bias[o] - norm.mean[o];
        norm.gamma[o] * centred / (norm.variance[o] + norm.epsilon).sqrt() + norm.beta[o]
    };
    let folded = FoldedEncoder::fold(&encoder).unwrap().embed(&x).unwrap();
    for (o, value) in folded.into_iter().enumerate() {
        assert!(
            (value - expected(o)).abs() < 1e-5,
            "{value} against {}",
            expected(o)
        );
    }
}

#[test]
fn an_encoder_that_does_not_fit_its_spec_is_refused_by_name() {
    let spec = Preset::Conv1d
        .spec(Shape::sequence(32, 3), 0.25, None)
        .unwrap();
    let good = trained(&spec, 3);
    let refused = |change: fn(&mut TrainedEncoder)| {
        let mut encoder = good.clone();
        change(&mut encoder);
        FoldedEncoder::fold(&encoder).unwrap_err().to_string()
    };
    let cases = [
        (
            refused(|e| e.layers.truncate(5)),
            "has 6 layers, but 5 were trained",
        ),
        (
            refused(|e| e.layers[1].weights.truncate(639)),
            "layer 1: its weights must have 640 values, but has 639",
        ),
        (
            refused(|e| e.layers[4].weights[2] = f32::NAN),
            "layer 4: value 2 of its weights is NaN",
        ),
        (
            refused(|e| e.layers[0].batch_norm = None),
            "layer 0: the spec says batch_norm = true",
        ),
        (
            refused(|e| e.layers[0].batch_norm.as_mut().unwrap().variance[1] = -1.0),
            "layer 0: value 15 of its folded weights is NaN",
        ),
    ];
    for (message, expected) in cases {
        assert!(
            message.contains(expected),
            "{message:?} should say {expected:?}"
        );
    }
}

#[test]
fn bad_windows_and_descriptions_are_refused_with_numbers() {
    let spec = Preset::Conv1d
        .spec(Shape::sequence(32, 3), 0.25, None)
        .unwrap();
    let (encoder, about) = (trained(&spec, 3), about(&spec));
    let export = |about: &About, windows: &[f32]| {
        int8(&encoder, about, windows, Method::Mse)
            .unwrap_err()
            .to_string()
    };
    assert!(export(&about, &[]).contains("whole windows of 96 values, but 0 values"));
    assert!(export(&about, &[0.0; 100]).contains("whole windows of 96 values, but 100 values"));
    let mut gap = vec![0.5; 96];
    gap[7] = f32::INFINITY;
    assert!(export(&about, &gap).contains("tensor 0 holds inf"));
    let changed = |change: fn(&mut About)| {
        let mut about = about.clone();
        change(&mut about);
        export(&about, &windows(&spec, 2, 1))
    };
    assert!(
        changed(|a| a.channels = vec!["x".into()])
            .contains("reads 3 channels, but 1 channel names")
    );
    assert!(changed(|a| a.mean.truncate(2)).contains("reads 3 channels, but 2 means"));
    assert!(changed(|a| a.deviation[2] = 0.0).contains("channel 2 has mean 0 and deviation 0"));
    assert!(changed(|a| a.rate_hz = -1.0).contains("-1 Hz"));
    assert!(changed(|a| a.name = "n".repeat(256)).contains("longer than 255"));
}

/// Ends of ranges that would break a naive quantizer.
#[test]
fn extreme_numbers_still_make_an_image() {
    let spec = Preset::Conv1d
        .spec(Shape::sequence(32, 3), 0.25, None)
        .unwrap();
    let data = windows(&spec, 4, 2);
    let changes: [fn(&mut TrainedEncoder); 4] = [
        |e| e.layers[0].weights.fill(0.0), // no products, only bias
        |e| e.layers[5].bias.fill(1e4),    // a bias far above the sums
        |e| e.layers[1].weights.iter_mut().for_each(|w| *w *= 1e-6), // a channel that is all but dead
        |e| {
            e.layers
                .iter_mut()
                .for_each(|l| l.weights.iter_mut().for_each(|w| *w *= 8.0))
        },
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut encoder = trained(&spec, 3);
        change(&mut encoder);
        let truth = FoldedEncoder::fold(&encoder).unwrap().embed(&data).unwrap();
        let bytes = int8(&encoder, &about(&spec), &data, Method::MinMax).unwrap();
        let values = embed(&ModelImage::parse(&bytes).unwrap(), &data).unwrap();
        let error = relative_error(&values, &truth);
        assert!(error < 0.05, "change {index}: {error}");
    }
}

#[test]
fn the_image_does_not_depend_on_the_number_of_threads() {
    let spec = Preset::Conv1d
        .spec(Shape::sequence(64, 6), 0.5, None)
        .unwrap();
    let (encoder, data) = (trained(&spec, 5), windows(&spec, 40, 5));
    let export = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| int8(&encoder, &about(&spec), &data, Method::Mse).unwrap())
    };
    assert_eq!(export(1), export(3));
}

/// Flash and scratch of the presets in bytes; a change here is a change of what fits on a board.
#[test]
fn presets_keep_their_flash_and_scratch() {
    let found = Preset::ALL.map(|preset| {
        let spec = preset.spec(preset.usual_input(), 1.0, None).unwrap();
        let data = windows(&spec, 1, 1);
        let bytes = int8(&trained(&spec, 1), &about(&spec), &data, Method::default()).unwrap();
        let image = ModelImage::parse(&bytes).unwrap();
        (preset.name(), image.len(), image.scratch_len())
    });
    let expected = [
        ("conv1d", 59_920, 2368),
        ("resnet8", 69_973, 33_328),
        ("dscnn", 27_072, 10_560),
        ("tcn", 37_717, 17_472),
    ];
    assert_eq!(found, expected);
}

/// No plan can need less than the largest layer with all it reads and writes.
#[test]
fn plans_stay_near_the_least_possible() {
    let (mut total, mut least) = (0, 0);
    for seed in 0..300 {
        let spec = samples::spec(seed);
        let shapes = spec.shapes().unwrap();
        let plan = plan(&spec, Format::F16, &[]).unwrap();
        let floor = spec.layers.iter().enumerate().map(|(index, layer)| {
            let mut tensors = vec![usize::from(layer.input.0)];
            tensors.extend(layer.op.other().map(|t| usize::from(t.0)));
            tensors.dedup();
            let inputs: usize = tensors.iter().map(|&t| shapes[t].len()).sum();
            let output = shapes[index + 1].len();
            match (plan.in_place[index], plan.over[index]) {
                (true, _) => inputs,
                (_, true) => inputs.max(output),
                _ => inputs + output,
            }
        });
        let floor = floor.max().unwrap();
        assert!(plan.len >= floor);
        (total, least) = (total + plan.len, least + floor);
    }
    assert!(
        total as f64 <= 1.1 * least as f64,
        "{total} against {least}"
    );
}

#[test]
fn presets_run_as_images() {
    let mut specs: Vec<_> = Preset::ALL
        .iter()
        .map(|preset| {
            (
                preset.name(),
                preset.spec(preset.usual_input(), 1.0, None).unwrap(),
            )
        })
        .collect();
    specs.push((
        "tcn, symbols",
        tcn(Shape::sequence(64, 1), Some(96), 1.0, None).unwrap(),
    ));
    for (name, spec) in specs {
        let (int8, f16) = errors(&spec, 7, 8);
        println!("{name}: int8 {int8:.4}, f16 {f16:.6}");
        assert!(int8 < 0.05, "{name}: int8 error {int8}");
        assert!(f16 < 2e-3, "{name}: f16 error {f16}");
    }
}

/// Lists of layers with random numbers: both images stay near the f32 encoder. Small tensors of random weights
/// cancel now and then, and then int8 has little left to be near to; so few may be further away, none far.
#[test]
fn random_encoders_run_as_images() {
    let mut int8s: Vec<f64> = (0..400)
        .map(|seed| {
            let spec = samples::spec(seed);
            let (int8, f16) = errors(&spec, seed, 6);
            assert!(f16 < 5e-3, "seed {seed}: f16 error {f16} of {spec:?}");
            assert!(int8 < 0.1, "seed {seed}: int8 error {int8} of {spec:?}");
            int8
        })
        .collect();
    int8s.sort_by(f64::total_cmp);
    let (median, high) = (int8s[200], int8s[396]);
    println!(
        "int8 error: median {median:.4}, one in a hundred {high:.4}, most {:.4}",
        int8s[399]
    );
    assert!(median < 0.01, "median {median}");
    assert!(high < 0.05, "one in a hundred {high}");
}
