use super::samples::{self, trained, windows};
use super::*;
use mote_core::image::{Format, ModelImage};
use mote_core::preset::{Preset, tcn};
use mote_core::shape::Shape;
use mote_core::spec::Spec;
use proptest::prelude::*;

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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Any list of layers with any numbers: both images stay near the f32 encoder.
    #[test]
    fn random_encoders_run_as_images(seed: u64) {
        let spec = samples::spec(seed);
        let (int8, f16) = errors(&spec, seed, 6);
        prop_assert!(int8 < 0.15, "int8 error {} of {:?}", int8, spec);
        prop_assert!(f16 < 5e-3, "f16 error {} of {:?}", f16, spec);
    }
}
